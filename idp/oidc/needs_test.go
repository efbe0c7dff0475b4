package oidc_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"surety/assurance"
	"surety/idp/client"
	"surety/idp/flow/procedures"
	"surety/idp/keys"
	"surety/idp/oidc/needs"
	"surety/idp/oidc/store"
	"surety/idp/postgres/desk"
	"surety/idp/procedure"
)

// needs asks, with this token, what the person will need for a procedure.
func (w *world) needs(token, agency, code string) reply {
	w.Helper()
	clients := desk.NewClientCache(desk.NewClients(w.DB.DB), w.clock.Now)
	set := signingKeys(w)
	flow := procedures.New(procedures.Parts{
		Offers: w.offered, Published: desk.NewProcedures(w.DB.DB), Clients: clients, Rules: w.now(), Now: w.clock.Now, Civil: w.civil.Now,
	})
	e := needs.New(needs.Config{
		Issuer: issuer, Keys: func() *keys.Set { return set }, Grants: w.grants, Clients: clients, Paths: flow,
		Opaque: store.Opaque, Clock: w.clock.Now, Civil: w.civil.Now, Log: slog.New(slog.NewTextHandler(w.Output(), nil)),
	})
	r := httptest.NewRequestWithContext(w.Context(), http.MethodGet, "/procedures/"+url.PathEscape(agency)+"/"+url.PathEscape(code)+"/path", nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	rec := httptest.NewRecorder()
	e.For(procedure.Key{Agency: agency, Code: code}).ServeHTTP(rec, r)
	out := reply{TB: w, status: rec.Code, header: rec.Header()}
	if rec.Body.Len() > 0 {
		if err := json.Unmarshal(rec.Body.Bytes(), &out.body); err != nil {
			w.Errorf("answer is not JSON: %q", rec.Body)
		}
	}
	return out
}

// TestR1_AgencyLearnsWhatIsMissing: by the person's token alone, whatever its form.
func TestR1_AgencyLearnsWhatIsMissing(t *testing.T) {
	t.Parallel()
	for _, format := range []client.TokenFormat{client.TokenJWT, client.TokenOpaque} {
		w, a, b := setup(t, func(m *client.Metadata) { ofTax(m); m.AccessTokenFormat = format })
		w.publish("one", assurance.Requirement{Level: "substantial"})
		w.publish("open", assurance.Requirement{MaxAge: time.Hour})
		token := a.tokens(b).text("access_token")
		got := w.needs(token, "tax", "one")
		got.want(http.StatusOK, "")
		held, _ := got.body["held"].(map[string]any)
		missing, _ := json.Marshal(got.body["missing"])
		if got.body["outcome"] != "impossible" || held["acr"] != acrBasic || string(missing) != `[{"axis":"identity","stage":"confirmed"}]` {
			t.Errorf("%s: %v", format, got.body)
		}
		if open := w.needs(token, "tax", "open"); open.body["outcome"] != "open" {
			t.Errorf("%s: what is open: %v", format, open.body)
		}
		// What became known meanwhile counts, with the same token.
		w.confirm(accountOf(b))
		if now := w.needs(token, "tax", "one"); now.body["outcome"] != "open" {
			t.Errorf("%s: after the identity was proven: %v", format, now.body)
		}
	}
}

// TestR10_HeldOnlyWhereThisClientHasConsent: an implied consent is the
// operator's word that it has.
func TestR10_HeldOnlyWhereThisClientHasConsent(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, ofTax)
	w.publish("one", assurance.Requirement{Level: "substantial"})
	token := a.tokens(b).text("access_token")
	if got := w.needs(token, "tax", "one"); got.body["held"] == nil {
		t.Errorf("with consent: %v", got.body)
	}
	w.exec(`UPDATE oauth_grant SET consent_id = NULL`)
	if got := w.needs(token, "tax", "one"); got.status != http.StatusOK || got.body["held"] != nil {
		t.Errorf("without: %v", got.body)
	}
}

