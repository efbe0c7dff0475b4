package web

import "net/http"

// cookieOperator holds an operator's login. It is another cookie than a
// citizen's: the same person may be both, and logging out of one is not
// logging out of the other.
const cookieOperator = "operator"

// OperatorSession returns the secret of the operator's login that the browser
// brought, or "" when there is none or it cannot be one of ours.
func (s *Site) OperatorSession(r *http.Request) string {
	if token := s.cookie(r, cookieOperator); wellFormed(token) {
		return token
	}
	return ""
}

// SetOperatorSession gives the browser the secret of an operator's login,
// until the browser is closed.
func (s *Site) SetOperatorSession(w http.ResponseWriter, token string) {
	s.setCookie(w, cookieOperator, token, 0)
}

// ClearOperatorSession takes the secret away.
func (s *Site) ClearOperatorSession(w http.ResponseWriter) { s.setCookie(w, cookieOperator, "", -1) }
