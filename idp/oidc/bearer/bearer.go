package bearer

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"surety/idp"
)

// maxForm bounds a POST body: it holds one token.
const maxForm = 64 << 10

// Problem is an error answer (RFC 6750, section 3). An empty code says only
// that a token is needed.
type Problem struct {
	Status int
	Code   string
	Text   string
}

// Error gives the operator's face.
func (p *Problem) Error() string { return p.Code + ": " + p.Text }

// The problems that every resource has.
var (
	ErrNone  = &Problem{Status: http.StatusUnauthorized}
	ErrTwice = &Problem{http.StatusBadRequest, "invalid_request", "the access token came more than once or the request is malformed"}
	ErrToken = &Problem{http.StatusUnauthorized, "invalid_token", "the access token is unknown, expired, revoked or not for this endpoint"}
	ErrScope = &Problem{http.StatusForbidden, "insufficient_scope", "the access token lacks the scope openid"}
)

// Token takes the token from the header or from a form, never from the
// address, where it would end up in logs (RFC 6750, sections 2 and 5.3).
// Errors: ErrNone, ErrTwice.
func Token(w http.ResponseWriter, r *http.Request) (string, error) {
	var found []string
	for _, value := range r.Header["Authorization"] {
		scheme, token, _ := strings.Cut(value, " ")
		if strings.EqualFold(scheme, "Bearer") {
			found = append(found, strings.TrimSpace(token))
		}
	}
	contentType, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if r.Method == http.MethodPost && strings.EqualFold(strings.TrimSpace(contentType), "application/x-www-form-urlencoded") {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			return "", ErrTwice
		}
		found = append(found, r.PostForm["access_token"]...)
	}
	switch {
	case len(found) == 0:
		return "", ErrNone
	case len(found) > 1:
		return "", ErrTwice
	}
	return found[0], nil
}

// Refuse answers with what is wrong: a Problem as the specification says, and
// everything else as a fault of ours that may pass or not. Only the latter is
// logged, for the resource of that name.
func Refuse(w http.ResponseWriter, r *http.Request, realm, resource string, log *slog.Logger, err error) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	var p *Problem
	switch {
	case errors.As(err, &p):
		if p.Status != http.StatusNotFound { // what is not there is not a matter of the token
			challenge := `Bearer realm="` + realm + `"`
			if p.Code != "" {
				challenge += `, error="` + p.Code + `", error_description="` + p.Text + `"`
			}
			header.Set("WWW-Authenticate", challenge)
		}
	case idp.CodeOf(err) == idp.CodeUnavailable:
		header.Set("Retry-After", "1")
		p = &Problem{http.StatusServiceUnavailable, "temporarily_unavailable", "try again in a moment"}
	default:
		p = &Problem{http.StatusInternalServerError, "server_error", "the request could not be answered"}
	}
	if p.Status >= http.StatusInternalServerError {
		log.ErrorContext(r.Context(), resource, "error", err)
	}
	if p.Code == "" {
		w.WriteHeader(p.Status)
		return
	}
	header.Set("Content-Type", "application/json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": p.Code, "error_description": p.Text})
}
