package oidc_test

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"testing"
	"time"

	"surety/assurance"
	"surety/idp/client"
	"surety/idp/oidc"
	"surety/idp/procedure"
)

// TestDesign4_WhatTheAnswerSays: ID token, access token, token response and
// introspection, signed and opaque, of a person who logged in with two factors.
func TestDesign4_WhatTheAnswerSays(t *testing.T) {
	t.Parallel()
	for _, format := range []client.TokenFormat{client.TokenJWT, client.TokenOpaque} {
		w, a, b := twoFactorWorld(t, func(m *client.Metadata) { m.AccessTokenFormat = format })
		w.publish("one", substantial)
		w.publish("two", assurance.Requirement{})
		login := w.clock.Now().Add(-10 * time.Second).Unix()
		b.alsoBy(otp)
		r := a.tokens(b, "authorization_details", forProcedures("one", "two"), "acr_values", acrBasic+" "+acrHigh)
		if got := granted(r.body["authorization_details"]); !slices.Equal(got, entries("one", "two")) {
			t.Errorf("%s: token response %v", format, got)
		}
		_, id := payload(t, r.text("id_token"))
		want := map[string]any{
			"acr": acrBasic, "auth_time": float64(login), "method": "password+otp", "vot": "P2.Cc.Cd", "vtm": issuer + "/trustmark",
			"amr": []any{"pwd", "otp", "mfa"},
		}
		for name, value := range want {
			if !reflect.DeepEqual(id[name], value) {
				t.Errorf("%s: ID token has %s %v, want %v", format, name, id[name], value)
			}
		}
		said := []map[string]any{a.post("/introspect", tokenForm(r.text("access_token"))).body, a.post("/introspect", tokenForm(r.text("refresh_token"))).body}
		if format == client.TokenJWT {
			_, access := payload(t, r.text("access_token"))
			said = append(said, access)
		}
		for i, s := range said {
			if s["acr"] != acrSubstantial || s["auth_time"] != float64(login) || s["method"] != "password+otp" || !reflect.DeepEqual(s["amr"], want["amr"]) ||
				!slices.Equal(granted(s["authorization_details"]), entries("one", "two")) {
				t.Errorf("%s: answer %d is %v", format, i, s)
			}
		}
	}
}

// When a method is removed its uses leave the grants: what is left may be as
// good, and older. Refresh and introspection then tell the same login.
func TestDesign4_IntrospectionTellsTheLoginThatTheRefreshDecidedBy(t *testing.T) {
	t.Parallel()
	w, a, b := twoFactorWorld(t, func(m *client.Metadata) { m.AccessTokenFormat = client.TokenOpaque })
	r := a.tokens(b)
	earlier := w.clock.Now().Add(-time.Hour).Truncate(time.Second)
	w.exec(`UPDATE oauth_grant SET uses = (SELECT jsonb_agg(u || jsonb_build_object('at', $1::text)) FROM jsonb_array_elements(uses) u)`, earlier.Format(time.RFC3339))
	r = a.refresh(r.text("refresh_token"))
	_, id := payload(t, r.text("id_token"))
	told := a.post("/introspect", tokenForm(r.text("access_token"))).body
	if want := float64(earlier.Unix()); id["auth_time"] != want || told["auth_time"] != want {
		t.Errorf("ID token %v, introspection %v, want %v", id["auth_time"], told["auth_time"], want)
	}
}

func TestDesign4_TheIDTokenStatesTheHighestRequestedValueThatIsCovered(t *testing.T) {
	t.Parallel()
	_, a, b := twoFactorWorld(t, nil)
	b.alsoBy(otp)
	for asked, want := range map[string]string{
		"":                               acrSubstantial,
		acrBasic:                         acrBasic,
		acrBasic + " " + acrSubstantial:  acrSubstantial,
		acrSubstantial + " " + acrBasic:  acrSubstantial,
		acrHigh:                          acrSubstantial,
		acrHigh + " " + acrBasic:         acrBasic,
		"urn:unknown":                    acrSubstantial,
		"urn:unknown " + acrBasic + " x": acrBasic,
	} {
		if id, access := acrs(a.tokens(b, "acr_values", asked)); id != want || access != acrSubstantial {
			t.Errorf("%q: %s %s", asked, id, access)
		}
	}
}

