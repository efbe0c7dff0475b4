package guard

import (
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// refusal is an answer in place of the API's own. Its text goes to the client
// and into the log, and is the same whatever the token holds.
type refusal struct {
	status int
	code   string // error of the challenge; empty when no token came
	text   string // error_description
}

// The errors of RFC 6750, section 3.1, and RFC 9470, section 3.
const (
	codeRequest = "invalid_request"
	codeToken   = "invalid_token"
	codeScope   = "insufficient_scope"
	codeStepUp  = "insufficient_user_authentication"
)

// All refusals there are.
var (
	noToken = &refusal{http.StatusUnauthorized, "", "an access token is needed"}

	manyTokens = &refusal{http.StatusBadRequest, codeRequest, "there is more than one Authorization header"}
	inQuery    = &refusal{http.StatusBadRequest, codeRequest, "an access token in the URL is not accepted; send it in the Authorization header"}
	badSyntax  = &refusal{http.StatusBadRequest, codeRequest, "the Authorization header does not hold one bearer token"}

	tooLong      = &refusal{http.StatusUnauthorized, codeToken, "the token is too long"}
	malformed    = &refusal{http.StatusUnauthorized, codeToken, "the token is malformed"}
	badHeader    = &refusal{http.StatusUnauthorized, codeToken, "the token has a header that is not accepted"}
	badAlgorithm = &refusal{http.StatusUnauthorized, codeToken, "the token is signed with an algorithm that is not accepted"}
	badType      = &refusal{http.StatusUnauthorized, codeToken, "the token is not an access token of type at+jwt"}
	unknownKey   = &refusal{http.StatusUnauthorized, codeToken, "the token is signed with an unknown key"}
	badSignature = &refusal{http.StatusUnauthorized, codeToken, "the signature of the token does not hold"}
	badIssuer    = &refusal{http.StatusUnauthorized, codeToken, "the token is of another issuer"}
	badAudience  = &refusal{http.StatusUnauthorized, codeToken, "the token is for another resource"}
	bound        = &refusal{http.StatusUnauthorized, codeToken, "the token is bound to a key, which cannot be verified here"}
	expired      = &refusal{http.StatusUnauthorized, codeToken, "the token has expired"}
	notYet       = &refusal{http.StatusUnauthorized, codeToken, "the token is from the future"}

	revoked = &refusal{http.StatusUnauthorized, codeToken, "the token was revoked"}

	tooLow      = &refusal{http.StatusUnauthorized, codeStepUp, "a higher level of authentication is needed"}
	tooOld      = &refusal{http.StatusUnauthorized, codeStepUp, "a more recent authentication is needed"}
	noProcedure = &refusal{http.StatusUnauthorized, codeStepUp, "the procedure must be asked for with the login"}
	otherAgency = &refusal{http.StatusForbidden, codeScope, "the procedure was granted for another agency"}
	noScope     = &refusal{http.StatusForbidden, codeScope, "the token lacks a scope that is needed"}

	noKeys  = &refusal{http.StatusServiceUnavailable, "", "access tokens cannot be checked at the moment"}
	noLevel = &refusal{http.StatusServiceUnavailable, "", "the level that is needed here is not offered at the moment"}
	unheard = &refusal{http.StatusServiceUnavailable, "", "whether access tokens were revoked is not known at the moment"}
)

// bearer takes the token out of the request (RFC 6750, section 2). Only the
// header counts: URLs end up in logs and histories, and bodies are the
// handler's to read.
func bearer(r *http.Request) (string, *refusal) {
	if r.URL.RawQuery != "" {
		// The error is about other parameters; those that can be read count.
		query, _ := url.ParseQuery(r.URL.RawQuery)
		if query.Has("access_token") {
			return "", inQuery
		}
	}
	headers := r.Header["Authorization"]
	if len(headers) > 1 {
		return "", manyTokens // which one a proxy in between looked at, nobody knows
	}
	if len(headers) == 0 {
		return "", noToken
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", noToken
	}
	token = strings.TrimLeft(token, " ")
	if token == "" || strings.ContainsFunc(token, notB64Token) {
		return "", badSyntax
	}
	return token, nil
}

// notB64Token reports what cannot be in a bearer token (RFC 6750, section 2.1).
func notB64Token(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		return false
	}
	return !strings.ContainsRune("-._~+/=", r)
}

// answer writes a refusal.
func (g *Guard) answer(w http.ResponseWriter, q Requirement, no *refusal) {
	h := w.Header()
	if no.status == http.StatusServiceUnavailable {
		h.Set("Retry-After", strconv.Itoa(int(pause/time.Second)))
	} else {
		h.Add("WWW-Authenticate", g.challenge(q, no))
	}
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store") // the next request may hold another token
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(no.status)
	_, _ = io.WriteString(w, no.text+"\n") // the client is gone if this fails
}

// challenge says what is wrong and what would be enough. Every value in it is
// a constant or was checked to need no escapes when the guard was made.
func (g *Guard) challenge(q Requirement, no *refusal) string {
	params := []string{`Bearer realm="` + g.audience + `"`}
	add := func(name, value string) { params = append(params, name+`="`+value+`"`) }
	if no.code != "" { // RFC 6750, section 3.1: no error when no token came
		add("error", no.code)
		add("error_description", no.text)
	}
	if no.code == codeStepUp {
		// All that is required, whatever is missing: a login that mends only one
		// of them would be sent back for the other.
		if q.Level != "" {
			add("acr_values", q.Level)
		}
		if q.MaxAge > 0 {
			add("max_age", strconv.Itoa(int(q.MaxAge/time.Second)))
		}
		if q.Procedure != "" {
			// Surety's own: the client sends it back as authorization_details.
			add("procedure", q.Procedure)
		}
	}
	if len(q.Scopes) > 0 && (no.code == codeStepUp || no.code == codeScope) {
		add("scope", strings.Join(q.Scopes, " "))
	}
	return strings.Join(params, ", ")
}
