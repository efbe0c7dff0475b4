package client_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"strings"
	"testing"

	"surety/idp/client"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
)

// The key of RFC 7517, appendix A.1.
const publicKeySet = `{"keys":[{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","use":"sig","kid":"1"}]}`

func TestImportOneOrMany(t *testing.T) {
	t.Parallel()
	one := `{"client_name":"Tax","client_name#be":"Падатковая","redirect_uris":["https://tax.example/cb"],"require_pkce":false,"default_max_age":0,"scope":null}`
	docs, err := client.ParseImport(strings.NewReader(one))
	if err != nil || len(docs) != 1 {
		t.Fatalf("%v, %v", docs, err)
	}
	m := docs[0].Metadata
	// OpenID Connect Dynamic Client Registration 1.0, section 2: none named is RS256.
	if m.IDTokenSignedResponseAlg != client.RS256 || m.RequirePKCE == nil || *m.RequirePKCE || m.DefaultMaxAge == nil || *m.DefaultMaxAge != 0 {
		t.Errorf("read as %+v", m)
	}
	if diff := cmp.Diff(client.Localized{"": "Tax", "be": "Падатковая"}, m.Names); diff != "" {
		t.Error(diff)
	}
	docs, err = client.ParseImport(strings.NewReader("[" + one + "," + one + "]"))
	if err != nil || len(docs) != 2 {
		t.Fatalf("%d clients, %v", len(docs), err)
	}
}

func TestImportKeepsOutWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	docs, err := client.ParseImport(strings.NewReader(`{"client_name":"Tax","client_id":"evil","client_secret":"x","id_token_encrypted_response_alg":"RSA1_5","Redirect_URIs":["https://evil.example/"]}`))
	if err != nil {
		t.Fatal(err)
	}
	var members []string
	for _, w := range docs[0].Warnings {
		members = append(members, w.Member)
	}
	want := []string{"Redirect_URIs", "client_id", "client_secret", "id_token_encrypted_response_alg"}
	if diff := cmp.Diff(want, members); diff != "" {
		t.Error(diff)
	}
	if docs[0].Metadata.RedirectURIs != nil {
		t.Error("a member in other letters was taken for the real one")
	}
}

func TestImportRefuses(t *testing.T) {
	t.Parallel()
	for doc, want := range map[string]string{
		``:                                       "not a JSON object",
		`null`:                                   "is null",
		`[]`:                                     "no client",
		`[null]`:                                 "is null",
		`"x"`:                                    "not a JSON object",
		`{"redirect_uris":"https://a.example/"}`: "redirect_uris is of the wrong type, want a list",
		`{"default_max_age":"5"}`:                "default_max_age is of the wrong type, want a whole number",
		`{"client_name":5}`:                      "client_name is of the wrong type",
		`{"client_name#":"x"}`:                   "language tag",
		`{"client_name#no such tag":"x"}`:        "language tag",
		`{"require_pkce":"yes","scope":1}`:       "require_pkce is of the wrong type, want true or false; scope is of",
		`[{"client_name":"a"},{"client_name":[]}]`:                "client 2 of 2",
		`{"client_name":"a"} trailing`:                            "not a JSON object",
		`{"a":"` + strings.Repeat("a", client.MaxDocument) + `"}`: "larger than",
	} {
		_, err := client.ParseImport(strings.NewReader(doc))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %q", doc, err, want)
		}
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	ec := func(c elliptic.Curve) *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(c, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	set := func(keys ...jose.JSONWebKey) json.RawMessage {
		b, err := json.Marshal(jose.JSONWebKeySet{Keys: keys})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	good := ec(elliptic.P256())
	for name, row := range map[string]struct {
		jwks json.RawMessage
		want string
	}{
		"good":           {set(jose.JSONWebKey{Key: good.Public(), KeyID: "1"}), ""},
		"private":        {set(jose.JSONWebKey{Key: good}), "is private"},
		"symmetric":      {set(jose.JSONWebKey{Key: []byte("0123456789abcdef0123456789abcdef")}), "is private or symmetric"},
		"other curve":    {set(jose.JSONWebKey{Key: ec(elliptic.P384()).Public()}), "P-256"},
		"small RSA":      {set(jose.JSONWebKey{Key: small.Public()}), "2048"},
		"HS256 by alg":   {set(jose.JSONWebKey{Key: good.Public(), Algorithm: "HS256"}), `alg "HS256"`},
		"none":           {json.RawMessage(`{"keys":[]}`), "at least one key"},
		"not a set":      {json.RawMessage(`"x"`), "not a key set"},
		"point off line": {json.RawMessage(`{"keys":[{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"}]}`), "not a key set"},
	} {
		m := agency()
		m.TokenEndpointAuthMethod, m.JWKS = client.AuthPrivateKeyJWT, row.jwks
		c, err := client.New("c1", m, start)
		switch {
		case row.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case row.want == "" && len(c.Keys.Keys) != 1:
			t.Errorf("%s: %d keys", name, len(c.Keys.Keys))
		case row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)):
			t.Errorf("%s: %v, want %q", name, err, row.want)
		}
	}
}

// FuzzImport: whatever the bytes, reading them ends, and what is accepted
// comes back the same from storage and never allows what it should not.
func FuzzImport(f *testing.F) {
	f.Add(`{"client_name":"Tax","redirect_uris":["https://tax.example/cb"]}`)
	f.Add(`[{"client_name#be":"x","application_type":"native","redirect_uris":["http://127.0.0.1/cb","by.gov:/x"],"jwks":` + publicKeySet + `}]`)
	f.Add(`{"client_name":"x","redirect_uris":["https://a\\@b/"],"grant_types":[]}`)
	f.Fuzz(func(t *testing.T, doc string) {
		docs, err := client.ParseImport(strings.NewReader(doc))
		if err != nil {
			return
		}
		for _, d := range docs {
			c, err := client.New("c1", d.Metadata, start)
			if err != nil {
				continue
			}
			for _, uri := range c.RedirectURIs {
				if !c.RedirectAllowed(uri) || strings.Contains(uri, "#") || strings.HasPrefix(strings.ToLower(uri), "javascript:") {
					t.Errorf("redirect URI %q", uri)
				}
			}
			b, err := json.Marshal(c.Metadata)
			if err != nil {
				t.Fatal(err)
			}
			var back client.Metadata
			if err := json.Unmarshal(b, &back); err != nil {
				t.Fatalf("stored as %s: %v", b, err)
			}
			if _, err := client.New("c1", back, start); err != nil {
				t.Errorf("stored as %s: %v", b, err)
			}
		}
	})
}
