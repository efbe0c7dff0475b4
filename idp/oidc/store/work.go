package store

import (
	"context"
	"time"

	"surety/assurance"
	"surety/idp/client"
	"surety/idp/grant"

	"github.com/ory/fosite"
)

// Work is the unit of work of one request: what its handlers have found so
// far, so that none asks the database again, and what one statement writes at
// the end.
//
// It rides in the context because fosite hands nothing else to all its
// callbacks. This is the only thing of ours that does (STYLE R10).
type Work struct {
	Now   time.Time // protocol time, one for the whole request
	Civil time.Time // civil time of the same moment

	Client *client.Client // whom the request is from, once that is known

	// At the authorization endpoint: what Next granted, to be written.
	Issue *grant.Issue
	Code  string // the code that goes to the client

	// At the token endpoint: the grant behind the code or refresh token.
	Held       grant.Held
	Redemption grant.Redemption
	Rules      assurance.Rules // one for the whole request, as Now is
	Scopes     []string        // of the access token
	Audience   []string        // of the access token
	Procedures []string        // those that the access token is for
}

type workKey struct{}

// With returns a context that carries the unit of work.
func With(ctx context.Context, w *Work) context.Context { return context.WithValue(ctx, workKey{}, w) }

// From returns the unit of work of the request. It panics without one: that
// is a mistake in the program, not in the request.
func From(ctx context.Context) *Work { return ctx.Value(workKey{}).(*Work) }

// session satisfies fosite, which insists on one and stores times in it. Ours
// are in the rows.
type session struct{}

// NewSession returns a session for fosite. It holds nothing.
func NewSession() fosite.Session { return session{} }

// SetExpiresAt does nothing: lifetimes are written with the rows.
func (session) SetExpiresAt(fosite.TokenType, time.Time) {}

// GetExpiresAt says that nothing here ends.
func (session) GetExpiresAt(fosite.TokenType) time.Time { return time.Time{} }

// GetUsername is empty: tokens name people by their subject only.
func (session) GetUsername() string { return "" }

// GetSubject is empty; the grant has it.
func (session) GetSubject() string { return "" }

// Clone returns the same, without the reflection that fosite's own would use.
func (s session) Clone() fosite.Session { return s }