// TestNeeds_SaysNothingOfTheAccountsAuthenticators: two people who differ only
// in them look alike.
func TestNeeds_SaysNothingOfTheAccountsAuthenticators(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, ofTax)
	w.policy.Steps = append(w.policy.Steps, assurance.Step{Action: assurance.ActionLogin, Method: assurance.MethodOTP})
	w.policy.Levels[1].Identity, w.policy.Levels[1].Login = assurance.StageSimplified, []assurance.Alternative{{{Method: assurance.MethodOTP}}}
	w.publish("one", assurance.Requirement{Level: "substantial"})
	token := a.tokens(b).text("access_token")
	before := w.needs(token, "tax", "one")
	w.exec(`INSERT INTO credential (credential_id, account_id, method, verifier, changed_at, created_at)
		SELECT gen_random_uuid(), account_id, 'otp', '', $1, $1 FROM account`, w.clock.Now())
	after := w.needs(token, "tax", "one")
	x, _ := json.Marshal(before.body)
	y, _ := json.Marshal(after.body)
	if string(x) != string(y) || before.status != http.StatusOK {
		t.Errorf("%s\n%s", x, y)
	}
}

func TestNeeds_Refusals(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, ofTax)
	w.publish("one", assurance.Requirement{Level: "substantial"})
	w.publish("theirs", assurance.Requirement{}, func(p *procedure.Procedure) { p.Agency = "post" })
	good := a.tokens(b).text("access_token")
	other := w.agency(nil)
	w.agree(accountOf(b), other, "openid", "profile", "email", "phone", "offline_access")
	own := w.agency(serviceClient)
	ofService := own.post("/token", ownForm()).text("access_token")
	for name, row := range map[string]struct {
		token, agency, code string
		status              int
		error               string
	}{
		"no token":             {"", "tax", "one", http.StatusUnauthorized, ""},
		"made up":              {"abc", "tax", "one", http.StatusUnauthorized, "invalid_token"},
		"forged":               {good[:len(good)-4] + "AAAA", "tax", "one", http.StatusUnauthorized, "invalid_token"},
		"not JSON":             {"a.b.c", "tax", "one", http.StatusUnauthorized, "invalid_token"},
		"another agency's":     {other.tokens(b).text("access_token"), "tax", "one", http.StatusForbidden, "insufficient_scope"},
		"for another agency":   {good, "post", "theirs", http.StatusForbidden, "insufficient_scope"},
		"a client's own":       {ofService, "tax", "one", http.StatusUnauthorized, "invalid_token"},
		"unknown procedure":    {good, "tax", "two", http.StatusNotFound, "not_found"},
		"procedure of no code": {good, "tax", "a b\x00", http.StatusNotFound, "not_found"},
	} {
		got := w.needs(row.token, row.agency, row.code)
		if got.status != row.status || got.text("error") != row.error {
			t.Errorf("%s: %d %v", name, got.status, got.body)
		}
		if challenge := got.header.Get("WWW-Authenticate"); (row.status == http.StatusNotFound) == strings.HasPrefix(challenge, "Bearer ") {
			t.Errorf("%s: challenge %q", name, challenge)
		}
	}
	w.needs(good, "tax", "one").want(http.StatusOK, "")
	w.offered.down.Store(true)
	w.needs(good, "tax", "one").want(http.StatusServiceUnavailable, "temporarily_unavailable")
	w.offered.down.Store(false)
	for name, end := range map[string]func(){
		"consent withdrawn": func() { w.exec(`UPDATE consent SET withdrawn_at = $1`, w.civil.Now()) },
		"expired":           func() { w.clock.Advance(10 * time.Minute) },
	} {
		end()
		if got := w.needs(good, "tax", "one"); got.status != http.StatusUnauthorized {
			t.Errorf("%s: %d %v", name, got.status, got.body)
		}
		w.exec(`UPDATE consent SET withdrawn_at = NULL`)
	}
}
