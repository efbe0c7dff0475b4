package token

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"surety/idp"
	"surety/idp/client"
	"surety/idp/keys"
	"surety/idp/oidc"
	"surety/idp/oidc/store"
)

// known knows one client, and fails the test when it is asked for what cannot
// be the id of one.
type known struct {
	*testing.T
	client *client.Client
}

func (k known) Client(_ context.Context, id idp.ClientID) (*client.Client, error) {
	if strings.ContainsFunc(string(id), func(r rune) bool { return r < ' ' || r > '~' }) || len(id) > 255 {
		k.Errorf("asked for client %q", id)
	}
	if id != k.client.ID {
		return nil, idp.E(idp.CodeNotFound, "")
	}
	return k.client, nil
}

// fuzzed is a confidential client and its secret, and the time of the test.
func fuzzed(t testing.TB, method client.AuthMethod) (c *client.Client, secret string, ring *keys.Ring, now time.Time) {
	t.Helper()
	now, ring = time.Unix(1_800_000_000, 0), keys.NewRing()
	c, err := client.New("the client", client.Metadata{
		Names: client.Localized{"": "Agency"}, GrantTypes: []client.GrantType{client.GrantClientCredentials}, TokenEndpointAuthMethod: method,
		JWKS: []byte(`{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}`),
	}, now)
	if err != nil {
		t.Fatal(err)
	}
	secret, hash := client.NewSecret(client.HashWith(ring))
	c.Secrets = []client.Secret{hash}
	return c, secret, ring, now
}

func try(t *testing.T, c *client.Client, ring *keys.Ring, now time.Time, header string, form url.Values) (*client.Client, error) {
	e := &Endpoint{Config: Config{Issuer: "https://id.example"}, Dependencies: Dependencies{Clients: known{t, c}, Ring: ring}, hash: client.HashWith(ring)}
	r := httptest.NewRequest(http.MethodPost, "/token", nil)
	if header != "" {
		r.Header.Set("Authorization", header)
	}
	return e.authenticate(store.With(t.Context(), &store.Work{Now: now}), r, form)
}

// FuzzBasicHeader checks that nothing but the right secret opens the door, and
// that a refusal is always invalid_client with a challenge.
func FuzzBasicHeader(f *testing.F) {
	c, secret, ring, now := fuzzed(f, client.AuthSecretBasic)
	good := "Basic " + base64.StdEncoding.EncodeToString([]byte("the+client:"+secret))
	for _, seed := range []string{good, "Basic", "Basic ", "basic  dGhlK2NsaWVudDo=", "Bearer x", "Basic dGhlJTIwY2xpZW50Og==", "Basic OjoK", "Basic JTAwOng="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		got, err := try(t, c, ring, now, header, url.Values{})
		if err == nil {
			_, shown, ok := parseBasic(header)
			if !ok || shown != secret || got != c {
				t.Errorf("let in by %q", header)
			}
			return
		}
		fault := oidc.FaultOf(err)
		if fault.Code != oidc.InvalidClient || fault.Status != http.StatusUnauthorized || (header != "") != (fault.Challenge != "") {
			t.Errorf("%q: %+v", header, fault)
		}
	})
}

// FuzzClientAssertion checks that no text is an assertion by a key that the
// fuzzer does not have.
func FuzzClientAssertion(f *testing.F) {
	c, _, ring, now := fuzzed(f, client.AuthPrivateKeyJWT)
	enc := base64.RawURLEncoding.EncodeToString
	claims := `{"iss":"the client","sub":"the client","aud":"https://id.example","jti":"x","exp":1800000060}`
	for _, head := range []string{`{"alg":"ES256"}`, `{"alg":"none"}`, `{"alg":"HS256"}`, `{"alg":"ES256","jwk":{"kty":"EC"}}`, `{"alg":"RS256","kid":"x"}`} {
		f.Add(enc([]byte(head)) + "." + enc([]byte(claims)) + "." + enc(make([]byte, 64)))
	}
	f.Add("..")
	f.Add("{}")
	f.Fuzz(func(t *testing.T, proof string) {
		got, err := try(t, c, ring, now, "", url.Values{"client_assertion_type": {assertionType}, "client_assertion": {proof}})
		if err == nil || got != nil {
			t.Fatalf("let in by %q", proof)
		}
		if fault := oidc.FaultOf(err); fault.Code != oidc.InvalidClient || fault.Status != http.StatusUnauthorized {
			t.Errorf("%q: %+v", proof, fault)
		}
	})
}
