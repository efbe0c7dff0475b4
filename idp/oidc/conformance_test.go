package oidc_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"surety/idp"
	"surety/idp/client"
	"surety/idp/keys"
	"surety/idp/oidc/claims"
)

// The tests of this file are rows of the conformance suite's basic profile
// (CONFORMANCE.md, sections 0 and 1), named after its modules.

// checkTokens makes the checks of section 0 on a token response.
func checkTokens(t *testing.T, w *world, a *agency, r reply, nonce string) (id map[string]any) {
	t.Helper()
	r.want(http.StatusOK, "")
	if r.header.Get("Content-Type") != "application/json" || r.header.Get("Cache-Control") != "no-store" {
		t.Errorf("header %v", r.header)
	}
	if r.text("token_type") != "Bearer" || r.body["expires_in"] != 300.0 {
		t.Errorf("token_type %v, expires_in %v", r.body["token_type"], r.body["expires_in"])
	}
	head, _ := payload(t, r.text("id_token"))
	raw, header, err := signingKeys(w).Verify(r.text("id_token"), claims.TypeID)
	if err != nil || header.Algorithm != string(a.IDTokenSignedResponseAlg) || head["kid"] != header.KID {
		t.Fatalf("ID token: %v %v", header, err)
	}
	_, id = payload(t, r.text("id_token"))
	now := float64(w.clock.Now().Unix())
	got, _ := id["nonce"].(string)
	switch {
	case id["iss"] != issuer, id["aud"] != string(a.ID), id["acr"] == "", id["sub"] == "", len(id["sub"].(string)) > 255:
		t.Errorf("ID token %s", raw)
	case id["exp"].(float64) <= now, id["iat"].(float64) != now, id["auth_time"].(float64) > now:
		t.Errorf("times of ID token %s", raw)
	case got != nonce, id["azp"] != nil:
		t.Errorf("nonce or azp of ID token %s", raw)
	case id["at_hash"] != keys.LeftHalf(header.Algorithm, r.text("access_token")):
		t.Errorf("at_hash of ID token %s", raw)
	}
	return id
}

// checkError makes the checks of section 0 on an error redirect.
func checkError(t *testing.T, a *agency, rec *httptest.ResponseRecorder, want, state string) url.Values {
	t.Helper()
	got := answerOf(t, rec)
	if rec.Code != http.StatusSeeOther || !strings.HasPrefix(rec.Header().Get("Location"), a.RedirectURIs[0]) {
		t.Fatalf("%d %s", rec.Code, rec.Header().Get("Location"))
	}
	if got.Get("error") != want || got.Get("state") != state || got.Get("iss") != issuer || got.Has("code") || got.Has("id_token") {
		t.Errorf("want %s: %v", want, got)
	}
	for _, r := range got.Get("error_description") {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			t.Errorf("error_description %q", got.Get("error_description"))
		}
	}
	return got
}

func TestOIDCC_Server(t *testing.T) {
	t.Parallel()
	w, first, b := setup(t, nil)
	second := w.agency(func(m *client.Metadata) { m.RedirectURIs = []string{"https://other.example/cb"} })
	w.agree(accountOf(b), second, "openid", "profile")
	var subjects []any
	for _, a := range []*agency{first, second, first} {
		rec := b.authorize(a.request())
		got := answerOf(t, rec)
		if len(got) != 3 || got.Get("state") != "st&te+1" || got.Get("iss") != issuer || strings.Contains(rec.Header().Get("Location"), "#") {
			t.Fatalf("callback %v", got)
		}
		id := checkTokens(t, w, a, a.exchange(got.Get("code")), "n-0S6_WzA2Mj")
		subjects = append(subjects, id["sub"])
	}
	if subjects[0] != subjects[2] || subjects[0] == subjects[1] {
		t.Errorf("subjects %v", subjects)
	}
}

func TestOIDCC_ResponseTypeMissing(t *testing.T) {
	t.Parallel()
	_, a, b := setup(t, nil)
	checkError(t, a, b.authorize(a.request("response_type", "")), "invalid_request", "st&te+1")
	for _, other := range []string{"token", "id_token", "code token", "code id_token", "none", "CODE"} {
		checkError(t, a, b.authorize(a.request("response_type", other)), "unsupported_response_type", "st&te+1")
	}
}

