package guard_test

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"surety/assurance/guard"
)

// TestRefusesForgedHeaders attacks what is decided before the claims: who
// signed, with what, and as what kind of token.
func TestRefusesForgedHeaders(t *testing.T) {
	t.Parallel()
	es, rs := accepted()["ES256"], accepted()["RS256"]
	other, stranger := newSigner("key-other", "ES256"), newSigner("key-ES256", "ES256")
	h := newHouse(t, es, rs, accepted()["PS256"], other)
	claims := h.claims()
	good := es.token(claims)
	parts := strings.Split(good, ".")
	der, err := x509.MarshalPKIXPublicKey(rs.private.Public())
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	head := func(more members) string { return compact(es.header().with(more), claims, es.sign) }
	hmacHead := members{"alg": "HS256", "typ": "at+jwt", "kid": rs.kid}
	own := func(more members) string { return compact(stranger.header().with(more), claims, stranger.sign) }
	raised := part(text(claims.with(members{"acr": high})))

	attacks := map[string]string{
		"claims changed":               parts[0] + "." + raised + "." + parts[2],
		"signature of another token":   parts[0] + "." + raised + "." + strings.Split(es.token(claims.with(members{"jti": "b"})), ".")[2],
		"signature taken away":         parts[0] + "." + parts[1] + ".",
		"signature cut":                good[:len(good)-8],
		"signature of zeros":           parts[0] + "." + parts[1] + "." + part(make([]byte, 64)),
		"re-signed by a stranger":      own(nil),
		"kid of another key":           head(members{"kid": other.kid}),
		"kid of another algorithm":     head(members{"kid": rs.kid}),
		"kid unknown":                  head(members{"kid": "key-nobody"}),
		"kid is a path":                head(members{"kid": "../../../dev/null"}),
		"kid missing":                  head(members{"kid": nil}),
		"kid empty":                    head(members{"kid": ""}),
		"kid is a number":              head(members{"kid": 1}),
		"alg none":                     compact(es.header().with(members{"alg": "none"}), claims, unsigned),
		"alg none with a signature":    head(members{"alg": "none"}),
		"alg NONE":                     compact(es.header().with(members{"alg": "NONE"}), claims, unsigned),
		"alg missing":                  head(members{"alg": nil}),
		"alg empty":                    head(members{"alg": ""}),
		"alg lower case":               head(members{"alg": "es256"}),
		"alg ES384":                    head(members{"alg": "ES384"}),
		"HMAC with the public PEM":     compact(hmacHead, claims, hs256(public)),
		"HMAC with the public DER":     compact(hmacHead, claims, hs256(der)),
		"HMAC with the JWK":            compact(hmacHead, claims, hs256(text(rs.jwk()))),
		"HMAC with an empty secret":    compact(hmacHead, claims, hs256(nil)),
		"RS256 key used as PS256":      compact(rs.header().with(members{"alg": "PS256"}), claims, signer{rs.kid, "PS256", rs.private}.sign),
		"embedded jwk":                 own(members{"jwk": stranger.jwk()}),
		"embedded jwk, unknown kid":    own(members{"jwk": stranger.jwk(), "kid": "mine"}),
		"embedded jwk, well signed":    head(members{"jwk": es.jwk()}),
		"embedded jwk null":            compact(`{"alg":"ES256","typ":"at+jwt","kid":"key-ES256","jwk":null}`, claims, es.sign),
		"jku":                          head(members{"jku": h.URL + "/jwks"}),
		"x5u":                          head(members{"x5u": h.URL + "/certificate"}),
		"x5c":                          head(members{"x5c": []string{"MIIB"}}),
		"crit":                         head(members{"crit": []string{"exp"}}),
		"b64 false":                    head(members{"b64": false, "crit": []string{"b64"}}),
		"zip":                          head(members{"zip": "DEF"}),
		"typ missing":                  head(members{"typ": nil}),
		"an ID token":                  head(members{"typ": "JWT"}),
		"a logout token":               head(members{"typ": "logout+jwt"}),
		"typ with a suffix":            head(members{"typ": "at+jwt2"}),
		"alg twice":                    compact(`{"alg":"ES256","typ":"at+jwt","kid":"key-ES256","alg":"none"}`, claims, es.sign),
		"alg in another case":          compact(`{"ALG":"ES256","typ":"at+jwt","kid":"key-ES256"}`, claims, es.sign),
		"header is a list":             compact(`["ES256"]`, claims, es.sign),
		"header is null":               compact(`null`, claims, es.sign),
		"header is not JSON":           compact(`{"alg":"ES256"`, claims, es.sign),
		"header nested deep":           compact(`{"alg":`+strings.Repeat("[", 9000), claims, es.sign),
		"header with base64 padding":   base64.URLEncoding.EncodeToString(text(es.header().with(members{"a": "b"}))) + "." + parts[1] + "." + parts[2],
		"not a token":                  "opaque",
		"two parts":                    parts[0] + "." + parts[1],
		"four parts":                   good + "." + parts[2],
		"five parts, as a JWE":         parts[0] + "." + parts[1] + "." + parts[1] + "." + parts[1] + "." + parts[2],
		"empty parts":                  "..",
		"dots":                         strings.Repeat(".", 1000),
		"too long, though well signed": es.token(claims.with(members{"padding": strings.Repeat("x", 16<<10)})),
	}
	for name, token := range attacks {
		t.Run(name, func(t *testing.T) { attack(t, h, token) })
	}
}

