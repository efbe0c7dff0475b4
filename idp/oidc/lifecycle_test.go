package oidc_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"surety/assurance"
	"surety/idp/client"
)

func TestRefresh_ReuseEndsTheFamily(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, nil)
	first := a.tokens(b)
	second := a.refresh(first.text("refresh_token"))
	second.want(http.StatusOK, "")
	w.advance(11 * time.Second)
	third := a.refresh(second.text("refresh_token"))
	third.want(http.StatusOK, "")
	// The first was used long ago: whoever shows it now, somebody is a thief.
	a.refresh(first.text("refresh_token")).want(http.StatusBadRequest, "invalid_grant")
	a.refresh(third.text("refresh_token")).want(http.StatusBadRequest, "invalid_grant")
	if a.active(third.text("access_token")) || a.active(first.text("access_token")) {
		t.Error("access tokens of the family are still good")
	}
	if n := w.count(`SELECT count(*) FROM audit_event WHERE type = 'grant.revoked' AND attrs ->> 'reason' = 'refresh_reuse'`); n != 1 {
		t.Errorf("%d audit events", n)
	}
}

func TestRefresh_SameSuccessorWithinGrace(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, nil)
	first := a.tokens(b).text("refresh_token")
	var mu sync.Mutex
	successors := map[string]int{}
	var group sync.WaitGroup
	for range 8 { // a client that retries all at once
		group.Go(func() {
			r := a.refresh(first)
			r.want(http.StatusOK, "")
			mu.Lock()
			defer mu.Unlock()
			successors[r.text("refresh_token")]++
		})
	}
	group.Wait()
	w.advance(10 * time.Second) // the last moment
	last := a.refresh(first)
	last.want(http.StatusOK, "")
	successors[last.text("refresh_token")]++
	if len(successors) != 1 {
		t.Errorf("%d different successors", len(successors))
	}
	if n := w.count(`SELECT count(*) FROM refresh_token`); n != 2 {
		t.Errorf("%d refresh tokens stored, want 2", n)
	}
	// Another client gets nothing by it, and harms nothing.
	w.agency(nil).refresh(first).want(http.StatusBadRequest, "invalid_grant")
	a.refresh(last.text("refresh_token")).want(http.StatusOK, "")
}

func TestRefresh_NeedsClientAuthentication(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, nil)
	refresh := a.tokens(b).text("refresh_token")
	form := refreshForm(refresh)
	form.Set("client_id", string(a.ID))
	w.call(t.Context(), "/token", form, nil).want(http.StatusUnauthorized, "invalid_client")
	w.call(t.Context(), "/token", refreshForm(refresh), nil).want(http.StatusUnauthorized, "invalid_client")
	a.refresh(refresh).want(http.StatusOK, "")
	a.refresh("x").want(http.StatusBadRequest, "invalid_grant")
	a.post("/token", url.Values{"grant_type": {"refresh_token"}}).want(http.StatusBadRequest, "invalid_request")
}

