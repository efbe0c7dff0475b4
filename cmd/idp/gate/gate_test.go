package gate_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"surety/cmd/idp/gate"

	"github.com/go-jose/go-jose/v4"
)

const (
	api    = "https://api.tax.example"
	secret = "a secret of at least thirty-two characters"
	routes = `
levels:
  - {name: basic, acr: https://id.example/acr/basic}
  - {name: high, acr: https://id.example/acr/high}
routes:
  - {path: /health, methods: [GET], public: true}
  - path: /declarations/{year}
    requirement: {level: high, procedure: 3.77.01}
`
)

// provider is a small Surety: keys, tokens, and a poll endpoint.
type provider struct {
	*httptest.Server
	key *ecdsa.PrivateKey

	mu    sync.Mutex
	sets  map[string]string
	polls int
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{key: key, sets: map[string]string{}}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := map[string]any{"issuer": p.URL, "jwks_uri": p.URL + "/jwks"}
	switch r.URL.Path {
	case "/jwks":
		answer = map[string]any{"keys": []any{jose.JSONWebKey{Key: p.key.Public(), KeyID: "k", Algorithm: "ES256", Use: "sig"}}}
	case "/events/poll":
		if name, word, _ := r.BasicAuth(); name != "tax" || word != "s3cret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		p.mu.Lock()
		p.polls++
		answer = map[string]any{"sets": p.sets}
		p.mu.Unlock()
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (p *provider) sign(t *testing.T, typ string, claims map[string]any) string {
	t.Helper()
	options := (&jose.SignerOptions{}).WithType(jose.ContentType(typ)).WithHeader("kid", "k")
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: p.key}, options)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := s.Sign(text)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (p *provider) token(t *testing.T) string {
	now := time.Now().Unix()
	return p.sign(t, "at+jwt", map[string]any{
		"iss": p.URL, "aud": api, "sub": "anna", "client_id": "tax", "jti": "g.t", "sid": "s1", "iat": now, "exp": now + 300, "auth_time": now,
		"acr": "https://id.example/acr/high", "authorization_details": []any{map[string]string{"type": "procedure", "code": "3.77.01", "agency": "tax"}},
	})
}

// lines hands out what is logged, line by line.
type lines struct{ out chan map[string]any }

func (l lines) Write(b []byte) (int, error) {
	var line map[string]any
	_ = json.Unmarshal(b, &line)
	l.out <- line
	return len(b), nil
}

// start runs the command and returns the addresses that it listens on.
func start(t *testing.T, c gate.Command, listeners int) []string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	log, ended := lines{make(chan map[string]any, 1000)}, make(chan error, 1)
	go func() { ended <- c.Serve(ctx, log) }()
	var all []string
	for len(all) < listeners {
		select {
		case line := <-log.out:
			if line["msg"] == "listening" {
				all = append(all, line["address"].(string))
			}
		case err := <-ended:
			t.Fatalf("ended: %v", err)
		}
	}
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve = %v", err)
		}
	})
	return all
}

// command is a complete command line.
func command(t *testing.T, p *provider) gate.Command {
	t.Helper()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return gate.Command{
		Listen: "127.0.0.1:0", ReadyListen: "127.0.0.1:0", Issuer: p.URL, Audience: api, Timeout: time.Minute, MaxBody: 1 << 20,
		Routes: file("routes.yaml", routes), SigningKey: file("guard.key", secret), ClientID: "tax", ClientSecretFile: file("secret", "s3cret\n"),
	}
}

func get(t *testing.T, client *http.Client, url, token string, more map[string]string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for name, value := range more {
		r.Header.Set(name, value)
	}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, string(body)
}

