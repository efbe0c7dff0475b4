package oidc_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"surety/assurance"
	"surety/idp/client"
	"surety/idp/oidc"

	"github.com/go-jose/go-jose/v4"
)

// refused reads an unmet answer: that it has only what it may have, and where
// the client can fetch more.
func refused(t *testing.T, a *agency, rec *httptest.ResponseRecorder) string {
	t.Helper()
	got := checkError(t, a, rec, "unmet_authentication_requirements", "st&te+1")
	for name := range got {
		if !slices.Contains([]string{"error", "error_description", "state", "iss", "error_uri"}, name) {
			t.Errorf("the redirect has %s", name)
		}
	}
	reference, ok := strings.CutPrefix(got.Get("error_uri"), issuer+"/outcomes/")
	if !ok || len(reference) != 43 {
		t.Fatalf("error_uri %q", got.Get("error_uri"))
	}
	return "/outcomes/" + reference
}

// fetch gets an outcome as an agency does that has a secret for the header.
func (a *agency) fetch(path string) reply {
	a.world.Helper()
	r := httptest.NewRequestWithContext(a.world.Context(), http.MethodGet, path, nil)
	r.Header.Set("Authorization", basic(string(a.ID), a.secret))
	rec := httptest.NewRecorder()
	a.world.mux.ServeHTTP(rec, r)
	out := reply{TB: a.world, status: rec.Code, header: rec.Header()}
	if err := json.Unmarshal(rec.Body.Bytes(), &out.body); err != nil {
		a.world.Errorf("%d %s: %v", rec.Code, rec.Body, err)
	}
	return out
}

// object is JSON as it is written.
func object(t *testing.T, text string) (out map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestR10_AnUnmetAnswerSaysNothingInTheRedirectAndAllToItsClient(t *testing.T) {
	t.Parallel()
	w, a, b := twoFactorWorld(t, nil)
	w.publish("3.77.01", substantial)
	w.publish("fresh", assurance.Requirement{MaxAge: 5 * time.Minute})
	w.publish("high", assurance.Requirement{Level: "high"})
	required := `{"level":"substantial","acr":"` + acrSubstantial + `"`
	held := `"held":{"level":"basic","acr":"` + acrBasic + `"}`

	declined := func(codes ...string) reply {
		id := begin(b, "/step-up", a.request("authorization_details", forProcedures(codes...)))
		b.back(id)
		return a.fetch(refused(t, a, b.goOn(id)))
	}
	for name, c := range map[string]struct {
		got  func() reply
		want string
	}{
		"declined": {
			func() reply { return declined("3.77.01") },
			`{"outcome":"declined","procedure":"3.77.01","required":` + required + `},` + held + `,"missing":[{"axis":"login"}]}`,
		},
		"declined of several": {
			func() reply { return declined("3.77.01", "fresh") },
			`{"outcome":"declined","procedures":["3.77.01","fresh"],"required":` + required + `,"max_age":300},` + held + `,"missing":[{"axis":"login"}]}`,
		},
		"went back from where nothing leads there": {
			func() reply {
				id := begin(b, "/step-up", a.request("authorization_details", forProcedures("high")))
				b.back(id)
				return a.fetch(refused(t, a, b.goOn(id)))
			},
			`{"outcome":"impossible","procedure":"high","required":{"level":"high","acr":"` + acrHigh + `"},` + held + `,"missing":[{"axis":"login"}]}`,
		},
		"an essential acr that nothing leads to": {
			func() reply {
				return a.fetch(refused(t, a, b.authorize(a.request("claims", `{"id_token":{"acr":{"essential":true,"value":"`+acrHigh+`"}}}`))))
			},
			`{"outcome":"impossible","required":{"level":"high","acr":"` + acrHigh + `"},` + held + `,"missing":[{"axis":"login"}]}`,
		},
		"an essential acr that nobody knows": {
			func() reply {
				return a.fetch(refused(t, a, b.authorize(a.request("claims", `{"id_token":{"acr":{"essential":true,"value":"urn:x"}}}`))))
			},
			`{"outcome":"impossible","required":{"acr":"urn:x"},` + held + `,"missing":[]}`,
		},
	} {
		got := c.got()
		got.want(http.StatusOK, "")
		if want := object(t, c.want); !reflect.DeepEqual(got.body, want) {
			t.Errorf("%s: %v, want %v", name, got.body, want)
		}
		if got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: may be kept", name)
		}
	}
	// An identity that is missing is said with its stage.
	w.exec(`DELETE FROM proofing`)
	w.exec(`UPDATE account SET stage = 'simplified'`)
	missing := []any{map[string]any{"axis": "login"}, map[string]any{"axis": "identity", "stage": "confirmed"}}
	if got := declined("3.77.01"); !reflect.DeepEqual(got.body["missing"], missing) {
		t.Errorf("%v", got.body)
	}
}

