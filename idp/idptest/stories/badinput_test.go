package stories_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"surety/idp"
	"surety/idp/idptest/world"
)

// TestBadInput_ToAuthorize: nothing is sent anywhere unless both client and
// address are certain; then the client is told what is wrong.
func TestBadInput_ToAuthorize(t *testing.T) {
	t.Parallel()
	w := house(t)
	a, off := newAgency(w, ""), newAgency(w, "")
	b := person(w)
	if _, err := w.Operator.SetClientDisabled(w.Context(), "test", idp.ClientID(off.id), true, false); err != nil {
		t.Fatal(err)
	}
	twice := func(name, value string) string { return a.authorize() + "&" + name + "=" + url.QueryEscape(value) }
	long := strings.Repeat("x", 17<<10)
	for name, c := range map[string]struct {
		address string
		status  int
		says    string
	}{
		"unknown client":         {a.authorize("client_id", "nobody"), http.StatusBadRequest, "not known to us"},
		"no client":              {a.authorize("client_id", ""), http.StatusBadRequest, "not known to us"},
		"client of odd bytes":    {a.authorize("client_id", "a\x00b"), http.StatusBadRequest, "not known to us"},
		"client too long":        {a.authorize("client_id", strings.Repeat("a", 5000)), http.StatusBadRequest, "not known to us"},
		"disabled client":        {off.authorize(), http.StatusForbidden, "This website is switched off"},
		"unregistered address":   {a.authorize("redirect_uri", "https://evil.example.test/cb"), http.StatusBadRequest, "do not send you back"},
		"address with a tail":    {a.authorize("redirect_uri", a.redirect+"/x"), http.StatusBadRequest, "do not send you back"},
		"address with a query":   {a.authorize("redirect_uri", a.redirect+"?x=1"), http.StatusBadRequest, "do not send you back"},
		"address with dots":      {a.authorize("redirect_uri", strings.TrimSuffix(a.redirect, "cb")+"../cb"), http.StatusBadRequest, "do not send you back"},
		"address in capitals":    {a.authorize("redirect_uri", strings.ToUpper(a.redirect)), http.StatusBadRequest, "do not send you back"},
		"address with a user":    {a.authorize("redirect_uri", strings.Replace(a.redirect, "https://", "https://x@", 1)), http.StatusBadRequest, "do not send you back"},
		"no address":             {a.authorize("redirect_uri", ""), http.StatusBadRequest, "do not send you back"},
		"address of a script":    {a.authorize("redirect_uri", "javascript:alert(1)"), http.StatusBadRequest, "do not send you back"},
		"two clients":            {twice("client_id", a.id), http.StatusBadRequest, "not known to us"},
		"two addresses":          {twice("redirect_uri", a.redirect), http.StatusBadRequest, "do not send you back"},
		"a broken escape":        {a.authorize() + "&x=%zz", http.StatusBadRequest, "could not understand"},
		"a semicolon":            {a.authorize() + ";x=1", http.StatusBadRequest, "could not understand"},
		"a query of 17 KiB":      {a.authorize("state", long), http.StatusRequestEntityTooLarge, "too much at once"},
		"17 KiB to another page": {"/register?x=" + long, http.StatusRequestEntityTooLarge, "too much at once"},
	} {
		p := b.Get(c.address)
		if p.Away || p.Status != c.status || !p.Has(c.says) || !p.Has(`id="reference"`) || p.Has("https://evil") || p.Has("javascript:") {
			t.Errorf("%s: %d %s\n%s", name, p.Status, p.URL, p.Body)
		}
	}
	for name, c := range map[string]struct{ address, fault string }{
		"scope twice":            {twice("scope", "openid"), "invalid_request"},
		"nonce twice":            {twice("nonce", "n2"), "invalid_request"},
		"an unknown type":        {a.authorize("response_type", "token"), "unsupported_response_type"},
		"no PKCE":                {a.authorize("code_challenge", "", "code_challenge_method", ""), "invalid_request"},
		"plain PKCE":             {a.authorize("code_challenge_method", "plain"), "invalid_request"},
		"an odd prompt":          {a.authorize("prompt", "none login"), "invalid_request"},
		"an odd age":             {a.authorize("max_age", "-1"), "invalid_request"},
		"claims that are none":   {a.authorize("claims", "{"), "invalid_request"},
		"a request object":       {a.authorize("request", "x"), "request_not_supported"},
		"bytes that are no text": {a.authorize("login_hint", "\xff\x00"), "invalid_request"},
	} {
		p := b.Get(c.address)
		if !p.Away || p.URL.Query().Get("error") != c.fault {
			t.Errorf("%s: %d %s\n%s", name, p.Status, p.URL, p.Body)
		}
	}
	// The same by POST, with a body beyond 64 KiB.
	form := a.request("state", strings.Repeat("x", 65<<10))
	got := send(b, http.MethodPost, "/authorize", form, http.Header{"Origin": {"https://agency.example.test"}})
	if got.Status != http.StatusRequestEntityTooLarge || !strings.Contains(got.Body, "too much at once") {
		t.Errorf("POST of 65 KiB: %d", got.Status)
	}
}