func TestOIDCC_IDTokenSignature(t *testing.T) {
	t.Parallel()
	w, _, b := setup(t, nil)
	for _, alg := range []client.Algorithm{client.RS256, client.PS256, client.ES256, client.EdDSA} {
		a := w.agency(func(m *client.Metadata) { m.IDTokenSignedResponseAlg = alg })
		w.agree(accountOf(b), a, "openid", "profile")
		checkTokens(t, w, a, a.tokens(b), "n-0S6_WzA2Mj")
	}
}

func TestOIDCC_AlternateHappyFlow(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, nil)
	// scope values, and parameters, in another order; one unknown; harmless ones.
	query := url.Values{"claims_locales": {"be"}, "display": {"popup"}, "extra": {"foobar"}, "ui_locales": {"uk be"}, "login_hint": {"a@b.example"}}
	raw := "scope=profile+openid+unknown&" + query.Encode() + "&" + a.request("scope", "").Encode()
	r := a.exchange(answerOf(t, b.get("/authorize?"+raw)).Get("code"))
	checkTokens(t, w, a, r, "n-0S6_WzA2Mj")
	if r.text("scope") != "profile openid" {
		t.Errorf("scope %q", r.text("scope"))
	}
}

func TestOIDCC_PromptLogin(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, nil)
	before := checkTokens(t, w, a, a.tokens(b), "n-0S6_WzA2Mj")
	w.advance(time.Minute)
	to := b.authorize(a.request("prompt", "login")).Header().Get("Location")
	if !strings.HasPrefix(to, "/sign-in?interaction=") {
		t.Fatalf("went to %s", to)
	}
	id := strings.TrimPrefix(to, "/sign-in?interaction=")
	// Coming back without having done it leads to the page again.
	if again := b.get("/continue?interaction=" + id).Header().Get("Location"); again != to {
		t.Errorf("went to %s", again)
	}
	w.advance(time.Second)
	b.logIn(accountOf(b))
	r := a.exchange(answerOf(t, b.get("/continue?interaction="+id)).Get("code"))
	after := checkTokens(t, w, a, r, "n-0S6_WzA2Mj")
	if after["auth_time"].(float64) <= before["auth_time"].(float64) || after["sub"] != before["sub"] {
		t.Errorf("before %v, after %v", before, after)
	}
}

func TestOIDCC_PromptNone(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, nil)
	checkError(t, a, w.browser().authorize(a.request("prompt", "none")), "login_required", "st&te+1")
	before := checkTokens(t, w, a, a.tokens(b), "n-0S6_WzA2Mj")
	w.advance(time.Minute)
	after := checkTokens(t, w, a, a.tokens(b, "prompt", "none"), "n-0S6_WzA2Mj")
	if after["sub"] != before["sub"] || after["auth_time"] != before["auth_time"] {
		t.Errorf("before %v, after %v", before, after)
	}
	stranger := w.browser().logIn(w.person()) // has agreed to nothing
	checkError(t, a, stranger.authorize(a.request("prompt", "none")), "consent_required", "st&te+1")
	checkError(t, a, b.authorize(a.request("prompt", "none login")), "invalid_request", "st&te+1")
	checkError(t, a, b.authorize(a.request("prompt", "dance")), "invalid_request", "st&te+1")
	if n := w.count(`SELECT count(*) FROM interaction`); n != 0 {
		t.Errorf("%d interactions were opened without a page", n)
	}
}

