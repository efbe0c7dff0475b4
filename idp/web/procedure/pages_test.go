package procedure_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"surety/idp/flow/operator"
	"surety/idp/idptest/world"
	"surety/idp/profile"
)

const without = "You can also do this without an account"

// offering is a house in which the demonstration's agency offers its services.
func offering(t *testing.T) *world.World {
	t.Helper()
	w := world.New(t)
	p, err := profile.Load("demo")
	if err != nil {
		t.Fatal(err)
	}
	source := strings.ReplaceAll(string(p.Procedures), "{agency}", "https://agency.example")
	if _, err := w.Operator.ImportProcedures(t.Context(), operator.ActorCommand, "procedures.yaml", []byte(source), false); err != nil {
		t.Fatal(err)
	}
	return w
}

func wantText(t *testing.T, p world.Page, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !p.Has(text) {
			t.Errorf("%s (%d) does not say %q:\n%s", p.URL, p.Status, text, p.Body)
		}
	}
}

// enters is what somebody with a password sees who opens the page and logs in.
func enters(w *world.World, b *world.Browser, page, login string) world.Page {
	w.Helper()
	at := b.Get(page)
	if at.URL.Path != "/sign-in" {
		w.Fatalf("%s led to %s without a login", page, at.URL)
	}
	return b.Submit(at, "continue", "login", login, "password", world.Password)
}

// TestR1_WhatWillINeed: whoever opens the page logs in, is back at it, and
// reads what is missing with every way there.
func TestR1_WhatWillINeed(t *testing.T) {
	t.Parallel()
	w := offering(t)
	login := world.Random() + "@example.test"
	w.Seed(login)
	b := w.Browser()
	page := enters(w, b, "/procedures/agency/3.30.01/path", login)
	if page.URL.Path != "/procedures/agency/3.30.01/path" || page.Status != http.StatusOK {
		t.Fatalf("after the login: %s, %d", page.URL, page.Status)
	}
	wantText(t, page, "What you will need", "Copy of a birth certificate", "Basic", "Substantial", "your identity must be confirmed", "2.50 BYN", "free of charge",
		"You need: your identity document", "This does not open:", `href="https://agency.example/procedures/3.30.01"`, without, "Main Street")
	// What is open needs nothing more.
	wantText(t, b.Get("/procedures/agency/1.10.01/path"), "You can begin now", without)
	// The same for a program in the person's browser.
	var path struct {
		Outcome string           `json:"outcome"`
		Held    map[string]any   `json:"held"`
		Ways    []map[string]any `json:"ways"`
	}
	fetch(t, b, "/procedures/agency/3.30.01/path", "application/json", http.StatusOK, &path)
	if path.Outcome != "pending" || path.Held["level"] != "basic" || len(path.Ways) == 0 {
		t.Errorf("in JSON: %+v", path)
	}
}

// TestR1_AnAuthenticatorIsAddedAndThePageIsBack: the way leads to the page that
// adds it, and that page comes back here.
func TestR1_AnAuthenticatorIsAddedAndThePageIsBack(t *testing.T) {
	t.Parallel()
	w := offering(t)
	login := world.Random() + "@example.test"
	w.Confirm(w.Seed(login).AccountID, true)
	b := w.Browser()
	page := enters(w, b, "/procedures/agency/3.30.01/path", login)
	wantText(t, page, "Only one thing is missing", `href="/methods/otp?return=%2Fprocedures%2Fagency%2F3.30.01%2Fpath"`)
}

func TestServicesForMe(t *testing.T) {
	t.Parallel()
	w := offering(t)
	login := world.Random() + "@example.test"
	w.Confirm(w.Seed(login).AccountID, true)
	b := w.Browser()
	page := enters(w, b, "/procedures?for=me&agency=agency", login)
	if page.URL.RequestURI() != "/procedures?for=me&agency=agency" && page.URL.RequestURI() != "/procedures?agency=agency&for=me" {
		t.Fatalf("after the login: %s", page.URL)
	}
	open, _, _ := strings.Cut(page.Body, `id="step"`)
	if !strings.Contains(open, "Open to you now") || !strings.Contains(open, "1.10.01") || strings.Contains(open, "3.30.01") {
		t.Errorf("open now:\n%s", open)
	}
	wantText(t, page, "One step away", "Not for you, and why", "on behalf of somebody else", without)
	var list struct {
		Procedures []struct {
			Code     string `json:"code"`
			Standing string `json:"standing"`
			Path     string `json:"path"`
		} `json:"procedures"`
	}
	fetch(t, b, "/procedures?for=me", "application/json", http.StatusOK, &list)
	for _, p := range list.Procedures {
		if p.Standing == "" || p.Path != "/procedures/agency/"+p.Code+"/path" {
			t.Errorf("in JSON: %+v", p)
		}
	}
}

