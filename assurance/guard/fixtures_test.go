package guard_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"surety/assurance/guard"

	"github.com/go-jose/go-jose/v4"
)

const (
	api         = "https://api.tax.example"
	basic       = "https://id.example/acr/basic"
	checked     = "https://id.example/acr/checked"
	substantial = "https://id.example/acr/substantial"
	high        = "https://id.example/acr/high"
)

var (
	levels = []string{basic, checked, substantial, high}
	start  = time.Date(2026, time.May, 3, 12, 0, 0, 0, time.UTC)
)

// signer makes tokens without the library that the guard reads them with.
type signer struct {
	kid, alg string
	private  crypto.Signer
}

func newSigner(kid, alg string) signer {
	var key crypto.Signer
	var err error
	switch alg {
	case "ES256":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "EdDSA":
		_, key, err = ed25519.GenerateKey(rand.Reader)
	default:
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		panic(err)
	}
	return signer{kid, alg, key}
}

// accepted holds a key for each algorithm, made once: RSA keys are slow to find.
var accepted = sync.OnceValue(func() map[string]signer {
	all := map[string]signer{}
	for _, alg := range []string{"ES256", "RS256", "PS256", "EdDSA"} {
		all[alg] = newSigner("key-"+alg, alg)
	}
	return all
})

func (s signer) jwk() jose.JSONWebKey {
	return jose.JSONWebKey{Key: s.private.Public(), KeyID: s.kid, Algorithm: s.alg, Use: "sig"}
}