func TestOIDCC_MaxAge(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, nil)
	before := checkTokens(t, w, a, a.tokens(b), "n-0S6_WzA2Mj")
	w.advance(2 * time.Second)
	same := checkTokens(t, w, a, a.tokens(b, "max_age", "10000"), "n-0S6_WzA2Mj")
	if same["auth_time"] != before["auth_time"] {
		t.Errorf("auth_time %v and %v", before["auth_time"], same["auth_time"])
	}
	to := b.authorize(a.request("max_age", "1")).Header().Get("Location")
	id, ok := strings.CutPrefix(to, "/sign-in?interaction=")
	if !ok {
		t.Fatalf("went to %s", to)
	}
	b.logIn(accountOf(b))
	r := a.exchange(answerOf(t, b.get("/continue?interaction="+id)).Get("code"))
	after := checkTokens(t, w, a, r, "n-0S6_WzA2Mj")
	if after["auth_time"].(float64) <= before["auth_time"].(float64) {
		t.Errorf("auth_time %v and %v", before["auth_time"], after["auth_time"])
	}
	// A client may be registered with an age of its own.
	zero := int64(0)
	strict := w.agency(func(m *client.Metadata) { m.DefaultMaxAge = &zero })
	w.agree(accountOf(b), strict, "openid", "profile")
	w.advance(time.Second)
	checkError(t, strict, b.authorize(strict.request("prompt", "none")), "login_required", "st&te+1")
}

func TestOIDCC_IDTokenHint(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, nil)
	hint := a.tokens(b).text("id_token")
	w.advance(time.Hour - time.Minute - 30*time.Minute + time.Second) // expired by now; the session is not
	b.logIn(accountOf(b))
	a.tokens(b, "prompt", "none", "id_token_hint", hint)
	other := w.person()
	w.agree(other, a, "openid", "profile")
	checkError(t, a, w.browser().logIn(other).authorize(a.request("prompt", "none", "id_token_hint", hint)), "login_required", "st&te+1")

	// Somebody else's, changed, unsigned or not a token at all.
	second := w.agency(nil)
	w.agree(accountOf(b), second, "openid", "profile")
	access := a.tokens(b).text("access_token")
	for _, bad := range []string{second.tokens(b).text("id_token"), hint + "x", "eyJhbGciOiJub25lIn0.e30.", "x", access} {
		checkError(t, a, b.authorize(a.request("id_token_hint", bad)), "invalid_request", "st&te+1")
	}
	// The claims parameter can name the person as well.
	_, id := payload(t, hint)
	a.tokens(b, "prompt", "none", "claims", `{"id_token":{"sub":{"value":"`+id["sub"].(string)+`"}}}`)
	checkError(t, a, b.authorize(a.request("prompt", "none", "claims", `{"id_token":{"sub":{"value":"x"}}}`)), "login_required", "st&te+1")
}

func TestOIDCC_CodeReuse(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, nil)
	for _, pause := range []time.Duration{0, 30 * time.Second} {
		code := b.code(a.request())
		r := a.exchange(code)
		r.want(http.StatusOK, "")
		w.advance(pause)
		if !a.active(r.text("access_token")) {
			t.Fatal("not active before")
		}
		a.exchange(code).want(http.StatusBadRequest, "invalid_grant")
		if a.active(r.text("access_token")) {
			t.Errorf("after %s the access token is still good", pause)
		}
		a.refresh(r.text("refresh_token")).want(http.StatusBadRequest, "invalid_grant")
	}
}