// TestReverseProxyFromFlags: the whole command before a real API, from the
// first request to a revoked session.
func TestReverseProxyFromFlags(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprint(w, "subject ", r.Header.Get("X-Surety-Subject"), ", level ", r.Header.Get("X-Surety-Level"))
	}))
	defer upstream.Close()
	c := command(t, p)
	c.Upstream = upstream.URL
	at := start(t, c, 2)
	front, ready := "http://"+at[0], "http://"+at[1]+"/ready"
	for {
		code, _, text := get(t, http.DefaultClient, ready, "", nil)
		if code != 200 {
			t.Fatalf("ready: %d %s", code, text)
		}
		if text == "ready\n" {
			break // revocations are heard
		}
	}
	token := p.token(t)
	if code, _, body := get(t, http.DefaultClient, front+"/declarations/2026", token, map[string]string{"X-Surety-Subject": "mallory"}); code != 200 || body != "subject anna, level high" {
		t.Errorf("with a token: %d %s", code, body)
	}
	if code, _, body := get(t, http.DefaultClient, front+"/health", "", map[string]string{"X-Surety-Subject": "mallory"}); code != 200 || body != "subject , level " {
		t.Errorf("public: %d %s", code, body)
	}
	if code, h, _ := get(t, http.DefaultClient, front+"/declarations/2026", "", nil); code != 401 || !strings.Contains(h.Get("WWW-Authenticate"), api) {
		t.Errorf("without a token: %d %v", code, h)
	}
	if code, _, _ := get(t, http.DefaultClient, front+"/ready", "", nil); code != 403 {
		t.Errorf("/ready on the public listener: %d", code)
	}
	now := time.Now().Unix()
	p.mu.Lock()
	p.sets["e"] = p.sign(t, "secevent+jwt", map[string]any{
		"iss": p.URL, "aud": "tax", "jti": "e", "iat": now + 5, "sub_id": map[string]any{"format": "complex", "session": map[string]any{"format": "opaque", "id": "s1"}},
		"events": map[string]any{"https://schemas.openid.net/secevent/caep/event-type/session-revoked": map[string]any{}},
	})
	p.mu.Unlock()
	for end := time.Now().Add(20 * time.Second); ; {
		code, _, _ := get(t, http.DefaultClient, front+"/declarations/2026", token, nil)
		if code == 401 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("a revoked session goes on")
		}
	}
}

// TestForwardAuthFromFlags: nginx asks, by https.
func TestForwardAuthFromFlags(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	c := command(t, p)
	c.ForwardAuth, c.TrustedProxies, c.ClientID, c.ClientSecretFile, c.ReadyListen = "nginx", []string{"127.0.0.1", "::1/128"}, "", "", ""
	c.TLSCert, c.TLSKey = certificate(t)
	front := "https://" + start(t, c, 1)[0]
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	asked := map[string]string{"X-Original-Method": "GET", "X-Original-URI": "/declarations/2026"}
	if code, h, _ := get(t, client, front, p.token(t), asked); code != 200 || h.Get("X-Surety-Subject") != "anna" || h.Get("X-Surety-Assertion") == "" {
		t.Errorf("with a token: %d %v", code, h)
	}
	if code, _, _ := get(t, client, front, "", asked); code != 401 {
		t.Errorf("without a token: %d", code)
	}
	if code, _, _ := get(t, client, front, p.token(t), nil); code != 403 {
		t.Errorf("without the original request: %d", code)
	}
}

// certificate makes one for this machine.
func certificate(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	for name, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

// FuzzRoutes: whatever stands in a file of routes, it is refused with a line,
// or opens no path to everybody that it does not call public.
func FuzzRoutes(f *testing.F) {
	dir := f.TempDir()
	key := filepath.Join(dir, "guard.key")
	if err := os.WriteFile(key, []byte(secret), 0o600); err != nil {
		f.Fatal(err)
	}
	f.Add(routes)
	f.Add("routes: [{path: /a, public: true, methods: [GET]}]")
	f.Add("levels: [{name: a, acr: b}, {name: a, acr: c}, {name: 'd e', acr: f}]\nroutes: []")
	f.Add("routes: &a [{path: /a, requirement: {}}]")
	f.Add("routes:\n  - path: \"/{x}/{y...}\"\n    requirement: {max_age: 5m, scopes: [a, a]}\n")
	f.Fuzz(func(t *testing.T, text string) {
		file := filepath.Join(dir, "routes.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c := gate.Command{
			Listen: ":0", Upstream: "http://127.0.0.1:1", Issuer: "https://id.example", Audience: api, Timeout: time.Minute, MaxBody: 1, Routes: file, SigningKey: key,
		}
		found, err := c.Check()
		if err == nil && found.Public > strings.Count(text, "public") {
			t.Errorf("%d routes are public in %q", found.Public, text)
		}
		if err != nil && !strings.Contains(err.Error(), "routes.yaml") {
			t.Errorf("%v does not say where, in %q", err, text)
		}
	})
}
