package oidc

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"surety/idp"
)

// Fault is an error in the words of OAuth 2.0. Clients act on Code; people who
// write clients read Description, in English and printable ASCII (RFC 6749,
// sections 4.1.2.1 and 5.2).
type Fault struct {
	Code        string
	Description string
	Status      int    // HTTP status where the fault is answered directly
	Challenge   string // WWW-Authenticate, for a client that used the Authorization header
	Cause       error  // for the log only
}

// Error gives the operator's face.
func (f *Fault) Error() string {
	if f.Cause != nil {
		return f.Code + ": " + f.Description + ": " + f.Cause.Error()
	}
	return f.Code + ": " + f.Description
}

// Unwrap returns the hidden cause.
func (f *Fault) Unwrap() error { return f.Cause }

// Because returns a copy of f with a cause for the log.
func (f *Fault) Because(cause error) *Fault {
	c := *f
	c.Cause = cause
	return &c
}

// The error codes of RFC 6749, OpenID Connect Core 1.0, RFC 8707, RFC 9396 and
// RFC 6750 that Surety answers with.
const (
	InvalidRequest          = "invalid_request"
	InvalidClient           = "invalid_client"
	InvalidGrant            = "invalid_grant"
	InvalidScope            = "invalid_scope"
	InvalidTarget           = "invalid_target"
	UnauthorizedClient      = "unauthorized_client"
	UnsupportedGrantType    = "unsupported_grant_type"
	UnsupportedResponseType = "unsupported_response_type"
	AccessDenied            = "access_denied"
	ServerError             = "server_error"
	TemporarilyUnavailable  = "temporarily_unavailable"
	RequestNotSupported     = "request_not_supported"
	RequestURINotSupported  = "request_uri_not_supported"
	RegistrationUnsupported = "registration_not_supported"

	InvalidAuthorizationDetails = "invalid_authorization_details"
)

// Bad returns a fault of the code with status 400.
func Bad(code, description string) *Fault {
	return &Fault{Code: code, Description: description, Status: http.StatusBadRequest}
}

// FaultOf turns any error into a fault. What is not one already is ours: the
// database away, or a mistake of the program; its text stays in the log. A
// client must never read from our trouble that its grant is bad.
func FaultOf(err error) *Fault {
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	if idp.CodeOf(err) == idp.CodeUnavailable {
		return &Fault{Code: TemporarilyUnavailable, Description: "try again later", Status: http.StatusServiceUnavailable, Cause: err}
	}
	return &Fault{Code: ServerError, Description: "something went wrong on our side", Status: http.StatusInternalServerError, Cause: err}
}

// WriteFault answers with the fault as JSON (RFC 6749, section 5.2).
func WriteFault(w http.ResponseWriter, f *Fault) {
	if f.Challenge != "" {
		w.Header().Set("WWW-Authenticate", f.Challenge)
	}
	if f.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	WriteJSON(w, f.Status, struct {
		Code        string `json:"error"`
		Description string `json:"error_description,omitempty"`
	}{f.Code, Printable(f.Description)})
}

// WriteJSON answers with v, which nobody may keep (RFC 6749, section 5.1).
func WriteJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":"`+ServerError+`"}`)
	}
	h := w.Header()
	h["Content-Type"] = jsonType
	h["Cache-Control"] = noStore
	h["Pragma"] = noCache
	w.WriteHeader(status)
	_, _ = w.Write(body) // the reader may be gone
}

// Header values that every answer shares; nobody changes them.
var (
	jsonType = []string{"application/json"}
	noStore  = []string{"no-store"}
	noCache  = []string{"no-cache"}
)

// Printable reduces a description to what RFC 6749, section 5.2, allows:
// printable ASCII without quotation mark and backslash.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return -1
		}
		return r
	}, s)
}
