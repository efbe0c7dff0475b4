package oidc_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"surety/idp"
	"surety/idp/client"
	"surety/idp/oidc/token"

	"github.com/go-jose/go-jose/v4"
)

// signer is a client's own key pair.
type signer struct {
	testing.TB
	alg  jose.SignatureAlgorithm
	key  crypto.Signer
	kid  string
	jwks []byte
}

func newSigner(t testing.TB, alg jose.SignatureAlgorithm, kid, use string) signer {
	t.Helper()
	s := signer{TB: t, alg: alg, kid: kid}
	var err error
	switch alg {
	case jose.ES256:
		s.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.EdDSA:
		_, s.key, err = ed25519.GenerateKey(rand.Reader)
	default:
		s.key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		t.Fatal(err)
	}
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: s.key.Public(), KeyID: kid, Use: use}}}
	if s.jwks, err = json.Marshal(set); err != nil {
		t.Fatal(err)
	}
	return s
}

// assertion signs claims as they are.
func (s signer) assertion(claims map[string]any) string {
	s.Helper()
	opts := (&jose.SignerOptions{}).WithType("JWT")
	if s.kid != "" {
		opts = opts.WithHeader("kid", s.kid)
	}
	j, err := jose.NewSigner(jose.SigningKey{Algorithm: s.alg, Key: s.key}, opts)
	if err != nil {
		s.Fatal(err)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		s.Fatal(err)
	}
	signed, err := j.Sign(body)
	if err != nil {
		s.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		s.Fatal(err)
	}
	return text
}

func keyClient(jwks []byte) func(*client.Metadata) {
	return func(m *client.Metadata) {
		serviceClient(m)
		m.TokenEndpointAuthMethod, m.JWKS = client.AuthPrivateKeyJWT, jwks
	}
}

// claimsFor are those of a good assertion; changes replace or, with nil, remove.
func claimsFor(a *agency, changes ...any) map[string]any {
	now := a.world.clock.Now()
	c := map[string]any{
		"iss": a.ID, "sub": a.ID, "aud": issuer, "jti": idp.NewID(), "exp": now.Add(time.Minute).Unix(), "iat": now.Unix(),
	}
	for i := 0; i < len(changes); i += 2 {
		if changes[i+1] == nil {
			delete(c, changes[i].(string))
		} else {
			c[changes[i].(string)] = changes[i+1]
		}
	}
	return c
}

// prove asks for a token of the client's own with an assertion.
func prove(a *agency, assertion string) reply {
	a.world.Helper()
	form := ownForm()
	form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	form.Set("client_assertion", assertion)
	return a.world.call(a.world.Context(), "/token", form, nil)
}

func TestA7_11_ClientAssertions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := newSigner(t, jose.ES256, "k1", "") // no use: fosite would not look at it
	a := w.agency(keyClient(key.jwks))
	prove(a, key.assertion(claimsFor(a))).want(http.StatusOK, "")

	now := w.clock.Now()
	for name, changes := range map[string][]any{
		"other issuer":       {"iss", "somebody"},
		"no sub":             {"sub", nil},
		"token endpoint":     {"aud", issuer + "/token"},
		"list as audience":   {"aud", []string{issuer, "https://other.example"}},
		"list of one":        {"aud", []string{issuer}},
		"no audience":        {"aud", nil},
		"no jti":             {"jti", nil},
		"no exp":             {"exp", nil},
		"long life":          {"exp", now.Add(6 * time.Minute).Unix()},
		"five minutes ago":   {"exp", now.Add(-5 * time.Minute).Unix()},
		"not before a while": {"nbf", now.Add(61 * time.Second).Unix()},
		"from the future":    {"iat", now.Add(61 * time.Second).Unix()},
		"exp is text":        {"exp", "tomorrow"},
		"exp is enormous":    {"exp", 1e300},
	} {
		r := prove(a, key.assertion(claimsFor(a, changes...)))
		if r.status != http.StatusUnauthorized || r.text("error") != "invalid_client" {
			t.Errorf("%s: %d %v", name, r.status, r.body)
		}
	}
	// Clocks may differ by a few seconds.
	prove(a, key.assertion(claimsFor(a, "nbf", now.Add(8*time.Second).Unix(), "iat", now.Add(8*time.Second).Unix()))).want(http.StatusOK, "")

	// Showing an assertion where it is not meant for does not use it up, and
	// using it once does.
	wrongAudience := claimsFor(a, "aud", "https://other.example")
	prove(a, key.assertion(wrongAudience)).want(http.StatusUnauthorized, "invalid_client")
	wrongAudience["aud"] = issuer
	good := key.assertion(wrongAudience)
	prove(a, good).want(http.StatusOK, "")
	prove(a, good).want(http.StatusUnauthorized, "invalid_client")

	// The jti of one client is nothing to another.
	other := newSigner(t, jose.ES256, "k1", "sig")
	b := w.agency(keyClient(other.jwks))
	prove(b, other.assertion(claimsFor(b, "jti", wrongAudience["jti"], "exp", wrongAudience["exp"]))).want(http.StatusOK, "")
	// Nor is its key.
	prove(a, other.assertion(claimsFor(a))).want(http.StatusUnauthorized, "invalid_client")
}