// TestRFC9396_ATokenRequestMayAskForLess, never for more: at the first token
// request and at each refresh, and it says nothing about the next one.
func TestRFC9396_ATokenRequestMayAskForLess(t *testing.T) {
	t.Parallel()
	for _, format := range []client.TokenFormat{client.TokenJWT, client.TokenOpaque} {
		w, a, b := twoFactorWorld(t, func(m *client.Metadata) { m.AccessTokenFormat = format })
		w.publish("one", assurance.Requirement{})
		w.publish("two", assurance.Requirement{})
		w.publish("other", assurance.Requirement{})
		request := a.request("authorization_details", forProcedures("one", "two"))
		r := a.exchange(b.code(request), "authorization_details", forProcedures("two"))
		has := func(r reply, codes ...string) {
			t.Helper()
			r.want(http.StatusOK, "")
			if got := granted(r.body["authorization_details"]); !slices.Equal(got, entries(codes...)) {
				t.Errorf("%s: response %v", format, got)
			}
			token := a.post("/introspect", tokenForm(r.text("access_token"))).body["authorization_details"]
			if got := granted(token); !slices.Equal(got, entries(codes...)) {
				t.Errorf("%s: token %v", format, got)
			}
		}
		has(r, "two")
		r = a.refresh(r.text("refresh_token"))
		has(r, "one", "two")
		// As it was given: with the agency.
		as, _ := json.Marshal(entries("one"))
		r = a.refresh(r.text("refresh_token"), "authorization_details", string(as))
		has(r, "one")
		for name, text := range map[string]string{
			"another": forProcedures("other"), "one more": forProcedures("one", "other"), "twice": forProcedures("one", "one"), "no JSON": "one", "empty": "[]",
			"another agency's": `[{"type":"procedure","code":"one","agency":"registry"}]`,
		} {
			if got := a.refresh(r.text("refresh_token"), "authorization_details", text); got.status != 400 || got.text("error") != oidc.InvalidAuthorizationDetails {
				t.Errorf("%s at refresh: %d %v", name, got.status, got.body)
			}
			if got := a.exchange(b.code(request), "authorization_details", text); got.status != 400 || got.text("error") != oidc.InvalidAuthorizationDetails {
				t.Errorf("%s at the code: %d %v", name, got.status, got.body)
			}
		}
	}
}

func TestRFC9396_WhereNothingWasGrantedNothingIsAskedFor(t *testing.T) {
	t.Parallel()
	w, a, b := twoFactorWorld(t, nil)
	w.publish("one", assurance.Requirement{})
	r := a.exchange(b.code(a.request()), "authorization_details", forProcedures("one"))
	r.want(http.StatusBadRequest, oidc.InvalidAuthorizationDetails)
	own := w.agency(func(m *client.Metadata) { serviceClient(m); ofTax(m) })
	form := ownForm()
	form.Set("authorization_details", forProcedures("one"))
	own.post("/token", form).want(http.StatusBadRequest, oidc.InvalidAuthorizationDetails)
	if got := a.tokens(b); got.body["authorization_details"] != nil {
		t.Errorf("%v", got.body)
	}
}

func TestDesign4_EveryRefreshDecidesAnew(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		happens func(w *world, a *agency, b *browser)
		error   string
	}{
		"nothing": {func(*world, *agency, *browser) {}, ""},
		"the procedure requires more": {func(w *world, _ *agency, _ *browser) {
			w.publish("p", assurance.Requirement{Level: "high"})
		}, oidc.InvalidGrant},
		"the procedure excludes what was used": {func(w *world, _ *agency, _ *browser) {
			w.publish("p", assurance.Requirement{Level: "substantial", ExcludedMethods: []assurance.Method{assurance.MethodOTP}})
		}, oidc.InvalidGrant},
		"the procedure excludes how the identity was proven": {func(w *world, _ *agency, _ *browser) {
			w.publish("p", assurance.Requirement{Level: "substantial", ExcludedProofings: []assurance.ProofingMethod{assurance.ProofingCounter}})
		}, oidc.InvalidGrant},
		"the procedure wants a login of the last minute": {func(w *world, _ *agency, _ *browser) {
			w.publish("p", assurance.Requirement{Level: "substantial", MaxAge: time.Minute})
			w.advance(2 * time.Minute)
		}, oidc.InvalidGrant},
		"the procedure wants a login of the last hour": {func(w *world, _ *agency, _ *browser) {
			w.publish("p", assurance.Requirement{Level: "substantial", MaxAge: time.Hour})
			w.advance(2 * time.Minute)
		}, ""},
		"the procedure requires less": {func(w *world, _ *agency, _ *browser) { w.publish("p", assurance.Requirement{}) }, ""},
		"the procedure is switched off": {func(w *world, _ *agency, _ *browser) {
			w.publish("p", substantial, func(p *procedure.Procedure) { p.Disabled = true })
		}, oidc.InvalidGrant},
		"the procedure has ended": {func(w *world, _ *agency, _ *browser) {
			w.publish("p", substantial, func(p *procedure.Procedure) { p.ValidUntil = w.civil.Now() })
		}, oidc.InvalidGrant},
		"the proofing has ended": {func(w *world, _ *agency, _ *browser) {
			w.exec(`UPDATE proofing SET expires_at = $1`, w.civil.Now())
		}, oidc.InvalidGrant},
		"the procedure wants a document that holds, and it has ended": {func(w *world, _ *agency, _ *browser) {
			w.publish("p", assurance.Requirement{Level: "substantial", Document: assurance.DocumentCurrent})
			w.exec(`UPDATE proofing SET document_until = $1`, w.civil.Now())
		}, oidc.InvalidGrant},
		"the procedure wants a document that holds, and it does": {func(w *world, _ *agency, _ *browser) {
			w.publish("p", assurance.Requirement{Level: "substantial", Document: assurance.DocumentCurrent})
			w.exec(`UPDATE proofing SET document_until = $1`, w.civil.Now().Add(time.Hour))
		}, ""},
		"the account was set back": {func(w *world, _ *agency, _ *browser) { w.exec(`UPDATE account SET stage = 'simplified'`) }, oidc.InvalidGrant},
		"the policy asks for more": {func(w *world, _ *agency, _ *browser) {
			w.policy = twoFactors()
			w.policy.Version, w.policy.Levels[1].Login = 2, []assurance.Alternative{{{Method: assurance.MethodPasskey}}}
		}, oidc.InvalidGrant},
		"nobody can tell what is required": {func(w *world, _ *agency, _ *browser) { w.offered.down.Store(true) }, oidc.TemporarilyUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, a, b := twoFactorWorld(t, nil)
			w.publish("p", substantial)
			b.alsoBy(otp)
			r := a.tokens(b, "authorization_details", forProcedures("p"), "max_age", "60")
			c.happens(w, a, b)
			got := a.refresh(r.text("refresh_token"))
			if got.text("error") != c.error {
				t.Fatalf("%d %v", got.status, got.body)
			}
			if c.error == oidc.TemporarilyUnavailable && (got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "") {
				t.Errorf("%d, Retry-After %q", got.status, got.header.Get("Retry-After"))
			}
			if c.error == "" && !slices.Equal(granted(got.body["authorization_details"]), entries("p")) {
				t.Errorf("%v", got.body)
			}
		})
	}
}

