package oidc

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"surety/idp"
)

// Bounds of what an endpoint reads (DESIGN §10).
const (
	MaxQuery = 16 << 10
	MaxForm  = 64 << 10
)

// ErrTooLarge means that a query or form is larger than its bound.
var ErrTooLarge = errors.New("request too large")

// PostForm reads the form of a POST: of the right type, bounded, well formed.
// Parameters in the address do not count.
//
// Errors: *Fault; ErrTooLarge is behind it when the form is too large.
func PostForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	if r.Method != http.MethodPost {
		return nil, &Fault{Code: InvalidRequest, Description: "the method must be POST", Status: http.StatusMethodNotAllowed}
	}
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/x-www-form-urlencoded" {
		return nil, Bad(InvalidRequest, "the body must be application/x-www-form-urlencoded")
	}
	r.Body = http.MaxBytesReader(w, r.Body, MaxForm)
	// Only the body: a credential in an address ends up in logs.
	r.URL.RawQuery = ""
	if err := r.ParseForm(); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return nil, &Fault{Code: InvalidRequest, Description: "the body is too large", Status: http.StatusRequestEntityTooLarge, Cause: ErrTooLarge}
		}
		return nil, Bad(InvalidRequest, "the body is not a form").Because(err)
	}
	return r.PostForm, nil
}

// CheckParameters refuses what RFC 6749, section 3.1 and 3.2, forbid: a
// parameter twice (but those named in lists), and what cannot be text. A
// parameter without a value counts as omitted, so it takes it out of the form.
func CheckParameters(form url.Values, lists ...string) *Fault {
	for name, values := range form {
		if len(values) > 1 && !contains(lists, name) {
			return Bad(InvalidRequest, "parameter "+Printable(shortened(name))+" is there more than once")
		}
		for _, v := range values {
			if strings.IndexByte(v, 0) >= 0 || !utf8.ValidString(v) {
				return Bad(InvalidRequest, "parameter "+Printable(shortened(name))+" is not valid text")
			}
		}
		if len(values) == 1 && values[0] == "" {
			delete(form, name)
		}
	}
	return nil
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

// shortened keeps a hostile name from filling an answer.
func shortened(name string) string { return name[:min(len(name), 40)] }

// maxClientID bounds client_id; ours are far shorter.
const maxClientID = 255

// ClientID reads a client_id. What cannot be one (RFC 6749, appendix A.1) is
// known to be unknown without asking the database, which would choke on it.
func ClientID(text string) (idp.ClientID, bool) {
	if text == "" || len(text) > maxClientID {
		return "", false
	}
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return "", false
		}
	}
	return idp.ClientID(text), true
}
