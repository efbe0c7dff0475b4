package stories_test

import (
	"crypto/rand"
	"fmt"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"surety/idp/idptest/world"
)

// said is everything personal that any test said to a house: none of it may
// be found in a database.
var said struct {
	mu      sync.Mutex
	secrets []string
}

// secret notes what must not be found.
func secret(s string) string {
	said.mu.Lock()
	defer said.mu.Unlock()
	said.secrets = append(said.secrets, s)
	return s
}

func below(n int64) int64 {
	i, err := rand.Int(rand.Reader, big.NewInt(n))
	if err != nil {
		panic(err) // crypto/rand never fails
	}
	return i.Int64()
}

// email is an address that nobody else has.
func email() string { return secret(world.Random() + "@people.example.test") }

// phone is a mobile number that nobody else has.
func phone() string { return secret(fmt.Sprintf("+37533%07d", below(10_000_000))) }

const newPassword = "amber kettle 93 orchard"

// person returns a browser of its own at an address of its own.
func person(w *world.World) *world.Browser {
	w.Helper()
	b := w.Browser()
	agent := "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0 " + secret("Tell"+world.Random())
	b.Client.Transport = from(w.TB, secret(fmt.Sprintf("127.%d.%d.%d", 1+below(250), 1+below(250), 2+below(250))), agent)
	return b
}

// from sends requests from a loopback address, so that people are not all at
// the same, under a browser's name.
func from(t testing.TB, address, agent string) http.RoundTripper {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	transport := &http.Transport{DialContext: dialer.DialContext}
	t.Cleanup(transport.CloseIdleConnections)
	return named{transport, agent}
}

type named struct {
	http.RoundTripper
	agent string
}

func (n named) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Header.Get("User-Agent") == "" {
		r = r.Clone(r.Context())
		r.Header.Set("User-Agent", n.agent)
	}
	return n.RoundTripper.RoundTrip(r)
}

// tab is another tab of the same browser.
func tab(b *world.Browser) *world.Browser {
	c := *b
	return &c
}

// begin sends the contact of a registration and returns the page that asks
// for the code.
func begin(b *world.Browser, contact, query string) world.Page {
	b.Helper()
	page := b.Submit(b.Get("/register"+query), "continue", "contact", contact, "terms", "1")
	want(b, page, http.StatusOK, `id="code"`)
	return page
}

// names are the usual last step of a registration.
var names = []string{"family_name", "Kavalenka", "given_name", "Hanna", "no_patronymic", "1", "password", world.Password}

// registered registers a contact by code and returns where that ended.
func registered(w *world.World, b *world.Browser, contact, query string) world.Page {
	w.Helper()
	before := lastTo(w, contact)
	page := b.Submit(begin(b, contact, query), "continue", "code", w.Mail(contact, before).Code)
	want(b, page, http.StatusOK, `id="family_name"`)
	return b.Submit(page, "continue", names...)
}

// lastTo is the number of the last message that an address got.
func lastTo(w *world.World, contact string) int64 {
	last := int64(0)
	for _, m := range messages(w, contact) {
		last = m.ID
	}
	return last
}

// want fails unless the page has the status and the texts.
func want(t testing.TB, p world.Page, status int, texts ...string) {
	t.Helper()
	if p.Away {
		t.Fatalf("went away to %s, want %d", p.URL, status)
	}
	if p.Status != status {
		t.Fatalf("%s: status %d, want %d\n%s", p.URL, p.Status, status, p.Body)
	}
	for _, text := range texts {
		if !p.Has(text) {
			t.Fatalf("%s (%d) does not have %q:\n%s", p.URL, p.Status, text, p.Body)
		}
	}
}

// lacks fails if the page has one of the texts.
func lacks(t testing.TB, p world.Page, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if p.Has(text) {
			t.Errorf("%s has %q:\n%s", p.URL, text, p.Body)
		}
	}
}

// wantPath fails unless the page is at the path.
func wantPath(t testing.TB, p world.Page, path string) {
	t.Helper()
	if p.Away || p.URL.Path != path {
		t.Fatalf("at %s (%d), want %s:\n%s", p.URL, p.Status, path, p.Body)
	}
}

// answer is the answer of one request, sent as it is and not followed.
type answer struct {
	Status int
	Header http.Header
	Body   string
}

// send sends one request with the browser's cookies and these headers.
func send(b *world.Browser, method, path string, form url.Values, header http.Header) answer {
	b.Helper()
	body := strings.NewReader(form.Encode())
	req, err := http.NewRequestWithContext(b.Context(), method, absolute(b, path), body)
	if err != nil {
		b.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	req.Header.Set("Accept-Language", b.Lang)
	maps.Copy(req.Header, header)
	return do(b, b.Client, req)
}

// absolute completes a path of the house.
func absolute(b *world.Browser, path string) string {
	if strings.HasPrefix(path, "http") {
		return path
	}
	return b.Home() + path
}

func do(t testing.TB, c *http.Client, req *http.Request) answer {
	t.Helper()
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, resp)
}
