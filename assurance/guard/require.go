package guard

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Requirement is what a handler asks of a token: everything that it states
// must hold. The zero value asks for any valid token, also for one that no
// person stands behind.
type Requirement struct {
	// Procedure is the code of a procedure that the token must have been granted
	// (authorization_details). Surety grants it only to a person who meets what
	// is registered for it, so nothing else needs to be stated; a level, however
	// high, never stands in for it.
	Procedure string
	// Agency is whose procedure it must be: codes are each agency's own. Set it
	// where clients of several agencies may come; empty asks for none.
	Agency string
	// Level is the acr value of the lowest level that will do; empty asks for
	// none.
	Level string
	// MaxAge is how long ago the login may have been, in whole seconds; zero
	// asks for none. Surety lets a person take a minute between login and
	// token, so less than a minute may send them round in circles.
	MaxAge time.Duration
	// Scopes must all have been granted.
	Scopes []string
}

// Require returns the middleware for one requirement. It panics if the
// requirement can never be met or be told to a client, so that the mistake
// shows at start and not with the first request: a level that is not among
// Config.Levels, an age that is negative or has fractions of a second, an
// agency without a procedure, or a word with spaces or quotes.
func (g *Guard) Require(q Requirement) func(http.Handler) http.Handler {
	q.Scopes = slices.Clone(q.Scopes)
	if err := g.Check(q); err != nil {
		panic("guard: requirement: " + err.Error())
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			token, no := g.admit(r, q)
			if no != nil {
				g.log.DebugContext(r.Context(), "request refused", "status", no.status, "error", no.code, "reason", no.text)
				g.answer(w, q, no)
				return
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), tokenKey{}, token)))
		})
	}
}

// Check reports what Require would panic about, for requirements that come
// from a file.
func (g *Guard) Check(q Requirement) error {
	switch {
	case q.Procedure != "" && !quotable(q.Procedure):
		return errors.New("procedure is not a code without spaces and quotes")
	case q.Agency != "" && q.Procedure == "":
		return errors.New("an agency without a procedure asks for nothing")
	case q.Level != "" && !quotable(q.Level):
		return errors.New("level is not an acr value")
	case q.Level != "" && len(g.levels) > 0 && !slices.Contains(g.levels, q.Level):
		return fmt.Errorf("level %s is not configured", q.Level)
	case q.MaxAge < 0 || q.MaxAge%time.Second != 0:
		return errors.New("age must be whole seconds")
	}
	for i, scope := range q.Scopes {
		if !quotable(scope) {
			return fmt.Errorf("scope %d is not a word", i+1)
		}
	}
	return nil
}

// admit is the whole decision, in the order in which a client can mend things.
func (g *Guard) admit(r *http.Request, q Requirement) (Token, *refusal) {
	raw, no := bearer(r)
	if no != nil {
		return Token{}, no
	}
	token, no := g.verify(r.Context(), raw)
	if no != nil {
		return Token{}, no
	}
	reached, no := g.reaches(r.Context(), token.ACR, q.Level)
	if no != nil {
		return Token{}, no
	}
	if no := token.grants(q.Procedure, q.Agency); no != nil {
		return Token{}, no
	}
	switch {
	case !reached:
		return Token{}, tooLow
	case q.MaxAge > 0 && (token.AuthTime.IsZero() || g.now().Sub(token.AuthTime) > q.MaxAge+g.skew):
		return Token{}, tooOld
	}
	for _, scope := range q.Scopes {
		if !token.Has(scope) {
			return Token{}, noScope
		}
	}
	return token, nil
}

// grants looks for the procedure among those that were granted. Of another
// agency's with the same code no login makes it this one's, so there is no
// challenge then: the client would be sent round in circles.
func (t Token) grants(code, agency string) *refusal {
	if code == "" {
		return nil
	}
	no := noProcedure
	for _, p := range t.Procedures {
		switch {
		case p.Code != code:
		case agency != "" && p.Agency != agency:
			no = otherAgency
		case t.Person():
			return nil
		}
	}
	return no
}

// reaches reports whether acr is the level or a higher one. An acr that is on
// no list is below all: what cannot be compared opens nothing.
func (g *Guard) reaches(ctx context.Context, acr, level string) (bool, *refusal) {
	if level == "" {
		return true, nil
	}
	levels := g.levels
	if len(levels) == 0 {
		var err error
		if levels, err = g.provider.levels(ctx, acr, level); err != nil {
			return false, noKeys
		}
		if !slices.Contains(levels, level) {
			// No login could ever meet this; a challenge would be a lie.
			g.log.ErrorContext(ctx, "the provider does not list a level that is required here", "level", level)
			return false, noLevel
		}
	}
	return slices.Index(levels, acr) >= slices.Index(levels, level), nil
}