func TestR10_HeldIsToldOnlyWhereThePersonHasAgreed(t *testing.T) {
	t.Parallel()
	w, a, b := twoFactorWorld(t, nil)
	w.publish("3.77.01", substantial)
	request := a.request("authorization_details", forProcedures("3.77.01"))
	for _, c := range []struct {
		sql  string
		told bool
	}{
		{`UPDATE consent SET granted_at = granted_at`, true},
		{`UPDATE consent SET expires_at = '2000-01-01'`, false},
		{`DELETE FROM consent`, false},
	} {
		w.exec(c.sql)
		id := begin(b, "/step-up", request)
		b.back(id)
		got := a.fetch(refused(t, a, b.goOn(id)))
		if _, told := got.body["held"]; told != c.told || got.body["missing"] == nil {
			t.Errorf("%s: %v", c.sql, got.body)
		}
	}
	// Nobody is logged in: there is nobody to say anything about.
	rec := w.browser().authorize(a.request("claims", `{"id_token":{"acr":{"essential":true,"value":"`+acrHigh+`"}}}`))
	if got := a.fetch(refused(t, a, rec)); got.body["held"] != nil || got.body["outcome"] != "impossible" {
		t.Errorf("%v", got.body)
	}
}

func TestR10_WithoutAPageTheOutcomeIsPending(t *testing.T) {
	t.Parallel()
	w, a, b := twoFactorWorld(t, nil)
	w.publish("3.77.01", substantial)
	got := checkError(t, a, b.authorize(a.request("authorization_details", forProcedures("3.77.01"), "prompt", "none")), "interaction_required", "st&te+1")
	path, ok := strings.CutPrefix(got.Get("error_uri"), issuer)
	if !ok {
		t.Fatalf("%v", got)
	}
	if o := a.fetch(path); o.body["outcome"] != "pending" || o.body["procedure"] != "3.77.01" {
		t.Errorf("%v", o.body)
	}
	// An error that says nothing about a requirement has no reference.
	if got := checkError(t, a, w.browser().authorize(a.request("prompt", "none")), "login_required", "st&te+1"); got.Has("error_uri") {
		t.Errorf("%v", got)
	}
}

// TestR10_AnOutcomeIsForItsClientAloneOnceAndTenMinutes attacks the reference.
func TestR10_AnOutcomeIsForItsClientAloneOnceAndTenMinutes(t *testing.T) {
	t.Parallel()
	w, a, b := twoFactorWorld(t, nil)
	unmet := a.request("claims", `{"id_token":{"acr":{"essential":true,"value":"`+acrHigh+`"}}}`)
	path := refused(t, a, b.authorize(unmet))

	other := w.agency(ofTax) // of the same agency, and still another client
	if got := other.fetch(path); got.status != http.StatusNotFound {
		t.Errorf("another client: %d %v", got.status, got.body)
	}
	stranger := *a
	stranger.secret = "guess"
	if got := stranger.fetch(path); got.status != http.StatusUnauthorized || got.text("error") != oidc.InvalidClient {
		t.Errorf("a wrong secret: %d %v", got.status, got.body)
	}
	rec := httptest.NewRecorder()
	w.mux.ServeHTTP(rec, httpGet(t.Context(), path))
	if rec.Code != http.StatusUnauthorized || rec.Header().Get("WWW-Authenticate") == "" {
		t.Errorf("the person's browser: %d %s", rec.Code, rec.Body)
	}
	rec = httptest.NewRecorder()
	w.mux.ServeHTTP(rec, httpGet(t.Context(), path+"?client_id="+string(a.ID)+"&client_secret="+a.secret))
	if rec.Code != http.StatusUnauthorized {
		t.Errorf("a secret in the address: %d %s", rec.Code, rec.Body)
	}
	public := w.agency(func(m *client.Metadata) {
		m.TokenEndpointAuthMethod, m.ApplicationType, m.RedirectURIs = client.AuthNone, client.ApplicationNative, []string{"http://127.0.0.1/cb"}
	})
	if got := public.post(path, url.Values{}); got.status != http.StatusUnauthorized {
		t.Errorf("a public client: %d %v", got.status, got.body)
	}
	for _, unknown := range []string{"/outcomes/x", "/outcomes/" + strings.Repeat("A", 43), "/outcomes/%00"} {
		if got := a.fetch(unknown); got.status != http.StatusNotFound {
			t.Errorf("%s: %d %v", unknown, got.status, got.body)
		}
	}
	// None of that used it up.
	a.fetch(path).want(http.StatusOK, "")
	if got := a.fetch(path); got.status != http.StatusGone {
		t.Errorf("again: %d %v", got.status, got.body)
	}
	late := refused(t, a, b.authorize(unmet))
	w.advance(10 * time.Minute)
	if got := a.fetch(late); got.status != http.StatusGone {
		t.Errorf("too late: %d %v", got.status, got.body)
	}
	plain, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(late, "/outcomes/"))
	if n := w.count(`SELECT count(*) FROM outcome WHERE reference_hash = $1`, plain); n != 0 || err != nil || len(plain) != 32 {
		t.Errorf("%d references are stored as they are (%v)", n, err)
	}
}

