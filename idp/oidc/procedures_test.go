package oidc_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/client"
	"surety/idp/interaction"
	"surety/idp/oidc/details"
	"surety/idp/postgres/desk"
	"surety/idp/procedure"
	"surety/idp/session"
)

// offered is what agencies have published, as the server remembers it.
type offered struct {
	*desk.ProcedureCache
	down atomic.Bool
}

func (o *offered) InForce(ctx context.Context, agency string, codes []string, civil time.Time) ([]procedure.Procedure, error) {
	if o.down.Load() {
		return nil, unavailable
	}
	return o.ProcedureCache.InForce(ctx, agency, codes, civil)
}

// publish puts a procedure of the tax agency into force, in place of what it
// was, and has the server told.
func (w *world) publish(code string, r assurance.Requirement, change ...func(*procedure.Procedure)) {
	w.Helper()
	titles := map[string]string{"be": code, "ru": code, "uk": code, "en": code}
	p := procedure.Procedure{
		Agency: "tax", Code: code, Titles: titles, Requirement: r, InPerson: procedure.InPerson{Texts: titles}, ValidFrom: w.civil.Now().Add(-time.Hour),
	}
	for _, c := range change {
		c(&p)
	}
	w.exec(`DELETE FROM procedure WHERE agency = $1 AND code = $2`, p.Agency, code)
	err := w.DB.InTx(w.Context(), func(ctx context.Context, tx idp.Tx) error {
		return desk.NewProcedures(w.DB.DB).Insert(ctx, tx, p, w.clock.Now())
	})
	if err != nil {
		w.Fatal(err)
	}
	w.offered.Forget(p.Agency)
}

// ofTax registers the client for the procedures of the tax agency.
func ofTax(m *client.Metadata) { m.Agency = "tax" }

// forProcedures is the parameter authorization_details for the codes.
func forProcedures(codes ...string) string {
	type entry struct {
		Type string `json:"type"`
		Code string `json:"code"`
	}
	list := make([]entry, len(codes))
	for i, c := range codes {
		list[i] = entry{details.TypeProcedure, c}
	}
	text, err := json.Marshal(list)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// granted reads authorization_details out of an answer or a token.
func granted(v any) []details.Entry {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	var out []details.Entry
	if json.Unmarshal(text, &out) != nil {
		return nil
	}
	return out
}

// entries are what is granted for codes of the tax agency.
func entries(codes ...string) []details.Entry { return details.Granted("tax", codes) }

// alsoBy adds an act of logging in to the browser's session, as the page of a
// second factor would.
func (b *browser) alsoBy(u assurance.Use) {
	b.Helper()
	hash, _ := session.HashSecret(b.cookies["session"])
	if u.At.IsZero() {
		u.At = b.clock.Now()
	}
	text, err := json.Marshal([]assurance.Use{u})
	if err != nil {
		b.Fatal(err)
	}
	b.exec(`UPDATE session SET uses = uses || $2::jsonb WHERE secret_hash = $1`, hash[:], text)
}

var otp = assurance.Use{Method: assurance.MethodOTP, AMR: []string{"otp"}}

// twoFactors is a policy in which substantial takes an authenticator app that
// anybody who is confirmed may add.
func twoFactors() assurance.Policy {
	password, app := assurance.Term{Method: assurance.MethodPassword}, assurance.Term{Method: assurance.MethodOTP}
	return assurance.Policy{Version: 1,
		Levels: []assurance.Level{
			{Name: "basic", ACR: acrBasic, Identity: assurance.StageSimplified, Login: []assurance.Alternative{{password}}},
			{Name: "substantial", ACR: acrSubstantial, Identity: assurance.StageConfirmed, Login: []assurance.Alternative{{password, app}}},
			{Name: "high", ACR: acrHigh, Identity: assurance.StageConfirmed, Login: []assurance.Alternative{{{Method: assurance.MethodIDCard}}}},
		},
		Steps: []assurance.Step{
			{Action: assurance.ActionLogin, Method: assurance.MethodPassword},
			{Action: assurance.ActionLogin, Method: assurance.MethodOTP},
			{Action: assurance.ActionEnrol, Method: assurance.MethodOTP},
			{Action: assurance.ActionProve, Proofing: assurance.ProofingCounter, To: assurance.StageConfirmed},
		},
	}
}

const acrHigh = "urn:example:high"

// anchor gives the person a contact that was confirmed at proofing and stands
// unchanged: a code to it binds an authenticator app without limit.
func (w *world) anchor(id idp.AccountID) {
	w.exec(`INSERT INTO contact (contact_id, account_id, kind, fingerprint, sealed, is_main, confirmed_at, resets_from, last_used_at, created_at, anchored_at)
		VALUES ($1, $2, 'phone', $3, '', true, $4, $4, $4, $4, $4)`, idp.NewID(), string(id), []byte(id), w.clock.Now())
}

// browserHash is what interactions are bound to.
func browserHash(b *browser) [32]byte { return session.BrowserHash(b.cookies["browser"]) }

// postRequest is a form as a page of another site posts it.
func postRequest(path string, form url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// back ends the interaction as the page of the step-up does when the person
// goes back without what is required.
func (b *browser) back(id idp.InteractionID) {
	b.Helper()
	err := b.signin.Finish(b.Context(), browserHash(b), id, interaction.OutcomeUnmet, b.clock.Now())
	if err != nil {
		b.Fatal(err)
	}
}

// unavailable is what a part of the house says that cannot answer now.
var unavailable = idp.E(idp.CodeUnavailable, "error.unavailable")
