package proxy_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"surety/assurance/guard/proxy"

	"github.com/go-jose/go-jose/v4"
)

// spoofed is what strangers send to be taken for somebody.
var spoofed = map[string]string{
	"X-Surety-Subject": "mallory", "x-surety-level": "high", "X-SURETY-ACR": high, "X-Surety-Assertion": "a.b.c", "X-Surety-Anything": "1",
	"X_Surety_Subject": "mallory", "X-Surety_Subject": "mallory", "X.Surety.Subject": "mallory", "X_Forwarded_User": "mallory", "REMOTE_USER": "mallory",
	"X-Forwarded-User": "mallory", "X-Forwarded-Email": "m@example.org", "X-Forwarded-Groups": "admin", "X-Forwarded-Preferred-Username": "m",
	"X-Forwarded-Access-Token": "t", "X-Forwarded-Prefix": "/admin", "X-Forwarded-Uri": "/public/x", "X-Forwarded-Method": "GET", "X-Forwarded-Client-Cert": "c",
	"X-Auth-Request-User": "mallory", "X-Auth-Request-Email": "m", "X-Auth-User": "m", "X-Authenticated-Userid": "m", "X-Remote-User": "m", "Remote-User": "m",
	"Remote-Groups": "admin", "X-Webauth-User": "m", "X-User": "m", "X-User-Id": "1", "X-Username": "m", "X-Client-Cert": "c", "X-Ssl-Client-S-Dn": "d", "Ssl-Client-Verify": "SUCCESS",
	"X-Goog-Authenticated-User-Email": "m", "X-Goog-Iap-Jwt-Assertion": "j", "X-Ms-Client-Principal-Id": "m", "X-Amzn-Oidc-Identity": "m",
	"X-Original-Url": "/admin", "X-Original-Uri": "/admin", "X-Rewrite-Url": "/admin", "X-Http-Method-Override": "DELETE", "X-Http-Method": "DELETE", "X-Method-Override": "DELETE",
	"X-Real-Ip": "10.0.0.1", "True-Client-Ip": "10.0.0.1", "X-Client-Ip": "10.0.0.1", "Forwarded": "for=10.0.0.1", "X-Forwarded-For": "10.0.0.1", "X-Forwarded-Proto": "gopher",
	"X-Forwarded-Host": "evil.example", "X-Forwarded-Port": "1",
}

// TestNothingFromOutsideIsBelieved: neither on a guarded route nor on a public
// one does the API get a word of who a stranger says to be.
func TestNothingFromOutsideIsBelieved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.reverse(nil)
	for target, subject := range map[string]string{"/account": "anna", "/public/x": ""} {
		r := request(t, "GET", s.URL+target, w.token(nil), "")
		for name, value := range spoofed {
			r.Header[name] = []string{value, value}
		}
		// Headers that a proxy must drop because the client says so must not be ours.
		r.Header.Set("Connection", "close, X-Surety-Subject, X-Surety-Assertion, Authorization")
		r.Header.Set("X-Harmless", "stays")
		if resp := send(t, r); resp.StatusCode != 200 {
			t.Fatalf("%s: %d", target, resp.StatusCode)
		}
		got := w.last()
		for name, values := range got.Header {
			for _, v := range values {
				for _, bad := range []string{"mallory", "evil", "gopher", "10.0.0.1", "a.b.c", "admin", "DELETE"} {
					if strings.Contains(v, bad) {
						t.Errorf("%s: the API got %s: %s", target, name, v)
					}
				}
			}
			if strings.HasPrefix(name, "X-Surety-") && subject == "" || strings.ContainsAny(name, "_.") || name == "X-Surety-Anything" {
				t.Errorf("%s: the API got %s", target, name)
			}
		}
		if got.Header.Get("X-Surety-Subject") != subject || got.Header.Get("X-Harmless") != "stays" || len(got.Header["X-Surety-Subject"]) > 1 {
			t.Errorf("%s: the API got %v", target, got.Header)
		}
	}
}

// TestTrailersAreNotHeaders: what comes after the body is not passed on.
func TestTrailersAreNotHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.reverse(nil)
	answer := raw(t, s.Listener.Addr().String(), "POST /declarations/2026 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+w.token(nil)+
		"\r\nTrailer: X-Surety-Subject\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\nX-Surety-Subject: mallory\r\n\r\n")
	got := w.last()
	if !strings.Contains(answer, " 200 ") || got == nil || len(got.Trailer) > 0 || got.Header.Get("X-Surety-Subject") != "anna" {
		t.Errorf("the API got %v after %s", got, answer)
	}
}