func TestR10_AnOutcomeByTheOtherWaysToProveWhoAsks(t *testing.T) {
	t.Parallel()
	w, _, b := twoFactorWorld(t, nil)
	essential := `{"id_token":{"acr":{"essential":true,"value":"` + acrHigh + `"}}}`
	post := w.agency(func(m *client.Metadata) { ofTax(m); m.TokenEndpointAuthMethod = client.AuthSecretPost })
	post.post(refused(t, post, b.authorize(post.request("claims", essential))), url.Values{}).want(http.StatusOK, "")

	key := newSigner(t, jose.ES256, "k", "sig")
	signing := w.agency(func(m *client.Metadata) {
		keyClient(key.jwks)(m)
		m.GrantTypes, m.RedirectURIs, m.Scope = []client.GrantType{client.GrantAuthorizationCode}, []string{"https://agency.example/cb"}, ""
	})
	path := refused(t, signing, b.authorize(signing.request("claims", essential)))
	w.call(t.Context(), path, url.Values{
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {key.assertion(claimsFor(signing))},
	}, nil).want(http.StatusOK, "")

	// A client that cannot prove itself is not given what it could not fetch.
	public := w.agency(func(m *client.Metadata) {
		m.TokenEndpointAuthMethod, m.ApplicationType, m.RedirectURIs = client.AuthNone, client.ApplicationNative, []string{"https://agency.example/cb"}
	})
	got := checkError(t, public, b.authorize(public.request("claims", essential)), "unmet_authentication_requirements", "st&te+1")
	if got.Has("error_uri") {
		t.Errorf("%v", got)
	}
}

// TestR10_AnUnmetAnswerAfterAPage ends the interaction, and a reload says the
// same with a reference of its own.
func TestR10_AnUnmetAnswerAfterAPage(t *testing.T) {
	t.Parallel()
	w, a, b := twoFactorWorld(t, nil)
	w.publish("3.77.01", substantial)
	id := begin(b, "/step-up", a.request("authorization_details", forProcedures("3.77.01"), "response_mode", "form_post"))
	b.back(id)
	b.goOn(id)
	first := w.pages.formPost.Fields.Get("error_uri")
	b.goOn(id)
	second := w.pages.formPost.Fields.Get("error_uri")
	if first == "" || second == "" || first == second {
		t.Errorf("%q %q", first, second)
	}
	for _, uri := range []string{first, second} {
		a.fetch(strings.TrimPrefix(uri, issuer)).want(http.StatusOK, "")
	}
	// Logging out meanwhile takes nothing away but what is held.
	id = begin(b, "/step-up", a.request("authorization_details", forProcedures("3.77.01")))
	b.back(id)
	b.logOut()
	if got := a.fetch(refused(t, a, b.goOn(id))); got.body["outcome"] != "declined" || got.body["held"] != nil {
		t.Errorf("%v", got.body)
	}
}