func TestA7_11_AssertionUsedByManyAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := newSigner(t, jose.ES256, "", "sig")
	a := w.agency(keyClient(key.jwks))
	proof := key.assertion(claimsFor(a))
	var good atomic.Int32
	done := make(chan struct{})
	const many = 16
	for range many {
		go func() {
			if prove(a, proof).status == http.StatusOK {
				good.Add(1)
			}
			done <- struct{}{}
		}()
	}
	for range many {
		<-done
	}
	if good.Load() != 1 {
		t.Errorf("used %d times", good.Load())
	}
}

func TestA7_11_AssertionAlgorithms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, alg := range []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.PS256, jose.EdDSA} {
		key := newSigner(t, alg, "k", "sig")
		a := w.agency(keyClient(key.jwks))
		prove(a, key.assertion(claimsFor(a))).want(http.StatusOK, "")
		if alg == jose.RS256 {
			pinned := w.agency(func(m *client.Metadata) {
				keyClient(key.jwks)(m)
				m.TokenEndpointAuthSigningAlg = client.PS256
			})
			prove(pinned, key.assertion(claimsFor(pinned))).want(http.StatusUnauthorized, "invalid_client")
		}
	}
	// The secret of another client as an HMAC key, and no signature at all.
	key := newSigner(t, jose.ES256, "k", "sig")
	a := w.agency(keyClient(key.jwks))
	mac := signer{TB: t, alg: jose.HS256}
	j, err := jose.NewSigner(jose.SigningKey{Algorithm: mac.alg, Key: key.jwks}, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := json.Marshal(claimsFor(a))
	signed, err := j.Sign(body)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := signed.CompactSerialize()
	for _, proof := range []string{text, "eyJhbGciOiJub25lIn0.e30.", "a.b.c", "", "...", "{}"} {
		prove(a, proof).want(http.StatusUnauthorized, "invalid_client")
	}
}