func TestOIDCC_EnsureRegisteredRedirectURI(t *testing.T) {
	t.Parallel()
	w, _, b := setup(t, nil)
	a := w.agency(func(m *client.Metadata) {
		m.RedirectURIs = []string{"https://agency.example/cb?foo=bar", "https://agency.example/two"}
	})
	w.agree(accountOf(b), a, "openid", "profile")
	for _, uri := range []string{
		"", "https://evil.example/cb", "https://agency.example/cb", "https://agency.example/cb?foo=baz", "https://agency.example/cb?foo=bar&x=y",
		"https://agency.example/CB?foo=bar", "https://agency.example.evil/cb?foo=bar", "https://agency.example@evil.example/cb?foo=bar",
		"https://agency.example/cb?foo=bar#x", "https://agency.example/two/", "https://agency.example/two/../two", "//agency.example/two",
		"javascript:alert(1)", "https://agency.example/two%00", " https://agency.example/two",
	} {
		rec := b.authorize(a.request("redirect_uri", uri))
		if rec.Code != http.StatusBadRequest || rec.Header().Get("Location") != "" || w.pages.last().Kind != "client" {
			t.Errorf("%q: %d %s", uri, rec.Code, rec.Header().Get("Location"))
		}
	}
	// The registered query is kept as it is.
	rec := b.authorize(a.request())
	if got := answerOf(t, rec); got.Get("foo") != "bar" || got.Get("code") == "" ||
		!strings.HasPrefix(rec.Header().Get("Location"), "https://agency.example/cb?foo=bar&") {
		t.Errorf("%s", rec.Header().Get("Location"))
	}
	// Unknown and switched off clients: a page, never a redirect.
	for _, id := range []string{"nobody", "", "a\x00b", strings.Repeat("x", 5000)} {
		p := a.request()
		p.Set("client_id", id)
		if rec := b.authorize(p); rec.Code != http.StatusBadRequest || rec.Header().Get("Location") != "" {
			t.Errorf("client %.10q: %d", id, rec.Code)
		}
	}
	w.exec(`UPDATE client SET disabled_at = $2 WHERE client_id = $1`, string(a.ID), w.advance(6*time.Second))
	if rec := b.authorize(a.request()); rec.Header().Get("Location") != "" || w.pages.last().Kind != "agency_off" {
		t.Errorf("disabled: %d %s", rec.Code, w.pages.last().Kind)
	}
	a.post("/token", codeForm(a, "x")).want(http.StatusUnauthorized, "invalid_client")
}

func TestOIDCC_EnsurePostRequestSucceeds(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, nil)
	send := func(from *browser, p url.Values) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/authorize", strings.NewReader(p.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return from.send(r)
	}
	// From another site the browser sends no cookies, and must lose none.
	rec := send(w.browser(), a.request())
	to := rec.Header().Get("Location")
	if rec.Code != http.StatusSeeOther || !strings.HasPrefix(to, "/continue?") || len(rec.Result().Cookies()) != 0 {
		t.Fatalf("%d %s %v", rec.Code, to, rec.Result().Cookies())
	}
	if code := answerOf(t, b.get(to)).Get("code"); code == "" {
		t.Errorf("no code after POST")
	} else {
		checkTokens(t, w, a, a.exchange(code), "n-0S6_WzA2Mj")
	}
	// Whoever comes second with the same address finds it taken.
	if rec := w.browser().get(to); rec.Code != http.StatusForbidden || w.pages.last().Return == "" {
		t.Errorf("second browser: %d", rec.Code)
	}
	// With cookies it is bound to the browser at once.
	b.get("/authorize?" + a.request("prompt", "login").Encode()) // gives the browser its id
	to = send(b, a.request()).Header().Get("Location")
	if strings.Contains(to, "claim") || answerOf(t, b.get(to)).Get("code") == "" {
		t.Errorf("same site: %s", to)
	}
	// Errors are told as they are for GET.
	checkError(t, a, send(w.browser(), a.request("scope", "openid", "response_type", "x")), "unsupported_response_type", "st&te+1")
	checkError(t, a, w.browser().get(send(w.browser(), a.request("prompt", "none")).Header().Get("Location")), "login_required", "st&te+1")
}

func TestOIDCC_ServerClientSecretPost(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, func(m *client.Metadata) { m.TokenEndpointAuthMethod = client.AuthSecretPost })
	checkTokens(t, w, a, a.tokens(b), "n-0S6_WzA2Mj")
}

func TestOIDCC_ClaimsEssential(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, nil)
	a.tokens(b, "scope", "openid", "claims", `{"userinfo":{"name":{"essential":true},"unheard_of":null,"email#be":{"value":1}}}`)
	var stored string
	if err := w.DB.QueryRow(t.Context(), `SELECT claims::text FROM oauth_grant`).Scan(&stored); err != nil || stored != `{"userinfo": ["name"]}` {
		t.Errorf("%s %v", stored, err)
	}
	// What was not agreed to is asked for.
	p := w.person()
	w.agree(p, a, "openid")
	if to := w.browser().logIn(p).authorize(a.request("scope", "openid", "claims", `{"userinfo":{"name":null}}`)).Header().Get("Location"); !strings.HasPrefix(to, "/consent?interaction=") {
		t.Errorf("went to %s", to)
	}
	for _, bad := range []string{"{", "[]", "null", `{"userinfo":1}`, `{"userinfo":{"name":1}}`, `{"userinfo":{},"userinfo":{}}`, `{"id_token":{"acr":{"essential":"yes"}}}`, "{}x"} {
		checkError(t, a, b.authorize(a.request("claims", bad)), "invalid_request", "st&te+1")
	}
}

