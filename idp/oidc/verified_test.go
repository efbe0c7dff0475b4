package oidc_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/client"
	"surety/idp/oidc/claims"
	"surety/idp/procedure"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// proof is a member of a claims parameter that asks for everything that there
// is about somebody whom a clerk confirmed.
const proof = `{"verified_claims":{"verification":{"trust_framework":null,"assurance_level":null,"time":null,"evidence":[{"type":{"value":"document"},
	"check_details":[{"check_method":null}],"document_details":{"date_of_expiry":null}}]},"claims":{"family_name":null,"given_name":null,"birthdate":null}}}`

// told is what it is answered with.
const told = `{
	"verification": {
		"assurance_level": "confirmed",
		"evidence": [{
			"check_details": [{"check_method": "vpip"}, {"check_method": "pvp"}],
			"document_details": {"date_of_expiry": "2026-12-31"},
			"type": "document"
		}],
		"time": "2026-01-05T09:30:00Z",
		"trust_framework": "surety_test"
	},
	"claims": {"birthdate": "1984-02-29", "family_name": "Кавальчук", "given_name": "Ганна"}
}`

// state gives the person values from a source; the zero time: nobody verified them.
func (w *world) state(id idp.AccountID, source string, verified time.Time, values map[string]string) {
	w.Helper()
	var wrapped []byte
	if err := w.DB.QueryRow(w.Context(), `SELECT data_key FROM account WHERE account_id = $1`, string(id)).Scan(&wrapped); err != nil {
		w.Fatal(err)
	}
	key, err := w.ring.UnwrapDataKey([]byte(id), wrapped)
	if err != nil {
		w.Fatal(err)
	}
	var at *time.Time
	if !verified.IsZero() {
		at = &verified
	}
	for name, value := range values {
		sealed := key.Seal(idp.SealedAttribute+name, []byte(id), []byte(value))
		w.exec(`INSERT INTO person_attribute (account_id, name, sealed, source, verified_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT ON CONSTRAINT person_attribute_pkey DO UPDATE SET sealed = $3, source = $4, verified_at = $5`,
			string(id), name, sealed, source, at, w.civil.Now())
	}
}

// ganna is somebody whom a clerk confirmed, and who stated one thing more.
func (w *world) ganna() idp.AccountID {
	w.Helper()
	id := w.person()
	at := time.Date(2026, 1, 5, 9, 30, 0, 0, time.UTC)
	w.exec(`UPDATE account SET stage = 'confirmed' WHERE account_id = $1`, string(id))
	w.exec(`INSERT INTO proofing (proofing_id, account_id, method, method_version, stage, proofed_at, document_until)
		VALUES ($1, $2, 'counter', 1, 'confirmed', $3, '2027-01-01')`, idp.NewID(), string(id), at)
	w.state(id, "counter", at, map[string]string{"family_name": "Кавальчук", "given_name": "Ганна", "birthdate": "1984-02-29"})
	w.state(id, "self", time.Time{}, map[string]string{"patronymic": "Мікалаеўна"})
	return id
}

// agreeTo stores a consent to exactly these claims.
func (w *world) agreeTo(id idp.AccountID, a *agency, names ...string) {
	w.exec(`UPDATE consent SET superseded_by = $3 WHERE account_id = $1 AND client_id = $2 AND superseded_by IS NULL AND withdrawn_at IS NULL`,
		string(id), string(a.ID), idp.NewID())
	w.exec(`INSERT INTO consent (consent_id, account_id, client_id, scopes, claims, granted_at)
		VALUES ($1, $2, $3, '{openid,profile,email,phone,offline_access}', $4, $5)`, idp.NewID(), string(id), string(a.ID), names, w.civil.Now())
}

// verifiedSetup is an agency and Ganna, who is logged in and has agreed to all
// that she can be asked about.
func verifiedSetup(t testing.TB, change func(*client.Metadata)) (*world, *agency, *browser) {
	t.Helper()
	w := newWorld(t)
	a, id := w.agency(change), w.ganna()
	w.agreeTo(id, a, append(claims.Names([]string{"profile"}, claims.Request{}), "verified_claims")...)
	return w, a, w.browser().logIn(id)
}

// info is what UserInfo says, when asked with the token of a flow.
func (w *world) info(r reply) map[string]any {
	w.Helper()
	info := w.userInfo(r.text("access_token"))
	info.want(http.StatusOK, "")
	return info.body
}

func idTokenOf(r reply) map[string]any {
	r.Helper()
	_, body := payload(r, r.text("id_token"))
	return body
}