func TestA7_10_Introspection(t *testing.T) {
	t.Parallel()
	w, a, b := setup(t, func(m *client.Metadata) { m.Resources = []string{"https://api.example/"} })
	at := a.tokens(b, "resource", "https://api.example/").text("access_token")
	r := a.post("/introspect", tokenForm(at))
	for name, want := range map[string]any{
		"active": true, "iss": issuer, "client_id": string(a.ID), "token_type": "Bearer", "scope": "openid profile", "acr": acrBasic,
	} {
		if r.body[name] != want {
			t.Errorf("%s is %v, want %v", name, r.body[name], want)
		}
	}
	if r.header.Get("Cache-Control") != "no-store" || r.header.Get("Content-Type") != "application/json" {
		t.Errorf("%v", r.header)
	}

	// Not by showing any other good token, and not without a word.
	for _, header := range []http.Header{nil, {"Authorization": {"Bearer " + at}}} {
		w.call(t.Context(), "/introspect", tokenForm(at), header).want(http.StatusUnauthorized, "invalid_client")
	}
	// By a secret in the body and by a key, if so registered. The token is
	// meant for api, and for nobody else but its owner.
	key := newSigner(t, jose.ES256, "k", "sig")
	api := w.agency(func(m *client.Metadata) {
		serviceClient(m)
		m.TokenEndpointAuthMethod, m.Resources = client.AuthSecretPost, []string{"https://api.example/"}
	})
	if r := api.post("/introspect", tokenForm(at)); r.body["active"] != true {
		t.Errorf("audience sees %v", r.body)
	}
	stranger := w.agency(keyClient(key.jwks))
	form := tokenForm(at)
	form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	form.Set("client_assertion", key.assertion(claimsFor(stranger)))
	r = w.call(t.Context(), "/introspect", form, nil)
	if r.status != http.StatusOK || r.body["active"] != false || len(r.body) != 1 {
		t.Errorf("stranger sees %d %v", r.status, r.body)
	}
	// A public client is anybody.
	public := w.agency(func(m *client.Metadata) { m.TokenEndpointAuthMethod = client.AuthNone })
	public.post("/introspect", tokenForm(at)).want(http.StatusUnauthorized, "invalid_client")
	// What is no token at all says nothing either.
	for _, token := range []string{"x", "a.b.c", at + "x", at[:len(at)-2]} {
		if r := a.post("/introspect", tokenForm(token)); r.body["active"] != false || len(r.body) != 1 {
			t.Errorf("garbage: %v", r.body)
		}
	}
	a.post("/introspect", url.Values{"token_type_hint": {"access_token"}}).want(http.StatusBadRequest, "invalid_request")
}

func TestA7_16_KeySetIsFetchedWithCare(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, second := newSigner(t, jose.ES256, "one", "sig"), newSigner(t, jose.ES256, "two", "sig")
	var serve atomic.Value
	var fetches atomic.Int32
	serve.Store(first.jwks)
	server := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		fetches.Add(1)
		switch r.URL.Path {
		case "/moved":
			http.Redirect(rw, r, "/jwks", http.StatusFound)
		case "/huge":
			_, _ = rw.Write(make([]byte, 1<<20))
		default:
			_, _ = rw.Write(serve.Load().([]byte))
		}
	}))
	defer server.Close()
	w.keySets = token.NewFetcher(server.Client(), w.clock.Now)
	w.mount()
	at := func(path string) *agency {
		return w.agency(func(m *client.Metadata) {
			keyClient(nil)(m)
			m.JWKSURI = server.URL + path
		})
	}
	for _, path := range []string{"/moved", "/huge"} {
		a := at(path)
		r := prove(a, first.assertion(claimsFor(a)))
		if r.status == http.StatusOK {
			t.Errorf("%s was accepted", path)
		}
	}
	a := at("/jwks")
	fetches.Store(0)
	for range 3 {
		prove(a, first.assertion(claimsFor(a))).want(http.StatusOK, "")
	}
	if n := fetches.Load(); n != 1 {
		t.Errorf("%d fetches for three requests", n)
	}
	// A key changed at the client is found within a minute, and a stranger's
	// token cannot make us ask all the time.
	serve.Store(second.jwks)
	for range 5 {
		prove(a, newSigner(t, jose.ES256, "three", "").assertion(claimsFor(a))).want(http.StatusUnauthorized, "invalid_client")
	}
	if n := fetches.Load(); n > 2 {
		t.Errorf("%d fetches for a stranger", n)
	}
	w.advance(30 * time.Second)
	prove(a, second.assertion(claimsFor(a))).want(http.StatusOK, "")
	prove(a, first.assertion(claimsFor(a))).want(http.StatusUnauthorized, "invalid_client")
}