// TestDesign4_ARefreshForSomeOfTheProceduresDecidesOnlyThose.
func TestDesign4_ARefreshForSomeOfTheProceduresDecidesOnlyThose(t *testing.T) {
	t.Parallel()
	w, a, b := twoFactorWorld(t, func(m *client.Metadata) { m.AccessTokenFormat = client.TokenOpaque })
	w.publish("open", assurance.Requirement{})
	w.publish("strict", substantial)
	b.alsoBy(otp)
	r := a.tokens(b, "authorization_details", forProcedures("open", "strict"))
	w.exec(`UPDATE proofing SET expires_at = $1`, w.civil.Now())
	if got := a.refresh(r.text("refresh_token")); got.text("error") != oidc.InvalidGrant {
		t.Errorf("all: %v", got.body)
	}
	part := a.refresh(r.text("refresh_token"), "authorization_details", forProcedures("open"))
	part.want(http.StatusOK, "")
	// What the new token states is what is held now, and the row says no more.
	if got := a.post("/introspect", tokenForm(part.text("access_token"))).body; got["acr"] != acrBasic {
		t.Errorf("%v", got)
	}
	if _, id := payload(t, part.text("id_token")); id["acr"] != acrBasic || id["vot"] != "P0.Cc.Cd" {
		t.Errorf("%v", id)
	}
	// And when the proofing counts again, so does the whole.
	w.exec(`UPDATE proofing SET expires_at = NULL`)
	a.refresh(part.text("refresh_token")).want(http.StatusOK, "")
}

// TestR1_ACRSurvivesRefreshTruthfully: without a requirement the token goes
// on, and says what is left.
func TestR1_ACRSurvivesRefreshTruthfully(t *testing.T) {
	t.Parallel()
	w, a, b := twoFactorWorld(t, nil)
	b.alsoBy(otp)
	r := a.tokens(b)
	for _, step := range []struct{ sql, want string }{
		{`UPDATE proofing SET expires_at = NULL`, acrSubstantial},
		{`UPDATE proofing SET expires_at = '2000-01-01'`, acrBasic},
		{`UPDATE proofing SET expires_at = NULL`, acrSubstantial},
	} {
		w.exec(step.sql)
		r = a.refresh(r.text("refresh_token"))
		r.want(http.StatusOK, "")
		if id, access := acrs(r); id != step.want || access != step.want {
			t.Errorf("%s: %s %s", step.sql, id, access)
		}
	}
}