// same compares JSON that was read with JSON as it is written here.
func same(t testing.TB, what string, got any, want string) {
	t.Helper()
	var expected any
	if err := json.Unmarshal([]byte(want), &expected); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(expected, got); diff != "" {
		t.Errorf("%s: (- wanted, + got)\n%s", what, diff)
	}
}

// published validates an answer against the specification's own schema.
func published(t testing.TB, answer any) {
	t.Helper()
	const root = "https://bitbucket.org/openid/ekyc-ida/raw/master/schema/"
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	for _, name := range []string{"claims_schema.json", "verified_claims.json", "verified_claims_request.json"} {
		text, err := os.ReadFile(filepath.Join("verified", "testdata", "schema", name))
		if err != nil {
			t.Fatal(err)
		}
		schema, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource(root+name, schema); err != nil {
			t.Fatal(err)
		}
	}
	s, err := c.Compile(root + "verified_claims.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(answer); err != nil {
		t.Error(err)
	}
}

// TestDesign4_ProofingGoesIntoVerifiedClaims is the whole of both answers about
// somebody whom a clerk confirmed.
func TestDesign4_ProofingGoesIntoVerifiedClaims(t *testing.T) {
	t.Parallel()
	w, a, b := verifiedSetup(t, nil)
	r := a.tokens(b, "scope", "openid", "claims", `{"userinfo":`+proof+`,"id_token":`+proof+`}`)
	info, id := w.info(r), idTokenOf(r)
	published(t, info)
	published(t, id)
	sub := info["sub"].(string)
	same(t, "userinfo", info, `{"sub":"`+sub+`","verified_claims":`+told+`}`)
	for _, name := range []string{"at_hash", "sid", "nonce"} { // drawn anew each time
		delete(id, name)
	}
	same(t, "ID token", id, `{"iss":"`+issuer+`","sub":"`+sub+`","aud":"`+string(a.ID)+`","iat":`+seconds(w.clock.Now())+`,"exp":`+seconds(w.clock.Now().Add(5*time.Minute))+`,
		"auth_time":`+seconds(w.clock.Now())+`,"acr":"`+acrSubstantial+`","amr":["pwd"],"method":"password","vot":"P2.Cc","vtm":"`+issuer+`/trustmark","verified_claims":`+told+`}`)
}

func seconds(t time.Time) string {
	text, _ := json.Marshal(t.Unix())
	return string(text)
}

// TestVerifiedClaimsComeWhereTheyAreAskedFor, at a refresh as well; a token
// that is not asked for them says nothing, and neither does an access token.
func TestVerifiedClaimsComeWhereTheyAreAskedFor(t *testing.T) {
	t.Parallel()
	w, a, b := verifiedSetup(t, nil)
	for request, want := range map[string]struct{ userinfo, idToken bool }{
		`{"userinfo":` + proof + `}`: {userinfo: true},
		`{"id_token":` + proof + `}`: {idToken: true},
		`{}`:                         {},
	} {
		r := a.tokens(b, "scope", "openid profile", "claims", request)
		for _, r := range []reply{r, a.refresh(r.text("refresh_token"))} {
			r.want(http.StatusOK, "")
			info, id := w.info(r), idTokenOf(r)
			_, access := payload(t, r.text("access_token"))
			if (info["verified_claims"] != nil) != want.userinfo || (id["verified_claims"] != nil) != want.idToken || access["verified_claims"] != nil {
				t.Errorf("%s: userinfo %v, ID token %v, access token %v", request, info["verified_claims"], id["verified_claims"], access["verified_claims"])
			}
			// A plain claim may be self-stated; beside it nothing is lost.
			if info["patronymic"] != "Мікалаеўна" || id["patronymic"] != nil {
				t.Errorf("%s: userinfo %v, ID token %v", request, info, id)
			}
		}
	}
}

// TestR10_AskedForAsVerifiedIsNotToldAsPlain: what is asked for inside
// verified_claims alone is told there or not at all.
func TestR10_AskedForAsVerifiedIsNotToldAsPlain(t *testing.T) {
	t.Parallel()
	w, a, b := verifiedSetup(t, nil)
	ask := `{"userinfo":{"given_name":null,"verified_claims":{"verification":{"trust_framework":null},"claims":{"patronymic":null,"birthdate":null}}}}`
	same(t, "userinfo", without(w.info(a.tokens(b, "scope", "openid", "claims", ask)), "sub"),
		`{"given_name":"Ганна","verified_claims":{"verification":{"trust_framework":"surety_test"},"claims":{"birthdate":"1984-02-29"}}}`)
	// Nobody has proven anything of this one.
	id := w.person()
	w.state(id, "self", time.Time{}, map[string]string{"given_name": "Алесь", "birthdate": "1999-01-01"})
	w.agreeTo(id, a, append(claims.Names([]string{"profile"}, claims.Request{}), "verified_claims")...)
	same(t, "userinfo", without(w.info(a.tokens(w.browser().logIn(id), "scope", "openid", "claims", ask)), "sub"), `{"given_name":"Алесь"}`)
}