// TestAPIIsToldWhoIsThere: in plain words and signed, for this request.
func TestAPIIsToldWhoIsThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for alg, key := range keyFiles(t) {
		s := w.reverse(func(c *proxy.ReverseConfig) { c.Signer = signer(t, key.file) })
		resp := send(t, request(t, "POST", s.URL+"/declarations/2026?a=b&c=%2F", w.token(nil), "the body"))
		echo, _ := io.ReadAll(resp.Body)
		got := w.last()
		if string(echo) != "POST /declarations/2026?a=b&c=%2F" || w.body != "the body" || resp.Header.Get("X-Surety-Assertion") != "" {
			t.Errorf("%s: answer %q with %v, the API got body %q", alg, echo, resp.Header, w.body)
		}
		for name, want := range map[string]string{
			"X-Surety-Subject": "anna", "X-Surety-Client": "portal", "X-Surety-Level": "high", "X-Surety-Acr": high, "X-Surety-Amr": "sc pin",
			"X-Surety-Method": "idcard", "X-Surety-Auth-Time": fmt.Sprint(start.Unix() - 60), "X-Surety-Procedures": "3.77.01",
			"X-Surety-Scope": "tax:read tax:declare", "X-Surety-Token-Id": "g.t", "Authorization": "",
			"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": s.Listener.Addr().String(), "X-Forwarded-Proto": "http",
		} {
			if v := got.Header.Get(name); v != want {
				t.Errorf("%s: %s: %q, want %q", alg, name, v, want)
			}
		}
		jws, err := jose.ParseSignedCompact(got.Header.Get("X-Surety-Assertion"), []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
		if err != nil {
			t.Fatalf("%s: %v", alg, err)
		}
		text, err := jws.Verify(key.public)
		if err != nil {
			t.Fatalf("%s: %v", alg, err)
		}
		var claims any
		if err := json.Unmarshal(text, &claims); err != nil {
			t.Fatal(err)
		}
		at := float64(start.Unix())
		want := map[string]any{
			"iss": "surety-guard", "aud": api, "iat": at, "exp": at + 30, "htm": "POST", "path": "/declarations/2026", "sub": "anna", "client_id": "portal",
			"token_id": "g.t", "sid": "s", "level": "high", "acr": high, "amr": []any{"sc", "pin"}, "method": "idcard", "auth_time": at - 60,
			"procedures": []any{map[string]any{"agency": "tax", "code": "3.77.01"}}, "scopes": []any{"tax:read", "tax:declare"},
		}
		if fmt.Sprint(claims) != fmt.Sprint(want) {
			t.Errorf("%s: assertion %v\nwant %v", alg, claims, want)
		}
	}
}

type keyFile struct {
	file   string
	public any
}

func keyFiles(t *testing.T) map[string]keyFile {
	t.Helper()
	public, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]keyFile{
		"HS256": {" " + secret + "\n", []byte(secret)}, "EdDSA": {pkcs8(t, ed), public}, "ES256": {pkcs8(t, ec), &ec.PublicKey},
	}
}

