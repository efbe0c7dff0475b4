package proxy_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"surety/assurance/guard"
	"surety/assurance/guard/proxy"

	"github.com/go-jose/go-jose/v4"
)

const (
	api    = "https://api.tax.example"
	high   = "https://id.example/acr/high"
	secret = "a secret of at least thirty-two characters"
)

var start = time.Date(2026, time.May, 3, 12, 0, 0, 0, time.UTC)

type members map[string]any

// world is a provider, an API that writes down what it gets, and a table of
// routes between them.
type world struct {
	t      testing.TB
	issuer *httptest.Server
	signer jose.Signer
	guard  *guard.Guard
	api    *httptest.Server

	mu   sync.Mutex
	got  []*http.Request // what reached the API
	body string          // and the last body
	also http.HandlerFunc
}

func newWorld(t testing.TB) *world {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t}
	options := (&jose.SignerOptions{}).WithType("at+jwt").WithHeader("kid", "k")
	if w.signer, err = jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, options); err != nil {
		t.Fatal(err)
	}
	public := jose.JSONWebKey{Key: key.Public(), KeyID: "k", Algorithm: "ES256", Use: "sig"}
	w.issuer = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		answer := members{"issuer": w.issuer.URL, "jwks_uri": w.issuer.URL + "/jwks", "acr_values_supported": []string{"basic", high}}
		if r.URL.Path == "/jwks" {
			answer = members{"keys": []any{public}}
		}
		_ = json.NewEncoder(rw).Encode(answer)
	}))
	t.Cleanup(w.issuer.Close)
	w.api = httptest.NewServer(w)
	t.Cleanup(w.api.Close)
	if w.guard, err = guard.New(guard.Config{Issuer: w.issuer.URL, Audience: api, Clock: func() time.Time { return start }}); err != nil {
		t.Fatal(err)
	}
	return w
}

// ServeHTTP is the API.
func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	var b strings.Builder
	_, _ = fmt.Fprint(&b, r.Method, " ", r.RequestURI)
	buf := make([]byte, 64<<10)
	n, _ := r.Body.Read(buf)
	for r.Body != nil {
		if _, err := r.Body.Read(make([]byte, 1)); err != nil {
			break // to the end, where trailers are
		}
	}
	w.mu.Lock()
	w.got, w.body = append(w.got, r), string(buf[:n])
	also := w.also
	w.mu.Unlock()
	if also != nil {
		also(rw, r)
		return
	}
	rw.Header().Set("X-Surety-Assertion", "echo")
	_, _ = fmt.Fprint(rw, b.String())
}

// last is the last request that reached the API; nil if none did since.
func (w *world) last() *http.Request {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.got) == 0 {
		return nil
	}
	r := w.got[len(w.got)-1]
	w.got = nil
	return r
}

// token is of a person with a procedure, with changes.
func (w *world) token(change members) string {
	claims := members{
		"iss": w.issuer.URL, "aud": api, "sub": "anna", "client_id": "portal", "jti": "g.t", "iat": start.Unix(), "exp": start.Unix() + 300,
		"auth_time": start.Unix() - 60, "acr": high, "amr": []string{"sc", "pin"}, "method": "idcard", "sid": "s", "scope": "tax:read tax:declare",
		"authorization_details": []any{
			members{"type": "procedure", "code": "3.77.01", "agency": "tax"}, members{"type": "procedure", "code": "9", "agency": "police"},
		},
	}
	for name, value := range change {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	text, err := json.Marshal(claims)
	if err != nil {
		w.t.Fatal(err)
	}
	jws, err := w.signer.Sign(text)
	if err != nil {
		w.t.Fatal(err)
	}
	token, err := jws.CompactSerialize()
	if err != nil {
		w.t.Fatal(err)
	}
	return token
}

// routes is the table of most tests.
func routes() []proxy.Route {
	declare := guard.Requirement{Procedure: "3.77.01", Agency: "tax", MaxAge: 5 * time.Minute}
	return []proxy.Route{
		{Path: "/health", Methods: []string{"GET"}, Public: true},
		{Path: "/public/{rest...}", Methods: []string{"GET"}, Public: true},
		{Path: "/account", Requirement: guard.Requirement{Level: high}},
		{Path: "/declarations/{year}", Methods: []string{"GET", "POST"}, Requirement: declare},
		{Path: "/admin/{rest...}", Requirement: guard.Requirement{Scopes: []string{"admin"}}},
		{Path: "/имя", Requirement: guard.Requirement{}},
	}
}

func table(t testing.TB, list []proxy.Route) *proxy.Routes {
	t.Helper()
	r, err := proxy.NewRoutes(list)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func signer(t testing.TB, file string) *proxy.Signer {
	t.Helper()
	s, err := proxy.NewSigner([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (w *world) config() proxy.Config {
	return proxy.Config{
		Guard: w.guard, Audience: api, Routes: table(w.t, routes()), Signer: signer(w.t, secret+"\n"), Levels: []proxy.Level{{Name: "high", ACR: high}},
		Agency: "tax", Clock: func() time.Time { return start },
	}
}

// reverse starts a reverse proxy on a socket.
func (w *world) reverse(change func(*proxy.ReverseConfig)) *httptest.Server {
	w.t.Helper()
	c := proxy.ReverseConfig{Config: w.config(), Upstream: w.api.URL}
	if change != nil {
		change(&c)
	}
	h, err := proxy.NewReverse(c)
	if err != nil {
		w.t.Fatal(err)
	}
	s := httptest.NewServer(h)
	w.t.Cleanup(s.Close)
	return s
}

func here() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
}

// request is a request with a token, if there is one.
func request(t testing.TB, method, target, token string, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r
}

// send does not follow redirects: the paths are the point.
func send(t testing.TB, r *http.Request) *http.Response {
	t.Helper()
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}
