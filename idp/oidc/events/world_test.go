package events_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"time"

	"surety/assurance/guard"
	"surety/idp/idptest/world"
)

const (
	api      = "https://api.example.test"
	patience = 30 * time.Second // for what takes milliseconds on an idle machine
)

// agency is a client that guards an API, with the real guard.
type agency struct {
	*world.World
	id, secret, redirect string
	polls                *polls
	revocations          *guard.Revocations
	open                 http.Handler // what the guard lets in to
}

// newAgency registers a client, and has its guard listen to the house.
func newAgency(w *world.World) *agency {
	w.Helper()
	host := world.Random() + ".example.test"
	a := &agency{World: w, redirect: "https://" + host + "/cb", polls: &polls{next: w.Transport, sent: make(chan question, 100)}}
	made := w.Register(`{"client_name": "Office ` + host + `", "redirect_uris": ["` + a.redirect + `"], "resources": ["` + api + `"],
		"scope": "openid offline_access", "grant_types": ["authorization_code", "refresh_token"], "security_events": "poll"}`)
	a.id, a.secret = string(made.Client.ID), made.Secret
	var err error
	a.revocations, err = guard.NewRevocations(guard.RevocationsConfig{
		Issuer: w.Issuer, ClientID: a.id, ClientSecret: a.secret, HTTPClient: &http.Client{Transport: a.polls}, Clock: w.Now,
	})
	if err != nil {
		w.Fatal(err)
	}
	g, err := guard.New(guard.Config{Issuer: w.Issuer, Audience: api, Revocations: a.revocations, Clock: w.Now, HTTPClient: &http.Client{Transport: w.Transport}})
	if err != nil {
		w.Fatal(err)
	}
	a.open = g.Require(guard.Requirement{})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	return a
}

// listen polls until the test ends, and returns once a poll waits in the house.
func (a *agency) listen() {
	a.Helper()
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = a.revocations.Poll(ctx) })
	a.Cleanup(func() { stop(); running.Wait() })
	a.next(func(q question) bool { return !q.ReturnImmediately })
}

// question is a poll on its way.
type question struct {
	ReturnImmediately bool
	Ack               []string
	SetErrs           map[string]any
}

// polls tells the test of every poll that is sent.
type polls struct {
	next http.RoundTripper
	sent chan question
}

// RoundTrip passes the request on.
func (p *polls) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/events/poll") {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		var q question
		if err := json.Unmarshal(body, &q); err != nil {
			return nil, err
		}
		p.sent <- q
	}
	return p.next.RoundTrip(r)
}

// next waits for the poll that is meant. The guard has taken what it acknowledges.
func (a *agency) next(meant func(question) bool) question {
	a.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		select {
		case q := <-a.polls.sent:
			if len(q.SetErrs) > 0 {
				a.Fatalf("the guard refuses what the house says: %v", q.SetErrs)
			}
			if meant(q) {
				return q
			}
		case <-late.C:
			a.Fatal("the poll never came")
		}
	}
}

func (a *agency) heard() { a.Helper(); a.next(func(q question) bool { return len(q.Ack) > 0 }) }

// authorize is the way to a code, for a person who is logged in or not.
func (a *agency) authorize(scope string) string {
	sum := sha256.Sum256([]byte(verifier))
	return "/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {a.id}, "redirect_uri": {a.redirect}, "scope": {scope}, "resource": {api},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}.Encode()
}

var verifier = strings.Repeat("v", 43)

type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
}

// logIn brings the person to the agency and returns the agency's tokens.
func (a *agency) logIn(b *world.Browser, email, scope string) tokens {
	a.Helper()
	page := b.Get(a.authorize(scope))
	if page.URL.Path == "/sign-in" {
		page = b.Submit(page, "continue", "login", email, "password", world.Password)
	}
	if !page.Away {
		page = b.Submit(page, "allow")
	}
	return a.redeem(page.URL.Query().Get("code"))
}

func (a *agency) redeem(code string) tokens {
	a.Helper()
	return a.token("grant_type", "authorization_code", "code", code, "redirect_uri", a.redirect, "code_verifier", verifier)
}

func (a *agency) token(pairs ...string) tokens {
	a.Helper()
	var t tokens
	if status, body := a.post("/token", pairs...); status != http.StatusOK || json.Unmarshal([]byte(body), &t) != nil {
		a.Fatalf("token: %d %s", status, body)
	}
	return t
}

func (a *agency) refresh(t tokens) tokens {
	a.Helper()
	return a.token("grant_type", "refresh_token", "refresh_token", t.Refresh)
}

func (a *agency) post(path string, pairs ...string) (int, string) {
	a.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	req, err := http.NewRequestWithContext(a.Context(), http.MethodPost, a.Issuer+path, strings.NewReader(form.Encode()))
	if err != nil {
		a.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return a.send(req)
}

func (a *agency) send(req *http.Request) (int, string) {
	a.Helper()
	req.SetBasicAuth(a.id, a.secret)
	resp, err := (&http.Client{Transport: a.Transport}).Do(req)
	if err != nil {
		a.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		a.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// call shows a token to the API.
func (a *agency) call(t tokens) int {
	a.Helper()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+t.Access)
	w := httptest.NewRecorder()
	a.open.ServeHTTP(w, r)
	return w.Code
}

func (a *agency) want(status int, all ...tokens) {
	a.Helper()
	for i, t := range all {
		if got := a.call(t); got != status {
			a.Errorf("token %d: %d, want %d", i+1, got, status)
		}
	}
}