func pkcs8(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func TestNewSignerRefuses(t *testing.T) {
	t.Parallel()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]string{
		"empty": "", "short": "a secret", "short but for blanks": secret[:20] + strings.Repeat(" ", 40), "huge": strings.Repeat("x", 20<<10),
		"RSA": pkcs8(t, rsaKey), "P-384": pkcs8(t, p384), "not a key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
	} {
		if _, err := proxy.NewSigner([]byte(file)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestPublicRoutesTellNothing: whatever token comes, and whatever state it is in.
func TestPublicRoutesTellNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.reverse(nil)
	for _, token := range []string{"", w.token(nil), w.token(members{"exp": 1}), "junk"} {
		if resp := send(t, request(t, "GET", s.URL+"/health", token, "")); resp.StatusCode != 200 {
			t.Errorf("token %.5q: %d", token, resp.StatusCode)
		}
		for name := range w.last().Header {
			if strings.HasPrefix(name, "X-Surety-") {
				t.Errorf("token %.5q: the API got %s", token, name)
			}
		}
	}
}

// TestRefusedRequestsDoNotReachTheAPI: with the challenge of the middleware.
func TestRefusedRequestsDoNotReachTheAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.reverse(nil)
	for name, c := range map[string]struct {
		method, path, token string
		status              int
		challenge           string
	}{
		"no token":              {"GET", "/account", "", 401, `Bearer realm="` + api + `"`},
		"forged":                {"GET", "/account", w.token(nil) + "x", 401, `error="invalid_token"`},
		"expired":               {"GET", "/account", w.token(members{"exp": 1}), 401, `error="invalid_token"`},
		"level":                 {"GET", "/account", w.token(members{"acr": "basic"}), 401, `acr_values="` + high + `"`},
		"procedure":             {"POST", "/declarations/1", w.token(members{"authorization_details": nil}), 401, `max_age="300", procedure="3.77.01"`},
		"procedure of another":  {"POST", "/declarations/1", w.token(members{"authorization_details": []any{members{"type": "procedure", "code": "3.77.01", "agency": "x"}}}), 403, `error="insufficient_scope"`},
		"scope":                 {"GET", "/admin/x", w.token(nil), 403, `scope="admin"`},
		"token in the URL":      {"GET", "/account?access_token=x", w.token(nil), 400, `error="invalid_request"`},
		"no such route":         {"GET", "/nowhere", w.token(nil), 403, ""},
		"another method":        {"DELETE", "/declarations/1", w.token(nil), 403, ""},
		"another public method": {"POST", "/health", "", 403, ""},
		"TRACE":                 {"TRACE", "/account", w.token(nil), 403, ""},
	} {
		resp := send(t, request(t, c.method, s.URL+c.path, c.token, ""))
		if got := resp.Header.Get("WWW-Authenticate"); resp.StatusCode != c.status || !strings.Contains(got, c.challenge) || c.challenge == "" && got != "" {
			t.Errorf("%s: %d %s, want %d %s", name, resp.StatusCode, got, c.status, c.challenge)
		}
		if resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: the refusal may be cached", name)
		}
	}
	// As bytes on the wire, which clients would mend.
	for _, path := range disguises {
		if strings.ContainsAny(path, " \x7f") || path == "" {
			continue
		}
		answer := raw(t, s.Listener.Addr().String(), "GET "+path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		if !strings.HasPrefix(answer, "HTTP/1.1 40") {
			t.Errorf("%s: %.60s", path, answer)
		}
	}
	if got := w.last(); got != nil {
		t.Errorf("the API got %s %s", got.Method, got.RequestURI)
	}
}

// raw sends bytes and returns what comes back.
func raw(t *testing.T, addr, text string) string {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	answer, _ := io.ReadAll(bufio.NewReader(c))
	return string(answer)
}

// TestPathsArriveAsTheyWere: what is right is passed on letter by letter.
func TestPathsArriveAsTheyWere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.reverse(nil)
	for _, target := range []string{"/public/a%20b/%D1%96?x=%2e%2e", "/public/a,b@c:d!$&'()*+=~", "/public/a%7C%22b", "/%D0%B8%D0%BC%D1%8F", "/public/x?a=1&a=2", "/public?"} {
		answer := raw(t, s.Listener.Addr().String(), "GET "+target+" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+w.token(nil)+"\r\nConnection: close\r\n\r\n")
		if got := w.last(); got == nil || got.RequestURI != target {
			t.Errorf("%s arrived as %v: %.80s", target, got, answer)
		}
	}
}

// TestConnectionsStayHTTP: an upgrade would outlive the token.
func TestConnectionsStayHTTP(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.reverse(nil)
	for _, protocol := range []string{"websocket", "h2c"} {
		r := request(t, "GET", s.URL+"/account", w.token(nil), "")
		r.Header.Set("Connection", "Upgrade, HTTP2-Settings")
		r.Header.Set("Upgrade", protocol)
		r.Header.Set("HTTP2-Settings", "AAMAAABkAAQCAAAAAAIAAAAA")
		resp := send(t, r)
		if got := w.last(); resp.StatusCode != 200 || got.Header.Get("Upgrade") != "" || got.Header.Get("HTTP2-Settings") != "" {
			t.Errorf("%s: %d, the API got %v", protocol, resp.StatusCode, got.Header)
		}
	}
}

// TestOnlyTrustedProxiesSayWhereFrom: else the address is the peer's.
func TestOnlyTrustedProxiesSayWhereFrom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for trusted, want := range map[bool]string{false: "127.0.0.1 http ", true: "203.0.113.7, 127.0.0.1 https www.tax.example"} {
		s := w.reverse(func(c *proxy.ReverseConfig) {
			if trusted {
				c.TrustedProxies = here()
			}
		})
		r := request(t, "GET", s.URL+"/health", "", "")
		r.Header.Set("X-Forwarded-For", "203.0.113.7")
		r.Header.Set("X-Forwarded-Proto", "https")
		r.Header.Set("X-Forwarded-Host", "www.tax.example")
		send(t, r)
		h := w.last().Header
		if got := h.Get("X-Forwarded-For") + " " + h.Get("X-Forwarded-Proto") + " " + h.Get("X-Forwarded-Host"); !strings.HasPrefix(got, want) {
			t.Errorf("trusted %t: %s, want %s", trusted, got, want)
		}
	}
}

