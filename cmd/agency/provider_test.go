package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	testClient = "agency-1"
	testSecret = "secret of the agency"
)

// provider is a small OpenID provider that can also misbehave: change lets a
// test spoil what it says.
type provider struct {
	t      *testing.T
	server *httptest.Server
	key    *ecdsa.PrivateKey

	mu       sync.Mutex
	codes    map[string]url.Values // authorization requests by code
	requests []url.Values          // all of them
	grants   int
	access   string                                  // the last access token
	stingy   bool                                    // tokens grant no procedures
	outcomes map[string]string                       // answers by reference, each once
	asked    []*http.Request                         // for outcomes
	dead     bool                                    // refresh tokens are no longer good
	claims   func(map[string]any)                    // spoils ID tokens
	userinfo func(map[string]any)                    // spoils userinfo
	answer   func(request url.Values, to url.Values) // spoils the redirect back
	signWith *ecdsa.PrivateKey                       // spoils the signature
	endings  []url.Values                            // end_session requests
	events   chan map[string]any                     // what a poll waits for
	acked    chan []string                           // what polls acknowledge, with each
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{t: t, key: newKey(t), codes: map[string]url.Values{}, events: make(chan map[string]any), acked: make(chan []string, 100)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /jwks", p.jwks)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("GET /userinfo", p.showUserinfo)
	mux.HandleFunc("GET /end", p.end)
	mux.HandleFunc("GET /outcomes/{reference}", p.outcome)
	mux.HandleFunc("POST /events/poll", p.poll)
	p.server = httptest.NewServer(mux)
	t.Cleanup(p.server.Close)
	return p
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (p *provider) discovery(w http.ResponseWriter, _ *http.Request) {
	u := p.server.URL
	p.json(w, map[string]any{
		"issuer": u, "authorization_endpoint": u + "/authorize", "token_endpoint": u + "/token", "jwks_uri": u + "/jwks",
		"userinfo_endpoint": u + "/userinfo", "end_session_endpoint": u + "/end",
		"id_token_signing_alg_values_supported": []string{"ES256"}, "acr_values_supported": []string{"https://surety.example/level/basic"}, "authorization_response_iss_parameter_supported": true,
	})
}

func (p *provider) jwks(w http.ResponseWriter, _ *http.Request) {
	p.json(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.key.Public(), KeyID: "k1", Algorithm: "ES256", Use: "sig"}}})
}

func (p *provider) authorize(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := r.URL.Query()
	p.requests = append(p.requests, q)
	code := rand.Text()
	p.codes[code] = q
	back := url.Values{"state": {q.Get("state")}, "iss": {p.server.URL}, "code": {code}}
	if p.answer != nil {
		p.answer(q, back)
	}
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+back.Encode(), http.StatusSeeOther)
}

func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id, secret, _ := r.BasicAuth()
	if id != testClient || secret != url.QueryEscape(testSecret) {
		p.t.Errorf("client authentication %q %q", id, secret)
	}
	nonce := ""
	var asked url.Values
	switch r.FormValue("grant_type") {
	case "authorization_code":
		request, ok := p.codes[r.FormValue("code")]
		delete(p.codes, r.FormValue("code"))
		sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
		if !ok || request.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(sum[:]) || request.Get("code_challenge_method") != "S256" ||
			request.Get("redirect_uri") != r.FormValue("redirect_uri") {
			p.refuse(w)
			return
		}
		nonce, asked = request.Get("nonce"), request
	case "refresh_token":
		if p.dead || !strings.HasPrefix(r.FormValue("refresh_token"), "refresh-") {
			p.refuse(w)
			return
		}
	}
	p.grants++
	access := fmt.Sprintf("access-%d", p.grants)
	if asked.Has("resource") {
		access = p.accessToken(asked)
	}
	p.access = access
	p.json(w, map[string]any{
		"access_token": access, "refresh_token": fmt.Sprintf("refresh-%d", p.grants), "token_type": "Bearer", "expires_in": 300,
		"id_token": p.idToken(access, nonce),
	})
}

// accessToken is a signed one for the agency's API.
func (p *provider) accessToken(asked url.Values) string {
	details := json.RawMessage(asked.Get("authorization_details"))
	if p.stingy {
		details = json.RawMessage(`[]`)
	}
	return sign(p.t, jose.ES256, p.key, "at+jwt", map[string]any{
		"iss": p.server.URL, "aud": asked.Get("resource"), "sub": "anna", "client_id": testClient, "jti": rand.Text(),
		"iat": time.Now().Unix(), "exp": time.Now().Add(5 * time.Minute).Unix(), "auth_time": time.Now().Unix(),
		"acr": "https://surety.example/level/basic", "scope": "openid", "authorization_details": details,
	})
}

