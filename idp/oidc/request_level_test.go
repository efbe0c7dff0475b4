package oidc_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/client"
	"surety/idp/oidc"
	"surety/idp/procedure"
)

// twoFactorWorld is a person who is confirmed, logged in with a password, and
// has agreed; their phone can bind an authenticator app.
func twoFactorWorld(t testing.TB, change func(*client.Metadata)) (*world, *agency, *browser) {
	t.Helper()
	w, a, b := setup(t, func(m *client.Metadata) {
		ofTax(m)
		if change != nil {
			change(m)
		}
	})
	w.policy = twoFactors()
	w.confirm(accountOf(b))
	w.anchor(accountOf(b))
	w.advance(10 * time.Second) // a login in the same moment would be part of the request
	return w, a, b
}

var substantial = assurance.Requirement{Level: "substantial"}

// acrs are what ID token and access token of a reply say.
func acrs(r reply) (id, access string) {
	r.Helper()
	_, idToken := payload(r, r.text("id_token"))
	_, accessToken := payload(r, r.text("access_token"))
	id, _ = idToken["acr"].(string)
	access, _ = accessToken["acr"].(string)
	return id, access
}

func TestDesign4_UnknownVoluntaryValuesAreIgnored(t *testing.T) {
	t.Parallel()
	_, a, b := setup(t, nil)
	for _, p := range [][]string{
		{"acr_values", "urn:unknown"}, {"acr_values", "urn:unknown " + acrBasic + " loa3"},
		{"claims", `{"id_token":{"acr":{"value":"urn:unknown"}}}`}, {"claims", `{"id_token":{"acr":{"values":["urn:unknown",7]}}}`},
	} {
		if id, access := acrs(a.tokens(b, p...)); id != acrBasic || access != acrBasic {
			t.Errorf("%v: %s %s", p, id, access)
		}
	}
}

func TestDesign4_AWishThatCannotBeMetIsNoFailure(t *testing.T) {
	t.Parallel()
	_, a, b := twoFactorWorld(t, nil)
	// high takes a card, which nothing offers here: not even a page is shown.
	if id, access := acrs(a.tokens(b, "acr_values", acrHigh)); id != acrBasic || access != acrBasic {
		t.Errorf("%s %s", id, access)
	}
}

func TestDesign4_EssentialACRThatCannotBeReached(t *testing.T) {
	t.Parallel()
	_, a, b := twoFactorWorld(t, nil)
	for _, value := range []string{acrHigh, "urn:unknown"} {
		p := a.request("claims", `{"id_token":{"acr":{"essential":true,"value":"`+value+`"}}}`)
		checkError(t, a, b.authorize(p), "unmet_authentication_requirements", "st&te+1")
		p.Set("prompt", "none")
		checkError(t, a, b.authorize(p), "unmet_authentication_requirements", "st&te+1")
	}
	// One of several that can be reached is enough.
	id, access := acrs(a.tokens(b, "claims", `{"id_token":{"acr":{"essential":true,"values":["urn:unknown","`+acrBasic+`"]}}}`))
	if id != acrBasic || access != acrBasic {
		t.Errorf("%s %s", id, access)
	}
}

func TestDesign4_AProceduresRequirementIsWhatIsRegistered(t *testing.T) {
	t.Parallel()
	w, a, b := twoFactorWorld(t, nil)
	w.publish("3.77.01", substantial)
	// Whatever the URL asks for besides, it asks for no less.
	for _, p := range [][]string{
		{}, {"acr_values", acrBasic}, {"max_age", "100000"}, {"claims", `{"id_token":{"acr":{"essential":true,"value":"` + acrBasic + `"}}}`},
	} {
		begin(b, "/step-up", a.request(append(p, "authorization_details", forProcedures("3.77.01"))...))
	}
	// Nor does a page that was left open: what counts is what is registered when
	// the code is issued.
	id := begin(b, "/step-up", a.request("authorization_details", forProcedures("3.77.01")))
	w.publish("3.77.01", assurance.Requirement{Level: "high"})
	b.alsoBy(otp)
	if to := b.goOn(id).Header().Get("Location"); !strings.HasPrefix(to, "/step-up") {
		t.Errorf("went to %s", to)
	}
	w.publish("3.77.01", substantial)
	if answerOf(t, b.goOn(id)).Get("code") == "" {
		t.Error("no code for what is registered now")
	}
}

func TestDesign4_SeveralProceduresTheStrictestOfAll(t *testing.T) {
	t.Parallel()
	w, a, b := twoFactorWorld(t, nil)
	w.publish("level", substantial)
	w.publish("fresh", assurance.Requirement{MaxAge: 5 * time.Minute})
	w.publish("open", assurance.Requirement{})
	b.alsoBy(otp)
	both := a.request("authorization_details", forProcedures("open", "level", "fresh"))
	b.code(both)
	w.advance(6 * time.Minute)
	// Each alone would still do, or not, for its own reason.
	b.code(a.request("authorization_details", forProcedures("level", "open")))
	begin(b, "/sign-in", a.request("authorization_details", forProcedures("fresh")))
	begin(b, "/step-up", both)
	// The password of a moment ago is fresh, and one factor; the app is stale.
	b.alsoBy(assurance.Use{Method: assurance.MethodPassword, AMR: []string{"pwd"}})
	b.code(a.request("authorization_details", forProcedures("fresh")))
	begin(b, "/step-up", both)
	b.alsoBy(otp)
	b.code(both)
}