// TestGrant_EndsWith ends, one at a time, each thing that a grant rests on.
func TestGrant_EndsWith(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		scope    string
		end      func(w *world, a *agency, b *browser)
		survives bool
	}{
		"logout":              {"openid", func(_ *world, _ *agency, b *browser) { b.logOut() }, false},
		"logout, but offline": {"openid offline_access", func(_ *world, _ *agency, b *browser) { b.logOut() }, true},
		"idle session":        {"openid", func(w *world, _ *agency, _ *browser) { w.advance(31 * time.Minute) }, false},
		"idle, but offline":   {"openid offline_access", func(w *world, _ *agency, _ *browser) { w.advance(24 * time.Hour) }, true},
		"logout everywhere": {"openid offline_access", func(w *world, _ *agency, _ *browser) {
			w.exec(`UPDATE account SET tokens_valid_from = $1`, w.advance(time.Second))
		}, false},
		"account frozen":    {"openid offline_access", func(w *world, _ *agency, _ *browser) { w.exec(`UPDATE account SET state = 'frozen'`) }, false},
		"consent withdrawn": {"openid offline_access", func(w *world, _ *agency, _ *browser) { w.exec(`UPDATE consent SET withdrawn_at = $1`, w.civil.Now()) }, false},
		"consent expired":   {"openid offline_access", func(w *world, _ *agency, _ *browser) { w.exec(`UPDATE consent SET expires_at = $1`, w.civil.Now()) }, false},
		"nothing":           {"openid", func(*world, *agency, *browser) {}, true},
		"consent superseded": {"openid", func(w *world, a *agency, b *browser) {
			w.civil.Advance(time.Hour)
			w.agree(accountOf(b), a, "openid", "email")
		}, true},
		"later one withdrawn": {"openid offline_access", func(w *world, a *agency, b *browser) {
			w.civil.Advance(time.Hour)
			w.agree(accountOf(b), a, "openid", "email")
			w.exec(`UPDATE consent SET withdrawn_at = $1 WHERE superseded_by IS NULL`, w.civil.Advance(time.Hour))
			w.civil.Advance(time.Hour)
			w.agree(accountOf(b), a, "openid") // agreeing anew brings nothing back
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, a, b := setup(t, nil)
			r := a.tokens(b, "scope", c.scope)
			code := b.code(a.request("scope", c.scope))
			c.end(w, a, b)
			access, refreshed, exchanged := a.active(r.text("access_token")), a.refresh(r.text("refresh_token")), a.exchange(code)
			if name == "idle session" || name == "idle, but offline" {
				access, exchanged = c.survives, refreshed // both have ended by themselves long ago
			}
			if access != c.survives {
				t.Errorf("access token active: %t", access)
			}
			if info := w.userInfo(r.text("access_token")); !strings.Contains(name, "idle") && (info.status == http.StatusOK) != c.survives {
				t.Errorf("UserInfo: %d %v", info.status, info.body)
			}
			for what, got := range map[string]reply{"refresh": refreshed, "code": exchanged} {
				if c.survives {
					got.want(http.StatusOK, "")
				} else if got.status != http.StatusBadRequest || got.text("error") != "invalid_grant" {
					t.Errorf("%s: %d %v", what, got.status, got.body)
				}
			}
		})
	}
}

