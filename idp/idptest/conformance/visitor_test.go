package conformance

import (
	"net/http"
	"net/url"
	"strings"

	"surety/idp/idptest/world"

	"golang.org/x/net/html"
)

// visitor is a person with a browser.
type visitor struct {
	*op
	browser *world.Browser
	login   string
}

// visitor returns somebody who is not logged in anywhere.
func (o *op) visitor() *visitor {
	return o.visitorAs(o.bases[int(o.next.Add(1))%len(o.bases)])
}

func (o *op) visitorAs(login string) *visitor { return &visitor{o, o.world.Browser(), login} }

// open goes to the authorization endpoint.
func (v *visitor) open(request url.Values) world.Page {
	v.Helper()
	return v.browser.Get(v.endpoint("authorization_endpoint") + "?" + request.Encode())
}

// through does what a person does on the pages of Surety: log in, agree.
func (v *visitor) through(p world.Page) world.Page {
	v.Helper()
	for range 4 {
		switch {
		case p.Away || p.Status != http.StatusOK:
			return p
		case p.URL.Path == "/sign-in":
			p = v.browser.Submit(p, "continue", "login", v.login, "password", world.Password)
		case p.URL.Path == "/consent":
			p = v.browser.Submit(p, "allow")
		default:
			return p
		}
	}
	v.Fatalf("the pages never end: at %s", p.URL)
	return p
}

// flow is a whole authorization, up to the tokens and the person's claims,
// with everything checked that can be.
func (v *visitor) flow(r *rp, pairs ...string) tokens {
	v.Helper()
	request := r.ask(pairs...)
	return r.redeem(r.answer(v.through(v.open(request)), request), request)
}

// silent is a flow in which no page is shown.
func (v *visitor) silent(r *rp, pairs ...string) tokens {
	v.Helper()
	request := r.ask(pairs...)
	return r.redeem(r.answer(v.atOnce(v.open(request)), request), request)
}

// atOnce fails if the person saw a page.
func (v *visitor) atOnce(p world.Page) world.Page {
	v.Helper()
	if p.Away && p.Hops == 1 || !p.Away && p.Hops == 0 && postForm(p) != nil {
		return p
	}
	v.Fatalf("not answered at once: after %d redirects at %s (%d)", p.Hops, p.URL, p.Status)
	return p
}

// refused is an authorization that ends with an error at the redirect URI,
// and its error code is among those wanted.
func (v *visitor) refused(r *rp, request url.Values, want ...string) {
	v.Helper()
	r.wantError(r.answer(v.open(request), request), want...)
}

// loggedIn asks without a page whether the person is logged in.
func (v *visitor) loggedIn(r *rp) bool {
	v.Helper()
	request := r.ask("prompt", "none")
	got := r.answer(v.open(request), request)
	if got.Has("code") {
		return true
	}
	r.wantError(got, "login_required")
	return false
}

// wantErrorPage is a page of Surety that explains a failure, and no redirect.
func (v *visitor) wantErrorPage(p world.Page) {
	v.Helper()
	if p.Away || p.Status < 400 || p.Status >= 500 || !strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") || !p.Has(`id="reference"`) {
		v.Fatalf("want an error page, got %d at %s:\n%s", p.Status, p.URL, p.Body)
	}
}

// element finds the first element that fits.
func element(p world.Page, fits func(*html.Node) bool) *html.Node {
	doc, err := html.Parse(strings.NewReader(p.Body))
	if err != nil {
		return nil
	}
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode && fits(n) {
			return n
		}
	}
	return nil
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// postForm is the form that brings the answer to the client, or nil.
func postForm(p world.Page) *html.Node {
	return element(p, func(n *html.Node) bool { return n.Data == "form" && attribute(n, "id") == "form-post" })
}