func TestDesign4_AMinimumLevelPerClient(t *testing.T) {
	t.Parallel()
	w, a, b := twoFactorWorld(t, func(m *client.Metadata) { m.MinimumLevel = "substantial" })
	w.publish("open", assurance.Requirement{})
	for _, p := range [][]string{{}, {"acr_values", acrBasic}, {"authorization_details", forProcedures("open")}} {
		begin(b, "/step-up", a.request(p...))
	}
	b.alsoBy(otp)
	if _, access := acrs(a.tokens(b, "authorization_details", forProcedures("open"))); access != acrSubstantial {
		t.Errorf("%s", access)
	}
}

func TestDesign4_WhatAClientMayNotAskFor(t *testing.T) {
	t.Parallel()
	w, a, b := twoFactorWorld(t, nil)
	w.publish("here", assurance.Requirement{})
	w.publish("off", assurance.Requirement{}, func(p *procedure.Procedure) { p.Disabled = true })
	w.publish("soon", assurance.Requirement{}, func(p *procedure.Procedure) { p.ValidFrom = w.civil.Now().Add(time.Hour) })
	w.publish("over", assurance.Requirement{}, func(p *procedure.Procedure) { p.ValidUntil = w.civil.Now() })
	w.publish("theirs", assurance.Requirement{}, func(p *procedure.Procedure) { p.Agency = "registry" })
	for name, text := range map[string]string{
		"unknown type":      `[{"type":"payment","code":"here"}]`,
		"unknown member":    `[{"type":"procedure","code":"here","level":"basic"}]`,
		"unknown procedure": forProcedures("nowhere"),
		"one of two":        forProcedures("here", "nowhere"),
		"switched off":      forProcedures("off"),
		"not yet valid":     forProcedures("soon"),
		"not valid anymore": forProcedures("over"),
		"another agency's":  forProcedures("theirs"),
		"twice":             forProcedures("here", "here"),
		"not JSON":          "here",
		"large":             forProcedures("here") + strings.Repeat(" ", 9000),
	} {
		got := checkError(t, a, b.authorize(a.request("authorization_details", text)), oidc.InvalidAuthorizationDetails, "st&te+1")
		if got.Get("error_description") == "" {
			t.Errorf("%s: no description", name)
		}
	}
	if n := w.count(`SELECT count(*) FROM interaction`); n != 0 {
		t.Errorf("%d requests were kept", n)
	}
	b.code(a.request("authorization_details", forProcedures("here")))
	w.civil.Advance(time.Hour)
	b.code(a.request("authorization_details", forProcedures("soon")))
}

// TestBadInput_AuthorizationDetailsByPost: where a form may be larger than an
// address, the parameter may not.
func TestBadInput_AuthorizationDetailsByPost(t *testing.T) {
	t.Parallel()
	_, a, b := twoFactorWorld(t, nil)
	post := func(p url.Values) (int, url.Values) {
		r := postRequest("/authorize", p)
		rec := b.send(r)
		return rec.Code, answerOf(t, rec)
	}
	thousand := make([]string, 1000)
	for i := range thousand {
		thousand[i] = strings.Repeat("x", i%30+1)
	}
	if status, got := post(a.request("authorization_details", forProcedures(thousand[:200]...))); status != http.StatusSeeOther || got.Get("error") != oidc.InvalidAuthorizationDetails {
		t.Errorf("200 entries: %d %v", status, got)
	}
	if status, got := post(a.request("authorization_details", forProcedures(thousand...))); status != http.StatusRequestEntityTooLarge || len(got) != 0 {
		t.Errorf("1,000 entries: %d %v", status, got)
	}
	if status, got := post(a.request("authorization_details", strings.Repeat("[", 1<<20))); status != http.StatusRequestEntityTooLarge || len(got) != 0 {
		t.Errorf("1 MB: %d %v", status, got)
	}
	twice := a.request("authorization_details", forProcedures("a"))
	twice.Add("authorization_details", forProcedures("b"))
	if _, got := post(twice); got.Get("error") != oidc.InvalidRequest {
		t.Errorf("the parameter twice: %v", got)
	}
}

func TestDesign4_AProcedureThatEndsOnTheWay(t *testing.T) {
	t.Parallel()
	w, a, b := twoFactorWorld(t, nil)
	w.publish("3.77.01", substantial)
	id := begin(b, "/step-up", a.request("authorization_details", forProcedures("3.77.01")))
	b.alsoBy(otp)
	w.publish("3.77.01", substantial, func(p *procedure.Procedure) { p.Disabled = true })
	checkError(t, a, b.goOn(id), oidc.InvalidAuthorizationDetails, "st&te+1")
}

