package web

import (
	"net/http"
	"net/url"
	"strings"
)

// policyHead and policyTail are the Content-Security-Policy around the
// targets of forms.
const (
	policyHead = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'"
	policyTail = "; base-uri 'none'; frame-ancestors 'none'"
)

// setHeaders sets what every answer has. Endpoints that may be cached or read
// by other origins replace what they need to.
func (s *Site) setHeaders(h http.Header, id string) {
	h.Set("Content-Security-Policy", policyHead+policyTail)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	// Not no-referrer: with it browsers send "Origin: null" with our own forms,
	// and older ones, which send no Sec-Fetch-Site, could no longer use them.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Request-Id", id)
	if s.secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// AllowRedirect lets forms of this page end at the client's redirect URIs:
// browsers apply form-action to the redirects that follow a form as well, so
// pages of an interaction call it with the registered URIs of the client.
func AllowRedirect(w http.ResponseWriter, redirectURIs ...string) {
	var sources strings.Builder
	for _, uri := range redirectURIs {
		if source := formSource(uri); source != "" && !strings.Contains(sources.String()+" ", " "+source+" ") {
			sources.WriteString(" " + source)
		}
	}
	w.Header().Set("Content-Security-Policy", policyHead+sources.String()+policyTail)
}

// formSource returns the source expression (CSP Level 3, section 2.3.1) that
// covers the URI: its origin, or its scheme if it is an app's own.
func formSource(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme == "" {
		return ""
	}
	source := u.Scheme + ":"
	if u.Scheme == "http" || u.Scheme == "https" {
		if u.Host == "" {
			return ""
		}
		source = u.Scheme + "://" + u.Host
	}
	// A registered URI cannot hold these, but a header must not depend on that.
	if strings.ContainsAny(source, " ;,'\"\r\n\t") {
		return ""
	}
	return source
}