func without(m map[string]any, name string) map[string]any {
	delete(m, name)
	return m
}

// TestR10_ThePersonIsAskedAboutWhatIsInVerifiedClaims, and about them
// themselves: they tell how and when the identity was confirmed.
func TestR10_ThePersonIsAskedAboutWhatIsInVerifiedClaims(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, id := w.agency(nil), w.ganna()
	b := w.browser().logIn(id)
	request := a.request("scope", "openid", "claims", `{"userinfo":`+proof+`}`)
	asking := begin(b, "/consent", request)
	i, err := w.signin.Load(t.Context(), browserHash(b), asking)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"family_name", "given_name", "birthdate", "verified_claims"}; !slices.Equal(i.Request.ConsentClaims, want) {
		t.Errorf("asks about %v, want %v", i.Request.ConsentClaims, want)
	}
	answer := func(agreed ...string) any {
		w.agreeTo(id, a, agreed...)
		w.exec(`UPDATE consent SET left_out = $2 WHERE account_id = $1 AND superseded_by IS NULL`, string(id),
			slices.DeleteFunc(slices.Clone(i.Request.ConsentClaims), func(n string) bool { return slices.Contains(agreed, n) }))
		return w.info(a.tokens(b, "scope", "openid", "claims", `{"userinfo":`+proof+`}`))["verified_claims"]
	}
	same(t, "all agreed", answer("family_name", "given_name", "birthdate", "verified_claims"), told)
	got, _ := answer("given_name", "verified_claims").(map[string]any)
	same(t, "two left out", got["claims"], `{"given_name":"Ганна"}`)
	if got := answer("family_name", "given_name", "birthdate"); got != nil {
		t.Errorf("how the identity was confirmed was left out: %v", got)
	}
	if got := answer("verified_claims"); got != nil {
		t.Errorf("every claim was left out: %v", got)
	}
}

// TestR10_WhatTheLawGivesIsNotAskedInVerifiedClaimsEither: it is given there as
// it is outside.
func TestR10_WhatTheLawGivesIsNotAskedInVerifiedClaimsEither(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, id := w.agency(ofTax), w.ganna()
	w.publish("3.77.01", assurance.Requirement{}, func(p *procedure.Procedure) {
		p.Claims = []procedure.Claim{{Name: "birthdate", Basis: procedure.BasisLaw}, {Name: "verified_claims", Basis: procedure.BasisLaw}}
	})
	b := w.browser().logIn(id)
	request := []string{"scope", "openid", "authorization_details", forProcedures("3.77.01"), "claims", `{"userinfo":` + proof + `}`}
	asking := begin(b, "/consent", a.request(request...))
	i, err := w.signin.Load(t.Context(), browserHash(b), asking)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(i.Request.ConsentClaims, []string{"family_name", "given_name"}) || !slices.Equal(i.Request.LawClaims, []string{"birthdate", "verified_claims"}) {
		t.Errorf("by consent %v, by law %v", i.Request.ConsentClaims, i.Request.LawClaims)
	}
	// The person leaves out all that can be left out.
	w.exec(`INSERT INTO consent (consent_id, account_id, client_id, scopes, claims, left_out, shown, granted_at)
		VALUES ($1, $2, $3, '{openid}', '{}', '{family_name,given_name}', '{birthdate,verified_claims}', $4)`, idp.NewID(), string(id), string(a.ID), w.civil.Now())
	info := w.info(a.tokens(b, request...))
	got, _ := info["verified_claims"].(map[string]any)
	same(t, "by law", got["claims"], `{"birthdate":"1984-02-29"}`)
	if info["birthdate"] != "1984-02-29" || info["given_name"] != nil {
		t.Errorf("userinfo %v", info)
	}
}

// TestProofingsThatEndedAreToldNoMore, from the next answer on: nothing is
// remembered in the grant.
func TestProofingsThatEndedAreToldNoMore(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"revoked":           `UPDATE proofing SET revoked_at = proofed_at WHERE account_id = $1`,
		"expired":           `UPDATE proofing SET expires_at = proofed_at WHERE account_id = $1`,
		"the account fell":  `UPDATE account SET stage = 'simplified' WHERE account_id = $1`,
		"the value changed": `UPDATE person_attribute SET source = 'self', verified_at = NULL WHERE account_id = $1`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, a, b := verifiedSetup(t, func(m *client.Metadata) { m.AccessTokenFormat = client.TokenOpaque })
			r := a.tokens(b, "scope", "openid", "claims", `{"userinfo":`+proof+`,"id_token":`+proof+`}`)
			same(t, "before", w.info(r)["verified_claims"], told)
			w.exec(sql, string(accountOf(b)))
			if got := w.info(r); got["verified_claims"] != nil || got["sub"] == nil {
				t.Errorf("userinfo %v", got)
			}
			r = a.refresh(r.text("refresh_token"))
			r.want(http.StatusOK, "")
			if got := idTokenOf(r); got["verified_claims"] != nil {
				t.Errorf("ID token %v", got)
			}
		})
	}
}