// TestRFC9470_AStepUpChallengeLeadsToAStepUp follows a client that was sent
// away by an API: it comes back with what the challenge says.
func TestRFC9470_AStepUpChallengeLeadsToAStepUp(t *testing.T) {
	t.Parallel()
	w, a, b := twoFactorWorld(t, nil)
	if _, access := acrs(a.tokens(b)); access != acrBasic {
		t.Fatalf("begins at %s", access)
	}
	w.advance(20 * time.Minute)
	// WWW-Authenticate: Bearer error="insufficient_user_authentication", acr_values="...", max_age="600"
	challenged := a.request("acr_values", acrSubstantial, "max_age", "600")
	id := begin(b, "/sign-in", challenged)
	b.logIn(accountOf(b))
	if to := b.goOn(id).Header().Get("Location"); to != "/step-up?interaction="+string(id) {
		t.Fatalf("after the login to %s", to)
	}
	b.alsoBy(otp)
	r := a.exchange(answerOf(t, b.goOn(id)).Get("code"))
	r.want(http.StatusOK, "")
	_, token := payload(t, r.text("access_token"))
	if age := w.clock.Now().Unix() - int64(token["auth_time"].(float64)); token["acr"] != acrSubstantial || age > 600 {
		t.Errorf("comes back with %v, %d s old", token["acr"], age)
	}
	// The same challenge again is met at once: no circle, and no page.
	if _, access := acrs(a.exchange(b.code(challenged))); access != acrSubstantial {
		t.Errorf("%s", access)
	}
}

// TestRFC9470_AWishMayBeDeclined: acr_values are voluntary, so the person may
// go on without, and is not asked in a circle.
func TestRFC9470_AWishMayBeDeclined(t *testing.T) {
	t.Parallel()
	w, a, b := twoFactorWorld(t, nil)
	id := begin(b, "/step-up", a.request("acr_values", acrSubstantial))
	w.exec(`UPDATE interaction SET step_up_declined_at = $2, account_id = $3 WHERE interaction_id = $1`, string(id), w.clock.Now(), string(accountOf(b)))
	if id, access := acrs(a.exchange(answerOf(t, b.goOn(id)).Get("code"))); id != acrBasic || access != acrBasic {
		t.Errorf("%s %s", id, access)
	}
}

func TestDesign4_AskingForLessNeverLowersASession(t *testing.T) {
	t.Parallel()
	_, a, b := twoFactorWorld(t, nil)
	b.alsoBy(otp)
	for range 2 {
		if id, access := acrs(a.tokens(b, "acr_values", acrBasic)); id != acrBasic || access != acrSubstantial {
			t.Errorf("asked for less: %s %s", id, access)
		}
		if id, access := acrs(a.tokens(b)); id != acrSubstantial || access != acrSubstantial {
			t.Errorf("asked for nothing: %s %s", id, access)
		}
	}
}

// TestR10_WhatAProcedureBrings: consent-based claims are asked for by consent,
// those that the law gives the agency are not, and UserInfo has both.
func TestR10_WhatAProcedureBrings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.agency(func(m *client.Metadata) { ofTax(m); m.Scope = "openid email" })
	p := w.person()
	w.publish("3.77.01", assurance.Requirement{}, func(p *procedure.Procedure) {
		p.Scopes = []string{"email", "offline_access"}
		p.Claims = []procedure.Claim{
			{Name: "locale", Basis: procedure.BasisLaw}, {Name: "updated_at", Basis: procedure.BasisConsent}, {Name: "national_id", Basis: procedure.BasisLaw},
		}
	})
	b := w.browser().logIn(p)
	request := a.request("scope", "openid", "authorization_details", forProcedures("3.77.01"))
	id := begin(b, "/consent", request)
	i, err := w.signin.Load(t.Context(), browserHash(b), id)
	if err != nil {
		t.Fatal(err)
	}
	q := i.Request
	if !slices.Equal(q.Scopes, []string{"openid", "email"}) || q.Offline {
		t.Errorf("scopes %v, offline %v", q.Scopes, q.Offline)
	}
	if !slices.Equal(q.ConsentClaims, []string{"updated_at", "email", "email_verified"}) || !slices.Equal(q.LawClaims, []string{"locale"}) {
		t.Errorf("by consent %v, by law %v", q.ConsentClaims, q.LawClaims)
	}
	// The person agrees to the scopes and leaves the claim out.
	w.exec(`INSERT INTO consent (consent_id, account_id, client_id, scopes, claims, left_out, shown, granted_at)
		VALUES ($1, $2, $3, '{openid,email}', '{email,email_verified}', '{updated_at}', '{locale}', $4)`, idp.NewID(), string(p), string(a.ID), w.civil.Now())
	r := a.exchange(answerOf(t, b.goOn(id)).Get("code"))
	r.want(http.StatusOK, "")
	info := w.userInfo(r.text("access_token"))
	info.want(http.StatusOK, "")
	if info.body["locale"] != "be" || info.body["updated_at"] != nil {
		t.Errorf("userinfo %v", info.body)
	}
	// Without the procedure the law gives nothing.
	info = w.userInfo(a.tokens(b, "scope", "openid").text("access_token"))
	if info.body["locale"] != nil {
		t.Errorf("userinfo %v", info.body)
	}
}
