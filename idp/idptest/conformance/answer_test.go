package conformance

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"surety/idp/idptest/world"

	"golang.org/x/net/html"
)

// errorCodes are those that an authorization response may have (the IANA
// registry of OAuth extensions errors, and RFC 6749, section 4.1.2.1).
var errorCodes = []string{
	"invalid_request", "unauthorized_client", "access_denied", "unsupported_response_type", "invalid_scope", "server_error",
	"temporarily_unavailable", "interaction_required", "login_required", "account_selection_required", "consent_required",
	"invalid_request_uri", "invalid_request_object", "request_not_supported", "request_uri_not_supported", "registration_not_supported",
	"unmet_authentication_requirements", "invalid_target",
}

// answer reads an authorization response as it reaches the client, and holds
// it to section 0: sent in the mode that was asked for, to the very redirect
// URI, with exactly the expected parameters.
func (r *rp) answer(p world.Page, request url.Values) url.Values {
	r.Helper()
	var got url.Values
	if request.Get("response_mode") == string(formPost) {
		got = r.posted(p)
	} else {
		got = r.redirected(p)
	}
	want := []string{"iss"}
	if request.Get("state") != "" {
		want = append(want, "state")
	}
	if got.Has("error") {
		want = append(want, "error")
		r.checkError(got)
	} else {
		want = append(want, "code")
	}
	for name, values := range got {
		if !slices.Contains(want, name) && (!got.Has("error") || name != "error_description" && name != "error_uri") {
			r.Errorf("the answer has the parameter %s", name)
		}
		if len(values) != 1 {
			r.Errorf("the answer has %s %d times", name, len(values))
		}
	}
	for _, name := range want {
		if got.Get(name) == "" {
			r.Errorf("the answer has no %s: %v", name, got)
		}
	}
	if got.Get("state") != request.Get("state") || got.Get("iss") != r.world.Issuer {
		r.Errorf("state %q and iss %q, want %q and %q", got.Get("state"), got.Get("iss"), request.Get("state"), r.world.Issuer)
	}
	if code := got.Get("code"); !tokenText(code) || code != "" && len(code) < secretLength {
		r.Errorf("code %q", got.Get("code"))
	}
	return got
}

// redirected is an answer in the query of the redirect URI.
func (r *rp) redirected(p world.Page) url.Values {
	r.Helper()
	if !p.Away {
		r.Fatalf("not sent back to the client, but shown %s (%d):\n%s", p.URL, p.Status, p.Body)
	}
	if p.Status != http.StatusFound && p.Status != http.StatusSeeOther {
		r.Errorf("sent back with status %d", p.Status)
	}
	to, query := *p.URL, p.URL.Query()
	to.RawQuery = ""
	if to.String() != r.redirect || strings.Contains(p.Header.Get("Location"), "#") {
		r.Errorf("sent to %s, want %s", p.URL, r.redirect)
	}
	return query
}

// posted is an answer in a form that the browser posts to the redirect URI
// (OAuth 2.0 Form Post Response Mode).
func (r *rp) posted(p world.Page) url.Values {
	r.Helper()
	form := postForm(p)
	if p.Away || p.Status != http.StatusOK || form == nil {
		r.Fatalf("no form for the client, but %s (%d):\n%s", p.URL, p.Status, p.Body)
	}
	encoding := attribute(form, "enctype")
	if attribute(form, "action") != r.redirect || attribute(form, "method") != "post" || encoding != "" && encoding != "application/x-www-form-urlencoded" {
		r.Errorf("the form is %v, want a POST to %s", form.Attr, r.redirect)
	}
	if q := p.URL.Query(); q.Has("code") || q.Has("error") {
		r.Errorf("the answer is in the query: %s", p.URL)
	}
	if !strings.Contains(p.Header.Get("Content-Security-Policy"), r.origin) || p.Header.Get("Cache-Control") != "no-store" {
		r.Errorf("headers %v do not let the form through, or let it be kept", p.Header)
	}
	fields, button := url.Values{}, false
	for n := range form.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		button = button || n.Data == "button"
		if n.Data == "input" {
			fields.Add(attribute(n, "name"), attribute(n, "value"))
		}
	}
	if !button {
		r.Error("without scripts nobody can send the form")
	}
	return fields
}

// checkError holds an error redirect to section 0.
func (r *rp) checkError(got url.Values) {
	r.Helper()
	if !slices.Contains(errorCodes, got.Get("error")) {
		r.Errorf("error %q is not registered", got.Get("error"))
	}
	if got.Has("code") {
		r.Error("an error with a code beside it")
	}
	if !printable(got.Get("error_description")) {
		r.Errorf("error_description %q", got.Get("error_description"))
	}
	if u, err := url.Parse(got.Get("error_uri")); got.Has("error_uri") && (err != nil || u.Scheme == "") {
		r.Errorf("error_uri %q", got.Get("error_uri"))
	}
}

func (r *rp) wantError(got url.Values, want ...string) {
	r.Helper()
	if !slices.Contains(want, got.Get("error")) {
		r.Errorf("answered %v, want the error %s", got, strings.Join(want, " or "))
	}
}

// printable is what error_description may hold (RFC 6749, section 4.1.2.1).
func printable(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c > '~' || c == '"' || c == '\\' })
}

// tokenText is what codes and tokens may hold (RFC 6749, appendix A).
func tokenText(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c > '~' })
}