func (s signer) sign(input []byte) []byte {
	digest := sha256.Sum256(input)
	var sig []byte
	var err error
	switch key := s.private.(type) {
	case ed25519.PrivateKey:
		return ed25519.Sign(key, input)
	case *ecdsa.PrivateKey:
		r, v, err := ecdsa.Sign(rand.Reader, key, digest[:])
		if err != nil {
			panic(err)
		}
		size := (key.Curve.Params().BitSize + 7) / 8
		return append(r.FillBytes(make([]byte, size)), v.FillBytes(make([]byte, size))...)
	case *rsa.PrivateKey:
		if s.alg == "PS256" {
			sig, err = rsa.SignPSS(rand.Reader, key, crypto.SHA256, digest[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		} else {
			sig, err = rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
		}
	}
	if err != nil {
		panic(err)
	}
	return sig
}

func hs256(secret []byte) func([]byte) []byte {
	return func(input []byte) []byte {
		mac := hmac.New(sha256.New, secret)
		mac.Write(input)
		return mac.Sum(nil)
	}
}

func unsigned([]byte) []byte { return nil }

func part(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// compact assembles a token; header and claims may be a map or a text as it is.
func compact(head, claims any, sign func([]byte) []byte) string {
	input := part(text(head)) + "." + part(text(claims))
	return input + "." + part(sign([]byte(input)))
}

func text(v any) []byte {
	if s, ok := v.(string); ok {
		return []byte(s)
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

type members map[string]any

// with returns a copy with the members of more; nil takes one away.
func (m members) with(more members) members {
	out := maps.Clone(m)
	for name, value := range more {
		if out[name] = value; value == nil {
			delete(out, name)
		}
	}
	return out
}

func (s signer) header() members { return members{"alg": s.alg, "typ": "at+jwt", "kid": s.kid} }

func (s signer) token(claims members) string { return compact(s.header(), claims, s.sign) }

// house is Surety as a guard sees it, on a real socket, with faults on demand,
// and the clock of both.
type house struct {
	*httptest.Server
	clock atomic.Int64 // seconds after start
	log   logBuffer

	mu           sync.Mutex // guards what follows
	keys         []jose.JSONWebKey
	cacheControl string
	metadata     members // changes to the document
	fault        func(http.ResponseWriter, *http.Request)
	poll         http.Handler   // at /events/poll
	asked        map[string]int // fetches by path
}

func newHouse(tb testing.TB, keys ...signer) *house {
	tb.Helper()
	h := openHouse(keys...)
	tb.Cleanup(h.Close)
	return h
}

func openHouse(keys ...signer) *house {
	h := &house{cacheControl: "public, max-age=3600", asked: map[string]int{}}
	h.publish(keys...)
	h.Server = httptest.NewServer(h)
	return h
}

func (h *house) publish(keys ...signer) {
	h.set(func() {
		h.keys = nil
		for _, k := range keys {
			h.keys = append(h.keys, k.jwk())
		}
	})
}

func (h *house) set(change func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change()
}

func (h *house) fetches(path string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.asked[path]
}

// fail makes every answer the given one; nil heals.
func (h *house) fail(fault func(http.ResponseWriter, *http.Request)) {
	h.set(func() { h.fault = fault })
}

func down(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func (h *house) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	h.asked[r.URL.Path]++
	fault, keys, changes, poll := h.fault, h.keys, h.metadata, h.poll
	w.Header().Set("Cache-Control", h.cacheControl)
	h.mu.Unlock()
	if fault != nil {
		fault(w, r)
		return
	}
	if poll != nil && r.URL.Path == "/events/poll" {
		poll.ServeHTTP(w, r)
		return
	}
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		document := members{"issuer": h.URL, "jwks_uri": h.URL + "/jwks", "acr_values_supported": levels}
		_, _ = w.Write(text(document.with(changes)))
	case "/jwks":
		_, _ = w.Write(text(members{"keys": keys}))
	default:
		http.NotFound(w, r)
	}
}

func (h *house) now() time.Time {
	return start.Add(time.Duration(h.clock.Load()) * time.Second)
}

func (h *house) advance(d time.Duration) { h.clock.Add(int64(d / time.Second)) }

// claims are those of a person who logged in a minute ago at substantial.
func (h *house) claims() members {
	now := h.now().Unix()
	return members{
		"iss": h.URL, "aud": api, "sub": "pairwise-subject", "client_id": "portal-client", "jti": "token-identifier",
		"iat": now, "exp": now + 300, "auth_time": now - 60, "acr": substantial, "amr": []string{"pwd", "otp", "mfa"},
		"scope": "openid tax:read",
	}
}

// procedureEntry is an entry of authorization_details as Surety writes it.
func procedureEntry(code, agency string) members {
	return members{"type": "procedure", "code": code, "agency": agency}
}

func (h *house) config() guard.Config {
	return guard.Config{
		Issuer: h.URL, Audience: api, HTTPClient: h.Client(), Clock: h.now,
		Log: slog.New(slog.NewTextHandler(&h.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

func (h *house) guard(tb testing.TB) *guard.Guard {
	tb.Helper()
	return newGuard(tb, h.config())
}

func newGuard(tb testing.TB, c guard.Config) *guard.Guard {
	tb.Helper()
	g, err := guard.New(c)
	if err != nil {
		tb.Fatal(err)
	}
	return g
}

type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// let is a handler that says who came.
var let = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	token, ok := guard.TokenFrom(r.Context())
	fmt.Fprintf(w, "let in %s %t", token.Subject, ok)
})

// call sends one request with the token through the guard.
func call(g *guard.Guard, q guard.Requirement, token string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/tax/account", nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return serve(g, q, r)
}

func serve(g *guard.Guard, q guard.Requirement, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	g.Require(q)(let).ServeHTTP(w, r)
	return w
}

// expect compares status and the error of the challenge.
func expect(tb testing.TB, w *httptest.ResponseRecorder, status int, code string) {
	tb.Helper()
	challenge := w.Header().Get("WWW-Authenticate")
	if w.Code != status || code != "" && !strings.Contains(challenge, `error="`+code+`"`) || code == "" && strings.Contains(challenge, "error=") {
		tb.Errorf("answer %d %s %q, want %d %s", w.Code, challenge, w.Body, status, code)
	}
	if came := strings.HasPrefix(w.Body.String(), "let in"); came != (status == http.StatusOK) {
		tb.Errorf("handler reached: %t, with status %d", came, status)
	}
	if hasChallenge := challenge != ""; hasChallenge != (status == 401 || status == 403 || status == 400) {
		tb.Errorf("status %d with challenge %q", status, challenge)
	}
}