func TestRefresh_DecidesTheLevelAnew(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, nil)
	p := accountOf(b)
	w.confirm(p)
	opaque := w.agency(func(m *client.Metadata) { m.AccessTokenFormat = client.TokenOpaque })
	w.agree(p, opaque, "openid", "profile")
	acrOf := func(r reply) any {
		r.want(http.StatusOK, "")
		_, at := payload(t, r.text("access_token"))
		return at["acr"]
	}
	wish := a.tokens(b, "acr_values", acrSubstantial)
	demand := a.tokens(b, "claims", `{"id_token":{"acr":{"essential":true,"values":["`+acrSubstantial+`"]}}}`)
	seen := opaque.tokens(b)
	if got := acrOf(wish); got != acrSubstantial {
		t.Fatalf("acr %v", got)
	}
	before := opaque.post("/introspect", tokenForm(seen.text("access_token")))
	// The proofing is taken back.
	w.exec(`UPDATE proofing SET revoked_at = $1`, w.civil.Now())
	w.exec(`UPDATE account SET stage = 'simplified'`)
	wish = a.refresh(wish.text("refresh_token"))
	_, id := payload(t, wish.text("id_token"))
	if got := acrOf(wish); got != acrBasic || id["acr"] != acrBasic {
		t.Errorf("acr %v and %v after the proofing was taken back", got, id["acr"])
	}
	a.refresh(demand.text("refresh_token")).want(http.StatusBadRequest, "invalid_grant")
	seen = opaque.refresh(seen.text("refresh_token"))
	after := opaque.post("/introspect", tokenForm(seen.text("access_token")))
	if before.text("acr") != acrSubstantial || after.text("acr") != acrBasic {
		t.Errorf("introspection said %v, then %v", before.text("acr"), after.text("acr"))
	}
	// It is not over for good: with the proof comes the level.
	w.confirm(p)
	if got := acrOf(a.refresh(wish.text("refresh_token"))); got != acrSubstantial {
		t.Errorf("acr %v after a new proof", got)
	}
	a.refresh(demand.text("refresh_token")).want(http.StatusOK, "")
	// A policy that takes the login for nothing ends it.
	w.policy = assurance.Policy{Version: 2, Levels: []assurance.Level{
		{Name: "basic", ACR: acrBasic, Identity: assurance.StageSimplified, Login: []assurance.Alternative{{{Method: assurance.MethodIDCard}}}},
	}}
	a.refresh(wish.text("refresh_token")).want(http.StatusBadRequest, "invalid_grant")
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, nil)
	r := a.tokens(b)
	ok := func(who *agency, token, hint string) {
		t.Helper()
		form := tokenForm(token)
		if hint != "" {
			form.Set("token_type_hint", hint)
		}
		if got := who.post("/revoke", form); got.status != http.StatusOK || len(got.body) != 0 {
			t.Errorf("%d %v", got.status, got.body)
		}
	}
	stranger := w.agency(nil)
	ok(stranger, r.text("access_token"), "")
	ok(stranger, r.text("refresh_token"), "refresh_token")
	ok(a, "unknown", "")
	ok(a, "a.b.c", "access_token")
	if !a.active(r.text("access_token")) || !a.active(r.text("refresh_token")) {
		t.Fatal("somebody else revoked it")
	}
	// An access token ends alone; again is no error.
	ok(a, r.text("access_token"), "refresh_token") // a wrong hint
	ok(a, r.text("access_token"), "")
	if a.active(r.text("access_token")) {
		t.Error("access token is still good")
	}
	next := a.refresh(r.text("refresh_token"))
	next.want(http.StatusOK, "")
	// A refresh token takes everything along.
	ok(a, next.text("refresh_token"), "nonsense")
	if a.active(next.text("access_token")) || a.active(next.text("refresh_token")) {
		t.Error("the grant is still good")
	}
	a.refresh(next.text("refresh_token")).want(http.StatusBadRequest, "invalid_grant")
	a.post("/revoke", url.Values{}).want(http.StatusBadRequest, "invalid_request")
	w.call(t.Context(), "/revoke", tokenForm("x"), nil).want(http.StatusUnauthorized, "invalid_client")

	// Opaque ones, of a person and of the client itself, and a public client.
	opaque := w.agency(func(m *client.Metadata) {
		m.AccessTokenFormat, m.TokenEndpointAuthMethod = client.TokenOpaque, client.AuthNone
	})
	w.agree(accountOf(b), opaque, "openid", "profile")
	at := opaque.tokens(b).text("access_token")
	for _, hint := range []string{"refresh_token", ""} {
		if hint == "" {
			at = opaque.tokens(b).text("access_token")
		}
		ok(a, at, hint)
		if n := w.count(`SELECT count(*) FROM access_token WHERE revoked_at IS NULL`); n != 1 {
			t.Errorf("%d left before", n)
		}
		ok(opaque, at, hint)
		if n := w.count(`SELECT count(*) FROM access_token WHERE revoked_at IS NULL`); n != 0 {
			t.Errorf("%d left after", n)
		}
	}
	own := w.agency(serviceClient)
	ownToken := own.post("/token", ownForm()).text("access_token")
	if !own.active(ownToken) {
		t.Fatal("own token is not active")
	}
	ok(own, ownToken, "")
	if own.active(ownToken) {
		t.Error("own token is still good")
	}
}

func TestClientCredentials(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.agency(func(m *client.Metadata) {
		serviceClient(m)
		m.Resources = []string{"https://api.example/", "https://two.example/"}
	})
	r := own.post("/token", ownForm())
	r.want(http.StatusOK, "")
	head, at := payload(t, r.text("access_token"))
	if head["typ"] != "at+jwt" || at["sub"] != string(own.ID) || at["client_id"] != string(own.ID) || at["aud"] != issuer ||
		at["scope"] != "registry:read registry:write" || at["acr"] != nil || at["auth_time"] != nil || at["sid"] != nil {
		t.Errorf("%v %v", head, at)
	}
	if r.text("refresh_token") != "" || r.text("id_token") != "" {
		t.Errorf("%v", r.body)
	}
	form := ownForm()
	form.Set("scope", "registry:read")
	form["resource"] = []string{"https://two.example/"}
	_, at = payload(t, own.post("/token", form).text("access_token"))
	if at["scope"] != "registry:read" || at["aud"] != "https://two.example/" {
		t.Errorf("%v", at)
	}
	form.Set("scope", "registry:all")
	own.post("/token", form).want(http.StatusBadRequest, "invalid_scope")
	form.Set("scope", "registry:read")
	form.Set("resource", "https://three.example/")
	own.post("/token", form).want(http.StatusBadRequest, "invalid_target")
	// Every token leaves a trace, written by the batch.
	if err := w.batch.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := w.count(`SELECT count(*) FROM audit_event WHERE type = 'token.issued' AND client_id = $1`, string(own.ID)); n != 2 {
		t.Errorf("%d audit events", n)
	}
	opaque := w.agency(func(m *client.Metadata) { serviceClient(m); m.AccessTokenFormat = client.TokenOpaque })
	token := opaque.post("/token", ownForm()).text("access_token")
	if got := opaque.post("/introspect", tokenForm(token)); got.body["active"] != true || got.text("sub") != string(opaque.ID) {
		t.Errorf("%v", got.body)
	}
	w.advance(6 * time.Minute)
	if opaque.active(token) {
		t.Error("good after its end")
	}
}