// TestNoTokenStatesALevelThatItDoesNotHaveUnderEitherPolicy takes a code, and
// an opaque token, over the moment at which another policy comes into force.
func TestNoTokenStatesALevelThatItDoesNotHaveUnderEitherPolicy(t *testing.T) {
	t.Parallel()
	w, a, b := twoFactorWorld(t, func(m *client.Metadata) { m.AccessTokenFormat = client.TokenOpaque })
	signed := w.agency(ofTax)
	w.agree(accountOf(b), signed, "openid", "profile")
	b.alsoBy(otp)
	before := a.tokens(b)
	code := b.code(signed.request())
	stricter := twoFactors()
	stricter.Version, stricter.Levels[1].Login = 2, []assurance.Alternative{{{Method: assurance.MethodPasskey}}}

	// Announced, not yet in force: what is issued now must hold under both.
	w.rules = func() (assurance.Rules, error) {
		return assurance.Rules{Policy: twoFactors(), Also: []assurance.Policy{stricter}}, nil
	}
	if _, access := acrs(signed.tokens(b)); access != acrBasic {
		t.Errorf("while both count: %s", access)
	}
	w.rules = func() (assurance.Rules, error) { return assurance.One(stricter), nil }
	r := signed.exchange(code)
	r.want(http.StatusOK, "")
	if id, access := acrs(r); id != acrBasic || access != acrBasic {
		t.Errorf("a code from before: %s %s", id, access)
	}
	if got := a.post("/introspect", tokenForm(before.text("access_token"))).body["acr"]; got != acrBasic {
		t.Errorf("a token from before: %v", got)
	}
	// Where a level was required, the code from before is worth nothing.
	w.rules = func() (assurance.Rules, error) { return assurance.One(twoFactors()), nil }
	w.publish("p", substantial)
	code = b.code(signed.request("authorization_details", forProcedures("p")))
	w.rules = func() (assurance.Rules, error) { return assurance.One(stricter), nil }
	signed.exchange(code).want(http.StatusBadRequest, oidc.InvalidGrant)
}

// TestWhoCannotConfirmThePolicyIssuesNothing.
func TestWhoCannotConfirmThePolicyIssuesNothing(t *testing.T) {
	t.Parallel()
	w, a, b := twoFactorWorld(t, nil)
	r, code := a.tokens(b), b.code(a.request())
	w.rules = func() (assurance.Rules, error) {
		return assurance.Rules{}, unavailable
	}
	rec := b.authorize(a.request())
	if f := w.pages.last(); rec.Code != http.StatusServiceUnavailable || f.Kind != oidc.FailedDown {
		t.Errorf("authorize: %d %+v", rec.Code, f)
	}
	checkError(t, a, b.authorize(a.request("prompt", "none")), oidc.TemporarilyUnavailable, "st&te+1")
	for name, got := range map[string]reply{
		"code": a.exchange(code), "refresh": a.refresh(r.text("refresh_token")),
	} {
		if got.status != http.StatusServiceUnavailable || got.text("error") != oidc.TemporarilyUnavailable || got.header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %v", name, got.status, got.body)
		}
	}
	// Nothing was used up: a moment later all of it works.
	w.rules = func() (assurance.Rules, error) { return assurance.One(w.policy), nil }
	a.exchange(code).want(http.StatusOK, "")
	a.refresh(r.text("refresh_token")).want(http.StatusOK, "")
	// The same where it cannot be told what a procedure requires.
	w.publish("p", assurance.Requirement{})
	w.offered.down.Store(true)
	asked := a.request("authorization_details", forProcedures("p"))
	if rec := b.authorize(asked); rec.Code != http.StatusServiceUnavailable {
		t.Errorf("procedures away: %d", rec.Code)
	}
	asked.Set("prompt", "none")
	checkError(t, a, b.authorize(asked), oidc.TemporarilyUnavailable, "st&te+1")
}

// TestDesign4_TheGrantStoresWhatItRestsOn.
func TestDesign4_TheGrantStoresWhatItRestsOn(t *testing.T) {
	t.Parallel()
	w, a, b := twoFactorWorld(t, nil)
	w.publish("p", substantial)
	b.alsoBy(otp)
	b.code(a.request("authorization_details", forProcedures("p"), "acr_values", acrHigh+" "+acrBasic, "max_age", "300"))
	n := w.count(`SELECT count(*) FROM oauth_grant
		WHERE agency = 'tax' AND procedures = '{p}' AND requested_acr = $1 AND max_age = 300 AND policy_version = 1
			AND level = 'substantial' AND stage = 'confirmed' AND jsonb_array_length(uses) = 2`, []string{acrHigh, acrBasic})
	if n != 1 {
		t.Errorf("%d such grants", n)
	}
	n = w.count(`SELECT count(*) FROM audit_event WHERE type = 'grant.issued' AND attrs->>'procedures' = 'p' AND attrs->>'agency' = 'tax'`)
	if n != 1 {
		t.Errorf("%d such events", n)
	}
}