// TestListsForAnybody: no account is needed to see what there is.
func TestListsForAnybody(t *testing.T) {
	t.Parallel()
	w := offering(t)
	b := w.Browser()
	page := b.Get("/procedures")
	wantText(t, page, "Public services", `href="/procedures?agency=agency"`, without)
	page = b.Get("/procedures?agency=agency")
	wantText(t, page, "Book an appointment", "4.77.01", "Level: High", `role="search"`, without)
	page = b.Get("/procedures?agency=agency&q=" + url.QueryEscape("ЗАПІС НА"))
	wantText(t, page, "Book an appointment")
	if page.Has("4.77.01") {
		t.Errorf("the search found everything:\n%s", page.Body)
	}
	wantText(t, b.Get("/procedures?q=nothing-like-this"), "Nothing was found", without)
	for lang, title := range map[string]string{"be": "Дзяржаўныя паслугі", "ru": "Государственные услуги", "uk": "Державні послуги"} {
		other := w.Browser()
		other.Lang = lang
		wantText(t, other.Get("/procedures"), title)
	}
	var list struct {
		Procedures []map[string]any `json:"procedures"`
	}
	fetch(t, b, "/procedures?agency=agency", "application/json", http.StatusOK, &list)
	if len(list.Procedures) == 0 || list.Procedures[0]["standing"] != nil {
		t.Errorf("in JSON: %v", list)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	w := offering(t)
	login := world.Random() + "@example.test"
	w.Seed(login)
	b := w.Browser()
	var answer map[string]string
	fetch(t, b, "/procedures/agency/1.10.01/path", "application/json", http.StatusUnauthorized, &answer)
	if answer["error"] != "login_required" {
		t.Errorf("a program without a login: %v", answer)
	}
	page := enters(w, b, "/procedures/agency/none/path", login)
	if page.Status != http.StatusNotFound {
		t.Errorf("an unknown procedure: %d", page.Status)
	}
	wantText(t, page, "There is no such service", without)
	fetch(t, b, "/procedures/agency/none/path", "application/json", http.StatusNotFound, &answer)
	if answer["error"] != "not_found" || answer["reference"] == "" {
		t.Errorf("the same for a program: %v", answer)
	}
	for address, status := range map[string]int{
		"/procedures?for=you":                                       http.StatusBadRequest,
		"/procedures?q=" + strings.Repeat("x", 101):                 http.StatusBadRequest,
		"/procedures?agency=a%20b":                                  http.StatusNotFound,
		"/procedures?q=%00":                                         http.StatusBadRequest,
		"/procedures?q=x&after=nowhere%20at/all":                    http.StatusOK,
		"/procedures/%2e%2e/1/path":                                 http.StatusNotFound,
		"/procedures/agency/" + strings.Repeat("1", 9000) + "/path": http.StatusNotFound,
	} {
		if page := b.Get(address); page.Status != status {
			t.Errorf("%.60s: %d, want %d", address, page.Status, status)
		}
	}
}

// TestAToken_IsNotASession: a request with a token is the agency's, whatever
// cookies come along, and a bad one gets the answer of RFC 6750.
func TestAToken_IsNotASession(t *testing.T) {
	t.Parallel()
	w := offering(t)
	login := world.Random() + "@example.test"
	w.Seed(login)
	b := w.Browser()
	enters(w, b, "/procedures?for=me", login)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.Issuer+"/procedures/agency/1.10.01/path", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer made-up")
	resp, err := b.Client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized || !strings.Contains(resp.Header.Get("WWW-Authenticate"), `error="invalid_token"`) {
		t.Errorf("%d %s", resp.StatusCode, resp.Header.Get("WWW-Authenticate"))
	}
	if vary := strings.Join(resp.Header.Values("Vary"), ","); !strings.Contains(vary, "Authorization") {
		t.Errorf("Vary: %s", vary)
	}
}

// fetch asks as a program does and reads the answer.
func fetch(t *testing.T, b *world.Browser, path, accept string, status int, into any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.Home()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", accept)
	resp, err := b.Client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != status || resp.Header.Get("Content-Type") != "application/json" || !strings.Contains(strings.Join(resp.Header.Values("Vary"), ","), "Accept") {
		t.Fatalf("%s: %d %v\n%s", path, resp.StatusCode, resp.Header, body)
	}
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatalf("%s: %v\n%s", path, err, body)
	}
}
