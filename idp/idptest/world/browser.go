package world

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// Browser is a person's browser without scripts: it keeps cookies, follows
// redirects within the house, and fills in forms. A redirect that leaves the
// house ends the journey and is what the page says of it.
type Browser struct {
	testing.TB
	Jar    http.CookieJar
	Client *http.Client
	home   *url.URL
	Lang   string // Accept-Language
	// Also is the host of an agency that is there for real: the browser goes
	// there and back as it goes within the house.
	Also string
}

// Browser returns a fresh browser.
func (w *World) Browser() *Browser {
	w.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.Fatal(err)
	}
	home, err := url.Parse(w.Issuer)
	if err != nil {
		w.Fatal(err)
	}
	return &Browser{TB: w.TB, Jar: jar, home: home, Lang: "en", Client: &http.Client{
		Jar: jar, Transport: w.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Home is the origin of the house.
func (b *Browser) Home() string { return b.home.String() }

// Page is where a journey ended.
type Page struct {
	URL    *url.URL // of the page, or the address outside the house
	Status int
	Header http.Header
	Body   string
	Away   bool // URL lies outside the house
	Hops   int
}

// Has reports whether the page shows the text.
func (p Page) Has(text string) bool { return strings.Contains(p.Body, text) }

// Get goes to an address, which may be a path.
func (b *Browser) Get(address string) Page {
	b.Helper()
	u, err := b.home.Parse(address)
	if err != nil {
		b.Fatal(err)
	}
	return b.travel(http.MethodGet, u, nil, nil)
}

// Post sends a form to an address, with the headers that a browser sends from
// a page of the same origin.
func (b *Browser) Post(address string, form url.Values) Page {
	b.Helper()
	u, err := b.home.Parse(address)
	if err != nil {
		b.Fatal(err)
	}
	return b.travel(http.MethodPost, u, form, http.Header{"Sec-Fetch-Site": {"same-origin"}, "Origin": {u.Scheme + "://" + u.Host}})
}

const maxHops = 20

func (b *Browser) travel(method string, u *url.URL, form url.Values, header http.Header) Page {
	b.Helper()
	for hop := range maxHops {
		resp, body := b.send(method, u, form, header)
		if resp.StatusCode < 300 || resp.StatusCode >= 400 {
			return Page{URL: u, Status: resp.StatusCode, Header: resp.Header, Body: body, Hops: hop}
		}
		next, err := resp.Location()
		if err != nil {
			b.Fatal(err)
		}
		if next.Host != b.home.Host && next.Host != b.Also {
			return Page{URL: next, Status: resp.StatusCode, Header: resp.Header, Away: true, Hops: hop + 1}
		}
		method, u, form, header = http.MethodGet, next, nil, nil
	}
	b.Fatalf("more than %d redirects", maxHops)
	return Page{}
}

func (b *Browser) send(method string, u *url.URL, form url.Values, header http.Header) (*http.Response, string) {
	b.Helper()
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(b.Context(), method, u.String(), body)
	if err != nil {
		b.Fatal(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	req.Header.Set("Accept-Language", b.Lang)
	resp, err := b.Client.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	return resp, string(text)
}

// Submit fills in the form that has the named button and presses it. Pairs
// are names and values; fields that the page filled in stay as they are, and
// ticks as they are ticked. A value of "\x00" takes a field out.
func (b *Browser) Submit(p Page, button string, pairs ...string) Page {
	b.Helper()
	action, form := b.Form(p, button)
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "\x00" {
			form.Del(pairs[i])
			continue
		}
		form.Set(pairs[i], pairs[i+1])
	}
	return b.Post(action, form)
}

// Form returns the address and fields of the form that has the named button.
func (b *Browser) Form(p Page, button string) (action string, form url.Values) {
	b.Helper()
	doc, err := html.Parse(strings.NewReader(p.Body))
	if err != nil {
		b.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode || n.Data != "form" {
			continue
		}
		if form, ok := fields(n, button); ok {
			target, err := p.URL.Parse(attr(n, "action"))
			if err != nil {
				b.Fatal(err)
			}
			return target.String(), form
		}
	}
	b.Fatalf("no form with a button %q at %s (status %d):\n%s", button, p.URL, p.Status, p.Body)
	return "", nil
}

// fields are what a browser would send, and whether the form has the button.
func fields(form *html.Node, button string) (url.Values, bool) {
	out, found := url.Values{}, false
	for n := range form.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		name, kind := attr(n, "name"), attr(n, "type")
		switch {
		case n.Data == "button" && name == button:
			out.Set(name, attr(n, "value"))
			found = true
		case n.Data != "input" || name == "":
		case (kind == "checkbox" || kind == "radio") && !has(n, "checked"):
		default:
			out.Add(name, attr(n, "value"))
		}
	}
	return out, found
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}