// TestAProcedureThatExcludesAProofing hears nothing from it.
func TestAProcedureThatExcludesAProofing(t *testing.T) {
	t.Parallel()
	w, a, b := verifiedSetup(t, ofTax)
	w.publish("open", assurance.Requirement{})
	w.publish("strict", assurance.Requirement{ExcludedProofings: []assurance.ProofingMethod{assurance.ProofingCounter}})
	for code, want := range map[string]bool{"open": true, "strict": false} {
		r := a.tokens(b, "scope", "openid", "authorization_details", forProcedures(code), "claims", `{"userinfo":`+proof+`,"id_token":`+proof+`}`)
		if info, id := w.info(r), idTokenOf(r); (info["verified_claims"] != nil) != want || (id["verified_claims"] != nil) != want {
			t.Errorf("%s: userinfo %v, ID token %v", code, info, id)
		}
	}
}

// TestWithoutThePolicyOnlyWhatRestsOnItIsUnavailable: plain values are told all
// the same.
func TestWithoutThePolicyOnlyWhatRestsOnItIsUnavailable(t *testing.T) {
	t.Parallel()
	w, a, b := verifiedSetup(t, nil)
	asked := a.tokens(b, "scope", "openid profile", "claims", `{"userinfo":`+proof+`}`)
	plain := a.tokens(b, "scope", "openid profile")
	w.rules = func() (assurance.Rules, error) { return assurance.Rules{}, unavailable }
	w.userInfo(asked.text("access_token")).want(http.StatusServiceUnavailable, "temporarily_unavailable")
	if got := w.info(plain); got["given_name"] != "Ганна" {
		t.Errorf("userinfo %v", got)
	}
}

// TestBadInput_VerifiedClaims: what is not as published is refused at the
// redirect URI; what is as published and cannot be met never is.
func TestBadInput_VerifiedClaims(t *testing.T) {
	t.Parallel()
	w, a, b := verifiedSetup(t, nil)
	for _, bad := range []string{
		`null`, `[1]`, `{}`, `{"verification":{"trust_framework":null},"claims":{}}`, `{"verification":{},"claims":{"name":null}}`,
		`{"verification":{"trust_framework":null,"trust_framework":null},"claims":{"name":null}}`,
		`{"verification":{"trust_framework":null},"claims":{"name":null,"name":null}}`,
		`{"verification":{"trust_framework":null,"evidence":[{"type":{"value":"document"},"type":{"value":"vouch"}}]},"claims":{"name":null}}`,
		strings.Repeat(`[`, 100) + strings.Repeat(`]`, 100),
		`{"verification":{"trust_framework":{"values":["` + strings.Repeat("x", 9<<10) + `"]}},"claims":{"name":null}}`,
	} {
		for _, section := range []string{"userinfo", "id_token"} {
			checkError(t, a, b.authorize(a.request("claims", `{"`+section+`":{"verified_claims":`+bad+`}}`)), "invalid_request", "st&te+1")
		}
	}
	for _, unmet := range []string{
		`{"verification":{"trust_framework":{"value":"eidas","essential":true}},"claims":{"name":{"essential":true}}}`,
		`{"verification":{"trust_framework":null},"claims":{"unheard_of":null}}`, `{"verification":{"trust_framework":null},"claims":null}`, `[]`,
	} {
		if got := w.info(a.tokens(b, "scope", "openid", "claims", `{"userinfo":{"verified_claims":`+unmet+`}}`)); len(got) != 1 {
			t.Errorf("%s: %v", unmet, got)
		}
	}
}

// TestAnIDTokenOfSomebodyWhoHasJustLeft: between looking a code up and reading
// the person the session ends.
func TestAnIDTokenOfSomebodyWhoHasJustLeft(t *testing.T) {
	t.Parallel()
	_, a, b := verifiedSetup(t, nil)
	code := b.code(a.request("scope", "openid", "claims", `{"id_token":`+proof+`}`))
	b.logOut()
	a.post("/token", url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {a.RedirectURIs[0]}, "code_verifier": {verifier}}).
		want(http.StatusBadRequest, "invalid_grant")
}
