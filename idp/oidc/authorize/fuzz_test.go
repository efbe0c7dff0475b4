package authorize

import (
	"context"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"surety/idp"
	"surety/idp/client"
	"surety/idp/oidc"
	"surety/idp/procedure"
)

// one knows one client.
type one struct{ client *client.Client }

func (o one) Client(_ context.Context, id idp.ClientID) (*client.Client, error) {
	if id != o.client.ID {
		return nil, idp.E(idp.CodeNotFound, "")
	}
	return o.client, nil
}

func fuzzed(t testing.TB) (*Endpoint, *client.Client) {
	t.Helper()
	c, err := client.New("agency", client.Metadata{
		Names: client.Localized{"": "Agency"}, ApplicationType: client.ApplicationNative, TokenEndpointAuthMethod: client.AuthNone,
		RedirectURIs: []string{"https://agency.example/cb?a=b", "http://127.0.0.1/cb", "example.agency:/cb"},
		SubjectType:  client.SubjectPublic,
	}, time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	return New(Config{Issuer: "https://id.example"}, Dependencies{
		Clients: one{c}, Procedures: one{c}, Civil: func() time.Time { return time.Unix(0, 0) },
	}), c
}

// InForce knows the procedure "a" of the client itself.
func (o one) InForce(_ context.Context, agency string, codes []string, _ time.Time) ([]procedure.Procedure, error) {
	if agency != string(o.client.ID) || !slices.Equal(codes, []string{"a"}) {
		return nil, idp.E(idp.CodeNotFound, "").With("code", codes[len(codes)-1])
	}
	return []procedure.Procedure{{Agency: agency, Code: "a", Scopes: []string{"email"}}}, nil
}

// FuzzRedirectURI checks that an answer only ever goes to a registered
// address, whatever a request says, and that what is added to it stays in its
// query.
func FuzzRedirectURI(f *testing.F) {
	e, c := fuzzed(f)
	for _, seed := range []string{
		"https://agency.example/cb?a=b", "http://127.0.0.1:51004/cb", "example.agency:/cb", "https://agency.example/cb", "http://127.0.0.1:99999/cb",
		"https://agency.example/cb?a=b#", "http://127.0.0.1:1@evil.example/cb", "http://127.0.0.1:80/cb\r\nX: y", "//127.0.0.1/cb", "http://127.0.0.1:0x50/cb",
	} {
		f.Add(seed, "state")
	}
	f.Fuzz(func(t *testing.T, uri, state string) {
		form := url.Values{"client_id": {"agency"}, "redirect_uri": {uri}, "state": {state}}
		a, failure := e.identify(t.Context(), form)
		if failure != nil {
			if a != nil || failure.Kind != oidc.FailedClient || slices.Contains(c.RedirectURIs, uri) {
				t.Errorf("%q: %+v", uri, failure)
			}
			return
		}
		if !c.RedirectAllowed(uri) {
			t.Fatalf("%q is not registered", uri)
		}
		rec := httptest.NewRecorder()
		e.refuse(rec, httptest.NewRequest("GET", "/authorize", nil), a, oidc.Bad("x", "y"))
		to := rec.Header().Get("Location")
		if !strings.HasPrefix(to, uri) || strings.ContainsAny(to, "\r\n #") {
			t.Errorf("%q led to %q", uri, to)
		}
		u, err := url.Parse(to)
		if err != nil {
			t.Fatalf("%q: %v", to, err)
		}
		if got := u.Query(); got.Get("state") != state || got.Get("iss") != "https://id.example" || got.Get("error") != "x" {
			t.Errorf("%q: %v", to, got)
		}
	})
}

// FuzzRequest checks that no query makes the parser fail in another way than
// by a fault that can be told, and that what it accepts is within its bounds.
func FuzzRequest(f *testing.F) {
	e, _ := fuzzed(f)
	base := "client_id=agency&redirect_uri=example.agency:/cb&response_type=code&code_challenge_method=S256&code_challenge=" + strings.Repeat("a", 43)
	for _, seed := range []string{
		"", "&scope=openid+profile&nonce=x", "&prompt=none+login", "&max_age=0", "&max_age=-1", "&claims=%7B%7D", "&resource=x&resource=y",
		"&response_mode=form_post", "&acr_values=a+b", "&ui_locales=be+ru", "&login_hint=%ff", "&request=x", "&scope=openid&scope=openid",
		"&authorization_details=" + url.QueryEscape(`[{"type":"procedure","code":"a"}]`), "&authorization_details=%5B", "&authorization_details=" + strings.Repeat("%5B", 2000),
		"&authorization_details=" + url.QueryEscape(`[{"type":"procedure","code":"b"}]`), "&claims=" + url.QueryEscape(`{"id_token":{"acr":{"essential":true,"values":["a"]}}}`),
	} {
		f.Add(base + seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		form, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		a, failure := e.identify(t.Context(), form)
		if failure != nil {
			return
		}
		if form.Has("id_token_hint") {
			return // needs keys
		}
		if fault := e.understand(t.Context(), a); fault != nil {
			if fault.Code == "" || fault.Status >= 500 {
				t.Errorf("%q: %+v", query, fault)
			}
			return
		}
		r := a.request
		if len(r.ACRValues) > maxACRValues+20 || len(r.UILocales) > maxLocales || len(r.LoginHint) > maxHint || len(a.nonce) > maxNonce ||
			len(a.challenge) != 43 || r.MaxAge != nil && *r.MaxAge < 0 || len(r.Audience) > 0 ||
			len(r.Procedures) != len(a.procedures) || len(r.Procedures) > 0 && (r.Agency != "agency" || !slices.Contains(r.Scopes, "email")) {
			t.Errorf("%q: %+v", query, r)
		}
	})
}