// TestBadInput_ToFormsAndEndpoints: too large, malformed, not text.
func TestBadInput_ToFormsAndEndpoints(t *testing.T) {
	t.Parallel()
	w := house(t)
	a, b := newAgency(w, ""), person(w)
	huge := strings.Repeat("x", 65<<10)
	page := b.Get("/sign-in")
	want(t, b.Submit(page, "continue", "login", huge), http.StatusRequestEntityTooLarge, "too much at once")
	want(t, b.Submit(page, "continue", "login", strings.Repeat("x", 20_000), "password", strings.Repeat("y", 20_000)), http.StatusUnprocessableEntity)
	want(t, b.Submit(page, "continue", "login", "a\x00b", "password", "x"), http.StatusBadRequest)
	want(t, b.Submit(page, "continue", "login", "\xff\xfe", "password", "x"), http.StatusBadRequest)
	want(t, b.Submit(page, "continue", "login", "a\nb", "password", "x\u202e"), http.StatusUnprocessableEntity)
	_, form := b.Form(page, "continue")
	form["login"] = []string{"one", "two"}
	form.Set("password", "x")
	if got := send(b, http.MethodPost, "/sign-in", form, nil); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("a field twice: %d", got.Status)
	}
	for _, id := range []string{"x", "", "0190d8a2-0000-7000-8000-00000000000g", "{0190d8a2-0000-7000-8000-000000000001}", "0190D8A2-0000-7000-8000-000000000001", huge[:9000], "' OR 1=1 --"} {
		for _, path := range []string{"/continue", "/consent", "/select-account", "/terms/accept", "/sign-in", "/register", "/recover"} {
			p := b.Get(path + "?interaction=" + url.QueryEscape(id))
			if p.Away || p.Status >= 500 || p.Has("OR 1=1") {
				t.Errorf("%s with interaction %.40q: %d", path, id, p.Status)
			}
		}
		for _, path := range []string{"/register/code", "/register/used", "/register/details", "/recover/code", "/recover/password"} {
			if p := b.Get(path + "?attempt=" + url.QueryEscape(id)); p.Status != http.StatusNotFound {
				t.Errorf("%s with attempt %.40q: %d", path, id, p.Status)
			}
		}
	}
	for _, path := range []string{"/token", "/revoke", "/introspect"} {
		got := a.post(path, "token", huge, "grant_type", "authorization_code")
		if got.Status != http.StatusRequestEntityTooLarge && got.Status != http.StatusBadRequest || got.text("error") != "invalid_request" {
			t.Errorf("%s with 65 KiB: %d %s", path, got.Status, got.Body)
		}
		for name, body := range map[string]string{"twice": "token=a&token=b&grant_type=x&grant_type=x", "no form": "%zz"} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.Issuer+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			req.SetBasicAuth(a.id, a.secret)
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if got := a.decode(do(t, http.DefaultClient, req)); got.Status != http.StatusBadRequest || got.text("error") != "invalid_request" {
				t.Errorf("%s, %s: %d %s", path, name, got.Status, got.Body)
			}
		}
	}
}

// TestBadInput_Cookies that are broken, foreign or far too large are as good
// as none.
func TestBadInput_Cookies(t *testing.T) {
	t.Parallel()
	w := house(t)
	in, _ := entered(w)
	a := newAgency(w, "")
	suffix := "-" + port(t, w) + "="
	foreign := strings.Repeat("A", 43)
	for name, header := range map[string]string{
		"of nobody":         "surety-session" + suffix + foreign + "; surety-browser" + suffix + foreign,
		"cut off":           "surety-session" + suffix + cookies(in)["session"][:42],
		"with a tail":       "surety-session" + suffix + cookies(in)["session"] + "A",
		"in other letters":  "surety-session" + suffix + strings.ToUpper(cookies(in)["session"]),
		"not base64":        "surety-session" + suffix + strings.Repeat("!", 43) + "; surety-browser" + suffix + "\"" + foreign + "\"",
		"empty":             "surety-session" + suffix + "; surety-browser" + suffix + "; surety-lang" + suffix,
		"no cookies at all": ";;;=;==; =x; a",
		"large":             "surety-session" + suffix + strings.Repeat("A", 8<<10) + "; surety-browser" + suffix + strings.Repeat("B", 8<<10),
		"many":              strings.Repeat("surety-browser"+suffix+"x; ", 300),
		"of another port":   "surety-session-1=" + cookies(in)["session"],
		"https's":           "__Host-surety-session=" + cookies(in)["session"],
		"a database's":      "surety-session" + suffix + "'; DROP TABLE session; --",
	} {
		for path, status := range map[string]int{"/account": http.StatusSeeOther, "/sign-in": http.StatusOK, a.authorize(): http.StatusSeeOther, "/logout": http.StatusSeeOther} {
			b := person(w)
			got := send(b, http.MethodGet, path, nil, http.Header{"Cookie": {header}})
			if to := got.Header.Get("Location"); got.Status != status || strings.Contains(to, "code=") || strings.Contains(to, "/account") {
				t.Errorf("%s: %s is %d to %s", name, path[:min(30, len(path))], got.Status, to)
			}
		}
	}
	// What no server reads any more is refused before it is ours.
	got := send(person(w), http.MethodGet, "/", nil, http.Header{"Cookie": {strings.Repeat("x", 40<<10)}})
	if got.Status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("40 KiB of cookies: %d", got.Status)
	}
	wantPath(t, in.Get("/account"), "/account")
	// Two of one name: a planted one beside the own does not lock the person out of forms.
	_, form := in.Form(in.Get("/account"), "lang")
	form.Set("lang", "uk")
	both := "surety-browser" + suffix + "planted; surety-browser" + suffix + cookies(in)["browser"]
	if got := send(person(w), http.MethodPost, "/language", form, http.Header{"Cookie": {both}}); got.Status != http.StatusSeeOther {
		t.Errorf("with a broken cookie before the own: %d", got.Status)
	}
}