func (p *provider) outcome(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, r)
	body, ok := p.outcomes[r.PathValue("reference")]
	delete(p.outcomes, r.PathValue("reference"))
	if !ok {
		w.WriteHeader(http.StatusGone)
		return
	}
	fmt.Fprint(w, body)
}

func (p *provider) refuse(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	fmt.Fprint(w, `{"error":"invalid_grant"}`)
}

func (p *provider) idToken(access, nonce string) string {
	sum := sha256.Sum256([]byte(access))
	claims := map[string]any{
		"iss": p.server.URL, "aud": testClient, "sub": "anna", "sid": "sid-1", "iat": time.Now().Unix(), "exp": time.Now().Add(5 * time.Minute).Unix(),
		"auth_time": int64(1_790_000_000), "acr": "https://surety.example/level/basic", "amr": []string{"pwd"},
		"at_hash": base64.RawURLEncoding.EncodeToString(sum[:16]),
	}
	if nonce != "" {
		claims["nonce"] = nonce
	}
	if p.claims != nil {
		p.claims(claims)
	}
	key := p.key
	if p.signWith != nil {
		key = p.signWith
	}
	return sign(p.t, jose.ES256, key, "JWT", claims)
}

func (p *provider) showUserinfo(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer "+p.access {
		p.t.Errorf("userinfo with %q", r.Header.Get("Authorization"))
	}
	claims := map[string]any{"sub": "anna", "name": "Anna <b>Kowal</b>", "email": "anna@example.org", "email_verified": true}
	if p.userinfo != nil {
		p.userinfo(claims)
	}
	p.json(w, claims)
}

func (p *provider) end(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := r.URL.Query()
	p.endings = append(p.endings, q)
	http.Redirect(w, r, q.Get("post_logout_redirect_uri")+"?state="+url.QueryEscape(q.Get("state")), http.StatusSeeOther)
}

func (p *provider) json(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		p.t.Errorf("answer: %v", err)
	}
}

// sign makes a compact JWS of any claims.
func sign(t *testing.T, alg jose.SignatureAlgorithm, key any, typ string, claims any) string {
	t.Helper()
	opts := (&jose.SignerOptions{}).WithHeader("kid", "k1")
	if typ != "" {
		opts = opts.WithType(jose.ContentType(typ))
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, opts)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// town is an agency on a real port beside its provider, and a person's browser.
type town struct {
	t        *testing.T
	provider *provider
	agency   *Agency
	url      string
	browser  *http.Client
}

func newTown(t *testing.T) *town {
	t.Helper()
	p := newProvider(t)
	server := httptest.NewUnstartedServer(nil)
	own := "http://" + server.Listener.Addr().String()
	client, err := outgoing("")
	if err != nil {
		t.Fatal(err)
	}
	agency, err := New(Config{
		Issuer: p.server.URL, URL: own, ClientID: testClient, ClientSecret: testSecret, Scopes: []string{"openid", "profile"},
		Offers: []offer{{Code: "1.10.01", Titles: map[string]string{"en": "Book a visit"}}, {Code: "3.30.02", Titles: map[string]string{"en": "Change an account"}, MaxAge: 300}},
		HTTP:   client, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = agency.Handler()
	server.Start()
	t.Cleanup(server.Close)
	return &town{t: t, provider: p, agency: agency, url: own, browser: newBrowser(t)}
}

func newBrowser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, Timeout: 20 * time.Second}
}

// get follows redirects and returns status and page.
func (w *town) get(path string) (int, string) {
	w.t.Helper()
	resp, err := w.browser.Get(w.url + path)
	return w.read(resp, err)
}

func (w *town) post(path string, form url.Values) (int, string) {
	w.t.Helper()
	resp, err := w.browser.PostForm(w.url+path, form)
	return w.read(resp, err)
}

func (w *town) read(resp *http.Response, err error) (int, string) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// logIn logs the browser in, or fails the test.
func (w *town) logIn() {
	w.t.Helper()
	if status, page := w.get("/login"); status != http.StatusOK || !strings.Contains(page, `id="logout"`) {
		w.t.Fatalf("log in: %d\n%s", status, page)
	}
}

// signedIn says what the home page shows.
func (w *town) signedIn() bool {
	w.t.Helper()
	_, page := w.get("/")
	return strings.Contains(page, `id="logout"`)
}