// TestClientCredentials_NoTraceNoToken stops the audit from being written.
func TestClientCredentials_NoTraceNoToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.agency(serviceClient)
	own.post("/token", ownForm()).want(http.StatusOK, "")
	back := w.Lose(t)
	_ = w.batch.Flush(t.Context())
	w.clock.Advance(5 * time.Second)
	got := own.post("/token", ownForm())
	got.want(http.StatusServiceUnavailable, "temporarily_unavailable")
	back()
}

func TestOpaqueAccessToken(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, func(m *client.Metadata) { m.AccessTokenFormat = client.TokenOpaque })
	r := a.tokens(b)
	got := a.post("/introspect", tokenForm(r.text("access_token")))
	_, id := payload(t, r.text("id_token"))
	for name, want := range map[string]any{
		"active": true, "iss": issuer, "sub": id["sub"], "client_id": string(a.ID), "scope": "openid profile",
		"acr": acrBasic, "sid": id["sid"], "auth_time": id["auth_time"], "token_type": "Bearer", "method": "password",
	} {
		if got.body[name] != want {
			t.Errorf("%s is %v, want %v", name, got.body[name], want)
		}
	}
	if other := w.agency(nil).post("/introspect", tokenForm(r.text("access_token"))); other.body["active"] != false {
		t.Errorf("stranger sees %v", other.body)
	}
	a.exchange(b.code(a.request()), "code", "x").want(http.StatusBadRequest, "invalid_grant")
	b.logOut()
	if a.active(r.text("access_token")) {
		t.Error("good after the logout")
	}
}

func TestIntrospect_TokenOfAClientThatWasSwitchedOff(t *testing.T) {
	t.Parallel()
	resource := func(m *client.Metadata) { m.Resources = []string{"https://api.example/"} }
	w, a, b := setup(t, resource)
	api := w.agency(resource)
	token := a.tokens(b, "resource", "https://api.example/").text("access_token")
	if !api.active(token) {
		t.Fatal("not active before")
	}
	w.exec(`UPDATE client SET disabled_at = $2 WHERE client_id = $1`, string(a.ID), w.advance(6*time.Second))
	if api.active(token) {
		t.Error("still active")
	}
}

func TestTwoSessionsOfOnePersonAreApart(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, nil)
	other := w.browser().logIn(accountOf(b))
	one, two := a.tokens(b), a.tokens(other)
	_, first := payload(t, one.text("id_token"))
	_, second := payload(t, two.text("id_token"))
	if first["sub"] != second["sub"] || first["sid"] == second["sid"] {
		t.Errorf("%v %v", first, second)
	}
	b.logOut()
	if a.active(one.text("access_token")) || !a.active(two.text("access_token")) {
		t.Error("the wrong session ended")
	}
}

func TestCrossOrigin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodOptions, "/token", nil)
	r.Header.Set("Origin", "https://app.example")
	r.Header.Set("Access-Control-Request-Method", "POST")
	rec := httptest.NewRecorder()
	w.mux.ServeHTTP(rec, r)
	h := rec.Header()
	if rec.Code != http.StatusNoContent || h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Access-Control-Allow-Credentials") != "" ||
		!strings.Contains(h.Get("Access-Control-Allow-Headers"), "Authorization") {
		t.Errorf("%d %v", rec.Code, h)
	}
	got := w.call(t.Context(), "/token", url.Values{}, http.Header{"Origin": {"https://app.example"}})
	if got.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("%v", got.header)
	}
}