// TestRefusesClaims attacks with tokens that Surety's own key has signed.
func TestRefusesClaims(t *testing.T) {
	t.Parallel()
	es := accepted()["ES256"]
	h := newHouse(t, es)
	now := h.now().Unix()
	for name, more := range map[string]members{
		"expired":                      {"exp": now - 10},
		"expired long ago":             {"exp": now - 1e6},
		"exp missing":                  {"exp": nil},
		"exp is a text":                {"exp": fmt.Sprint(now + 300)},
		"exp beyond all dates":         {"exp": 1e300},
		"exp negative":                 {"exp": -1},
		"issued in the future":         {"iat": now + 11},
		"iat missing":                  {"iat": nil},
		"not yet good":                 {"nbf": now + 11},
		"nbf is a text":                {"nbf": "soon"},
		"not yet good, beyond dates":   {"nbf": 1e300},
		"logged in before all dates":   {"auth_time": -1},
		"logged in in the future":      {"auth_time": now + 11},
		"another issuer":               {"iss": "https://id.evil.example"},
		"issuer with a slash":          {"iss": h.URL + "/"},
		"issuer in another case":       {"iss": strings.ToUpper(h.URL)},
		"issuer missing":               {"iss": nil},
		"issuer is a list":             {"iss": []string{h.URL}},
		"another audience":             {"aud": "https://api.other.example"},
		"audience with a slash":        {"aud": api + "/"},
		"audience is a prefix":         {"aud": "https://api.tax"},
		"audience is the client":       {"aud": "portal-client"},
		"audience is Surety":           {"aud": h.URL},
		"audiences of others":          {"aud": []string{h.URL, "https://api.other.example"}},
		"audience list empty":          {"aud": []string{}},
		"audience in a list in one":    {"aud": []any{[]string{api}}},
		"audience missing":             {"aud": nil},
		"audience is an object":        {"aud": members{api: true}},
		"bound to a certificate":       {"cnf": members{"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}},
		"bound to a DPoP key":          {"cnf": members{"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}},
		"bound to nothing":             {"cnf": members{}},
		"subject missing":              {"sub": nil},
		"subject empty":                {"sub": ""},
		"subject is a number":          {"sub": 7},
		"client missing":               {"client_id": nil},
		"token id missing":             {"jti": nil},
		"acr is a list":                {"acr": []string{high}},
		"amr is a text":                {"amr": "pwd"},
		"scope is a list":              {"scope": []string{"tax:read"}},
		"an ID token's claims":         {"aud": "portal-client", "client_id": nil, "jti": nil, "nonce": "n", "scope": nil},
		"issuer only in capital ISS":   {"iss": nil, "ISS": h.URL},
		"audience only in capital Aud": {"aud": nil, "Aud": api},
	} {
		t.Run(name, func(t *testing.T) { attack(t, h, es.token(h.claims().with(more))) })
	}
	whole := string(text(h.claims()))
	for name, claims := range map[string]string{
		"cnf is null":      whole[:len(whole)-1] + `,"cnf":null}`,
		"acr twice":        whole[:len(whole)-1] + `,"acr":"` + high + `"}`,
		"not JSON":         whole[:len(whole)-1],
		"more after JSON":  whole + "{}",
		"a list":           "[" + whole + "]",
		"null":             "null",
		"empty":            "",
		"a text":           `"` + api + `"`,
		"nested deep":      `{"iss":` + strings.Repeat("[", 9000),
		"binary":           "\x00\xff\xfe",
		"a million digits": `{"exp":` + strings.Repeat("9", 9000) + `}`,
	} {
		t.Run(name, func(t *testing.T) { attack(t, h, compact(es.header(), claims, es.sign)) })
	}
}

// attack expects invalid_token, whatever is asked for, and that neither the
// answer nor the log holds anything of the token.
func attack(t *testing.T, h *house, token string) {
	t.Helper()
	g := h.guard(t)
	for _, q := range []guard.Requirement{{}, {Level: high, Scopes: []string{"tax:declare"}}} {
		w := call(g, q, token)
		expect(t, w, http.StatusUnauthorized, "invalid_token")
		leaks(t, "answer", dump(w), token)
	}
	leaks(t, "log", h.log.String(), token)
}

func dump(w *httptest.ResponseRecorder) string {
	var out bytes.Buffer
	_ = w.Result().Header.Write(&out)
	return out.String() + w.Body.String()
}

func leaks(t *testing.T, where, what, token string) {
	t.Helper()
	secrets := append(strings.Split(token, "."), "pairwise-subject", "portal-client", "token-identifier", "key-nobody", "evil", "dev/null")
	for _, secret := range secrets {
		if len(secret) > 3 && strings.Contains(what, secret) {
			t.Errorf("%s holds %q of the token: %s", where, secret, what)
		}
	}
}

// TestOneSpelling: the last character of each part has bits to spare, which a
// lenient reader would not look at.
func TestOneSpelling(t *testing.T) {
	t.Parallel()
	key := accepted()["ES256"]
	h := newHouse(t, key)
	g := h.guard(t)
	// Lengths of which base64 leaves bits over: 64 bytes of signature, and
	// these header and claims.
	head, claims := string(text(key.header())), string(text(h.claims()))
	head += strings.Repeat(" ", (4-len(head)%3)%3)
	claims += strings.Repeat(" ", (4-len(claims)%3)%3)
	token := compact(head, claims, key.sign)
	expect(t, call(g, guard.Requirement{}, token), http.StatusOK, "")
	for i := range 3 {
		parts := strings.Split(token, ".")
		end := len(parts[i]) - 1
		parts[i] = parts[i][:end] + string(parts[i][end]+1) // A, Q, g or w becomes the next
		expect(t, call(g, guard.Requirement{}, strings.Join(parts, ".")), http.StatusUnauthorized, "invalid_token")
	}
}

// TestRefusesTheWayATokenComes is RFC 6750, section 2: by one header, once.
func TestRefusesTheWayATokenComes(t *testing.T) {
	t.Parallel()
	es := accepted()["ES256"]
	h := newHouse(t, es)
	g, token := h.guard(t), es.token(h.claims())
	for name, c := range map[string]struct {
		target  string
		headers []string
		status  int
		code    string
	}{
		"none":                          {"/", nil, 401, ""},
		"empty header":                  {"/", []string{""}, 401, ""},
		"Basic":                         {"/", []string{"Basic cG9ydGFsOnNlY3JldA=="}, 401, ""},
		"DPoP":                          {"/", []string{"DPoP " + token}, 401, ""},
		"no scheme":                     {"/", []string{token}, 401, ""},
		"no space":                      {"/", []string{"Bearer" + token}, 401, ""},
		"scheme alone":                  {"/", []string{"Bearer"}, 400, "invalid_request"},
		"scheme and space":              {"/", []string{"Bearer "}, 400, "invalid_request"},
		"two headers":                   {"/", []string{"Bearer " + token, "Bearer " + token}, 400, "invalid_request"},
		"two headers, one Basic":        {"/", []string{"Basic YTpi", "Bearer " + token}, 400, "invalid_request"},
		"two tokens with a comma":       {"/", []string{"Bearer " + token + ", Bearer " + token}, 400, "invalid_request"},
		"two tokens with a space":       {"/", []string{"Bearer " + token + " " + token}, 400, "invalid_request"},
		"quotes":                        {"/", []string{`Bearer "` + token + `"`}, 400, "invalid_request"},
		"a line break":                  {"/", []string{"Bearer " + token[:9] + "\r\n" + token[9:]}, 400, "invalid_request"},
		"a tab":                         {"/", []string{"Bearer\t" + token}, 401, ""},
		"not ASCII":                     {"/", []string{"Bearer " + token + "é"}, 400, "invalid_request"},
		"in the URL":                    {"/?access_token=" + token, nil, 400, "invalid_request"},
		"in the URL and the header":     {"/?access_token=" + token, []string{"Bearer " + token}, 400, "invalid_request"},
		"in the URL, encoded name":      {"/?x=1&access%5Ftoken=" + token, []string{"Bearer " + token}, 400, "invalid_request"},
		"in the URL after a broken one": {"/?x=%zz&access_token=" + token, nil, 400, "invalid_request"},
		"in the URL, empty":             {"/?access_token", []string{"Bearer " + token}, 400, "invalid_request"},
		"lower case scheme":             {"/", []string{"bearer " + token}, 200, ""},
		"more spaces":                   {"/", []string{"Bearer   " + token}, 200, ""},
		"other parameters":              {"/?q=access_token&token=1", []string{"Bearer " + token}, 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, c.target, nil)
			if c.headers != nil {
				r.Header["Authorization"] = c.headers
			}
			w := serve(g, guard.Requirement{}, r)
			expect(t, w, c.status, c.code)
			if c.status != http.StatusOK {
				leaks(t, "answer", dump(w), token)
			}
		})
	}
	leaks(t, "log", h.log.String(), token)
}

// TestJunkDoesNotReachTheProvider: what cannot be good by its header alone
// costs no call, so that strangers cannot have the provider called.
func TestJunkDoesNotReachTheProvider(t *testing.T) {
	t.Parallel()
	es := accepted()["ES256"]
	h := newHouse(t, es)
	g := h.guard(t)
	head := func(more members) string { return compact(es.header().with(more), h.claims(), es.sign) }
	expect(t, call(g, guard.Requirement{}, ""), http.StatusUnauthorized, "")
	for _, token := range []string{
		"junk", "a.b.c", head(members{"typ": "JWT"}), head(members{"alg": "none"}), head(members{"alg": "HS256"}),
		head(members{"kid": nil}), head(members{"jku": h.URL + "/mine"}), head(members{"kid": strings.Repeat("k", 16<<10)}),
	} {
		expect(t, call(g, guard.Requirement{}, token), http.StatusUnauthorized, "invalid_token")
	}
	if n := h.fetches("/.well-known/openid-configuration"); n != 0 {
		t.Errorf("the provider was asked %d times", n)
	}
}