func TestOIDCC_RefreshToken(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, nil)
	r := a.tokens(b)
	before := checkTokens(t, w, a, r, "n-0S6_WzA2Mj")
	w.advance(time.Minute)
	next := a.refresh(r.text("refresh_token"))
	after := checkTokens(t, w, a, next, "") // no nonce
	if next.text("access_token") == r.text("access_token") || next.text("refresh_token") == r.text("refresh_token") {
		t.Error("the same tokens again")
	}
	for _, claim := range []string{"iss", "sub", "aud", "auth_time", "acr", "sid"} {
		if before[claim] != after[claim] {
			t.Errorf("%s went from %v to %v", claim, before[claim], after[claim])
		}
	}
	other := w.agency(nil)
	other.refresh(next.text("refresh_token")).want(http.StatusBadRequest, "invalid_grant")
	a.refresh(next.text("refresh_token")).want(http.StatusOK, "") // and it broke nothing
	code := b.code(a.request())
	other.exchange(code).want(http.StatusBadRequest, "invalid_grant")
	a.exchange(code).want(http.StatusOK, "")
	// A client that is not registered for refresh tokens gets none.
	plain := w.agency(func(m *client.Metadata) { m.GrantTypes = []client.GrantType{client.GrantAuthorizationCode} })
	w.agree(accountOf(b), plain, "openid", "profile", "offline_access")
	got := plain.tokens(b, "scope", "openid offline_access")
	if got.text("refresh_token") != "" || got.text("scope") != "openid" {
		t.Errorf("%v", got.body)
	}
	plain.refresh("x").want(http.StatusBadRequest, "unauthorized_client")
}

func TestOIDCC_FormPost(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, nil)
	rec := b.authorize(a.request("response_mode", "form_post"))
	f := w.pages.formPost
	if rec.Header().Get("Location") != "" || rec.Header().Get("Cache-Control") != "no-store" ||
		f.Action != a.RedirectURIs[0] || f.Fields.Get("state") != "st&te+1" || f.Fields.Get("iss") != issuer {
		t.Fatalf("%+v", f)
	}
	checkTokens(t, w, a, a.exchange(f.Fields.Get("code")), "n-0S6_WzA2Mj")
	rec = w.browser().authorize(a.request("response_mode", "form_post", "prompt", "none"))
	if f := w.pages.formPost; rec.Header().Get("Location") != "" || f.Fields.Get("error") != "login_required" || f.Fields.Has("code") {
		t.Errorf("%+v", f)
	}
}

func TestOIDCC_LongStateAndNonce(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, nil)
	for _, n := range []int{64, 384, 1000} {
		state, nonce := strings.Repeat("s", n), strings.Repeat("n", n)
		got := answerOf(t, b.authorize(a.request("state", state, "nonce", nonce)))
		if got.Get("state") != state {
			t.Errorf("state of %d came back with %d", n, len(got.Get("state")))
		}
		checkTokens(t, w, a, a.exchange(got.Get("code")), nonce)
	}
	checkError(t, a, b.authorize(a.request("nonce", strings.Repeat("n", 1025))), "invalid_request", "st&te+1")
}

func TestPublicSubjectIsTheSameEverywhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	public := func(m *client.Metadata) { m.SubjectType = client.SubjectPublic }
	a, b := w.agency(public), w.agency(public)
	p := w.person()
	if w.subjects.Subject(a.Client, p) != w.subjects.Subject(b.Client, p) || w.subjects.Subject(a.Client, p) == string(p) {
		t.Error("public subjects differ, or are the account's id")
	}
	session := idp.SessionID(idp.NewID())
	if w.subjects.SID(a.ID, session) == w.subjects.SID(b.ID, session) {
		t.Error("two clients have the same sid")
	}
}
