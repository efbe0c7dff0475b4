package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// fakeProvider is just enough of a provider for every scenario.
type fakeProvider struct {
	*httptest.Server
	mu       sync.Mutex
	n        int
	pending  map[string]url.Values // login form id -> authorization request
	codes    map[string]url.Values
	refresh  map[string]bool
	sessions map[string]bool
	broken   string // path that answers 500
	issuer   string // another one than its address
	stale    bool   // refresh returns the same token
}

func newFakeProvider(t *testing.T) *fakeProvider {
	t.Helper()
	p := &fakeProvider{pending: map[string]url.Values{}, codes: map[string]url.Values{}, refresh: map[string]bool{}, sessions: map[string]bool{}}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *fakeProvider) id(prefix string) string {
	p.n++
	return fmt.Sprintf("%s-%d", prefix, p.n)
}

func (p *fakeProvider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.URL.Path == p.broken {
		http.Error(w, `{"error":"server_error"}`, http.StatusInternalServerError)
		return
	}
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		json.NewEncoder(w).Encode(metadata{cmp.Or(p.issuer, p.URL), p.URL + "/auth", p.URL + "/token", p.URL + "/userinfo", p.URL + "/introspect", p.URL + "/jwks"})
	case "/jwks":
		fmt.Fprint(w, `{"keys":[{"kty":"EC"}]}`)
	case "/userinfo":
		fmt.Fprint(w, `{"sub":"user"}`)
	case "/introspect":
		_, secret, _ := r.BasicAuth()
		json.NewEncoder(w).Encode(map[string]bool{"active": secret == "s3cret" && r.PostFormValue("token") != ""})
	case "/auth":
		p.authorize(w, r)
	case "/login":
		p.login(w, r)
	case "/token":
		p.token(w, r)
	case "/metrics":
		fmt.Fprintf(w, "# TYPE %[1]s counter\n%[1]s{kind=\"a\"} %[2]d\n%[1]s{kind=\"b\"} 1e0\n", roundTripsMetric, p.n)
	default:
		http.NotFound(w, r)
	}
}

func (p *fakeProvider) authorize(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie("session"); err == nil && p.sessions[c.Value] {
		p.redirect(w, r, r.URL.Query())
		return
	}
	id := p.id("form")
	p.pending[id] = r.URL.Query()
	// The first form is a decoy, as a language switch would be.
	fmt.Fprintf(w, `<form action="/language"><button name=lang value=be></form>
		<form method=post action="/login?x=1&amp;y=2"><input type="hidden" name='id' value=%q><input name=user><input name=password></form>`, id)
}

func (p *fakeProvider) login(w http.ResponseWriter, r *http.Request) {
	q := p.pending[r.PostFormValue("id")]
	if q == nil || r.PostFormValue("user") == "" || r.PostFormValue("password") != "open" || r.URL.Query().Get("y") != "2" {
		http.Error(w, "bad form", http.StatusBadRequest)
		return
	}
	id := p.id("session")
	p.sessions[id] = true
	http.SetCookie(w, &http.Cookie{Name: "session", Value: id, Path: "/"})
	p.redirect(w, r, q)
}

func (p *fakeProvider) redirect(w http.ResponseWriter, r *http.Request, q url.Values) {
	code := p.id("code")
	p.codes[code] = q
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {q.Get("state")}}.Encode(), http.StatusFound)
}

func (p *fakeProvider) token(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	out := map[string]string{"access_token": p.id("at"), "token_type": "Bearer"}
	ok := id == "loadtest" && secret == "s3cret"
	switch r.PostFormValue("grant_type") {
	case "authorization_code":
		q := p.codes[r.PostFormValue("code")]
		sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
		ok = ok && q != nil && q.Get("code_challenge") == base64.RawURLEncoding.EncodeToString(sum[:])
		claims, _ := json.Marshal(idClaims{Issuer: p.URL, Subject: "user", Nonce: q.Get("nonce")})
		out["id_token"] = "h." + base64.RawURLEncoding.EncodeToString(claims) + ".s"
	case "refresh_token":
		ok = ok && p.refresh[r.PostFormValue("refresh_token")]
		if p.stale {
			out["refresh_token"] = r.PostFormValue("refresh_token")
		} else {
			delete(p.refresh, r.PostFormValue("refresh_token"))
		}
	}
	if !ok {
		http.Error(w, `{"error":"invalid_grant"}`, http.StatusBadRequest)
		return
	}
	if out["refresh_token"] == "" {
		out["refresh_token"] = p.id("rt")
		p.refresh[out["refresh_token"]] = true
	}
	json.NewEncoder(w).Encode(out)
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func testRecipe(t *testing.T) string {
	return writeFile(t, "recipe.json", `{"steps":[{"role":"login","url":"/auth","holds":"password","fields":{"user":"u{user}","password":"{password}"}}]}`)
}

func testConfig(t *testing.T, p *fakeProvider, scenario string) config {
	c := defaults()
	c.scenario, c.workers, c.repeat, c.users, c.maxErrors = scenario, 3, 2, 5, 20
	c.duration, c.warmup, c.pause, c.timeout = 60*time.Millisecond, 0, 0, 5*time.Second
	c.issuer, c.clientID, c.clientSecret, c.password = p.URL, "loadtest", "s3cret", "open"
	c.scope, c.redirectURI, c.recipe, c.metrics = "openid", "http://127.0.0.1:1/callback", testRecipe(t), p.Listener.Addr().String()
	return c
}