// TestBadInput_MethodsAndPaths that do not exist are told apart, and say what
// there is.
func TestBadInput_MethodsAndPaths(t *testing.T) {
	t.Parallel()
	w := house(t)
	b := person(w)
	for path, allow := range map[string]string{
		"/": "GET, HEAD", "/sign-in": "GET, HEAD, POST", "/account": "GET, HEAD", "/account/logout-everywhere": "POST", "/language": "POST",
		"/token": "POST", "/revoke": "POST", "/introspect": "POST", "/register/code/resend": "POST", "/terms": "GET, HEAD",
	} {
		for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPatch, "PROPFIND", "get", "TRACE"} {
			got := send(b, method, path, nil, nil)
			if got.Status != http.StatusMethodNotAllowed || got.Header.Get("Allow") != allow || !strings.Contains(got.Body, `id="reference"`) {
				t.Errorf("%s %s: %d, Allow %q", method, path, got.Status, got.Header.Get("Allow"))
			}
		}
		if !strings.Contains(allow, "GET") {
			want(t, b.Get(path), http.StatusMethodNotAllowed, "This page cannot be opened like this")
		}
	}
	for _, path := range []string{"/nowhere", "/Sign-In", "/sign-in/", "/account/", "/.git/config", "/index.html", "/%00", "/\u202e", "/" + strings.Repeat("a/", 2000), "/operator/", "/.well-known/"} {
		want(t, b.Get(path), http.StatusNotFound, "There is no such page", `id="reference"`)
	}
	got := send(b, http.MethodHead, "/nowhere", nil, nil)
	if got.Status != http.StatusNotFound || got.Body != "" {
		t.Errorf("HEAD of nothing: %d %q", got.Status, got.Body)
	}
}

// TestBadInput_PathsThatClimb out of the folder of assets, sent as no browser
// would.
func TestBadInput_PathsThatClimb(t *testing.T) {
	t.Parallel()
	w := house(t)
	b := person(w)
	style := b.Get("/").Body
	_, after, _ := strings.Cut(style, `href="/assets/`)
	name, _, _ := strings.Cut(after, `"`)
	if got := raw(t, w, "/assets/"+name); !strings.HasPrefix(got, "HTTP/1.1 200") {
		t.Fatalf("an asset: %.200s", got)
	}
	if got := send(b, http.MethodHead, "/assets/"+name, nil, nil); got.Status != http.StatusOK {
		t.Errorf("HEAD of an asset: %d", got.Status)
	}
	for _, path := range []string{
		"/assets/../templates.go", "/assets/..%2ftemplates.go", "/assets/%2e%2e/%2e%2e/go.mod", "/assets/....//go.mod", "/assets/..\\go.mod", "/assets//etc/passwd",
		"/assets/%2fetc%2fpasswd", "/assets/..%5c..%5cgo.mod", "/assets/.", "/assets/", "/assets", "/assets/..", "/assets/%00", "/assets/" + name + "%00.txt",
		"/assets/" + name + "/", "/assets/doc.go", "/../../../../etc/passwd", "//etc/passwd", "/assets/%252e%252e%252fgo.mod", "http://evil.example.test/assets/../go.mod",
	} {
		got := raw(t, w, path)
		status, _, _ := strings.Cut(strings.TrimPrefix(got, "HTTP/1.1 "), " ")
		if status != "404" && status != "400" && status != "301" || strings.Contains(got, "root:") || strings.Contains(got, "package ") || strings.Contains(got, "module ") {
			t.Errorf("%s: %.300s", path, got)
		}
		if location := regexpLocation.FindStringSubmatch(got); location != nil && (!strings.HasPrefix(location[1], "/") || strings.HasPrefix(location[1], "//")) {
			t.Errorf("%s leads to %s", path, location[1])
		}
	}
}

var regexpLocation = regexp.MustCompile(`\r\nLocation: (.*)\r\n`)

// raw sends a request line as it stands.
func raw(t *testing.T, w *world.World, target string) string {
	t.Helper()
	conn, err := net.Dial("tcp", w.Config.Listen[0])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", target)
	all, err := io.ReadAll(bufio.NewReader(conn))
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}