// TestTokensStayHere: on public routes too; what is no token is the API's own.
func TestTokensStayHere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.reverse(nil)
	for sent, want := range map[string]string{"Bearer " + w.token(nil): "", "bearer x": "", "Basic YTpi": "Basic YTpi"} {
		r := request(t, "GET", s.URL+"/health", "", "")
		r.Header.Set("Authorization", sent)
		send(t, r)
		if got := w.last().Header.Get("Authorization"); got != want {
			t.Errorf("%.10s: the API got %.20q, want %q", sent, got, want)
		}
	}
}

// TestTokenMayBePassedOn: if the API is to call others with it.
func TestTokenMayBePassedOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.reverse(func(c *proxy.ReverseConfig) { c.PassToken = true })
	token := w.token(nil)
	send(t, request(t, "GET", s.URL+"/account", token, ""))
	if got := w.last().Header.Get("Authorization"); got != "Bearer "+token {
		t.Errorf("Authorization: %.20s", got)
	}
}

// TestFaultsOfTheAPI: each has its status, and the client learns no more.
func TestFaultsOfTheAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	release := make(chan struct{})
	defer close(release)
	w.also = func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/public/slow":
			select {
			case <-release:
			case <-r.Context().Done():
			}
		case "/public/cut":
			panic(http.ErrAbortHandler)
		case "/public/teapot":
			rw.WriteHeader(http.StatusTeapot)
		}
	}
	s := w.reverse(func(c *proxy.ReverseConfig) { c.Timeout, c.MaxBody = 300*time.Millisecond, 1000 })
	for path, status := range map[string]int{"/public/slow": 504, "/public/cut": 502, "/public/teapot": 418} {
		if resp := send(t, request(t, "GET", s.URL+path, "", "")); resp.StatusCode != status {
			t.Errorf("%s: %d, want %d", path, resp.StatusCode, status)
		}
	}
	for size, status := range map[int]int{1000: 200, 1001: 413} {
		if resp := send(t, request(t, "POST", s.URL+"/declarations/1", w.token(nil), strings.Repeat("x", size))); resp.StatusCode != status {
			t.Errorf("%d bytes: %d, want %d", size, resp.StatusCode, status)
		}
	}
	gone := w.reverse(func(c *proxy.ReverseConfig) { c.Upstream = "http://127.0.0.1:1" })
	resp := send(t, request(t, "GET", gone.URL+"/health", "", ""))
	if text, _ := io.ReadAll(resp.Body); resp.StatusCode != 502 || strings.Contains(string(text), "127.0.0.1") {
		t.Errorf("API away: %d %s", resp.StatusCode, text)
	}
	w.issuer.Close()
	fresh := newWorld(t)
	fresh.issuer.Close()
	resp = send(t, request(t, "GET", fresh.reverse(nil).URL+"/account", fresh.token(nil), ""))
	if resp.StatusCode != 503 || fresh.last() != nil {
		t.Errorf("provider away: %d", resp.StatusCode)
	}
}

func TestNewReverseRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, change := range map[string]func(*proxy.ReverseConfig){
		"no upstream":           func(c *proxy.ReverseConfig) { c.Upstream = "" },
		"upstream with a path":  func(c *proxy.ReverseConfig) { c.Upstream = "http://api/v1" },
		"upstream with a query": func(c *proxy.ReverseConfig) { c.Upstream = "http://api?x" },
		"upstream with a user":  func(c *proxy.ReverseConfig) { c.Upstream = "http://a:b@api" },
		"upstream is a file":    func(c *proxy.ReverseConfig) { c.Upstream = "file:///etc" },
		"no guard":              func(c *proxy.ReverseConfig) { c.Guard = nil },
		"no audience":           func(c *proxy.ReverseConfig) { c.Audience = "" },
		"no routes":             func(c *proxy.ReverseConfig) { c.Routes = nil },
		"no signer":             func(c *proxy.ReverseConfig) { c.Signer = nil },
		"negative timeout":      func(c *proxy.ReverseConfig) { c.Timeout = -1 },
		"a requirement that nobody can read": func(c *proxy.ReverseConfig) {
			r := routes()
			r[2].Requirement.Level = `a "b"`
			c.Routes = table(t, r)
		},
	} {
		c := proxy.ReverseConfig{Config: w.config(), Upstream: w.api.URL}
		change(&c)
		if _, err := proxy.NewReverse(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
