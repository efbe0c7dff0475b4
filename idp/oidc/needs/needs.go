package needs

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/client"
	"surety/idp/flow/procedures"
	"surety/idp/grant"
	"surety/idp/keys"
	"surety/idp/oidc/bearer"
	"surety/idp/oidc/claims"
	"surety/idp/procedure"
)

// Grants reads grants.
type Grants interface {
	// Given returns the grant behind a token with what decides about it.
	// Errors: not_found, unavailable.
	Given(ctx context.Context, t grant.Shown) (grant.Token, error)
}

// Clients finds relying parties.
type Clients interface {
	// Client returns the client. Errors: not_found, unavailable.
	Client(ctx context.Context, id idp.ClientID) (*client.Client, error)
}

// Paths says what stands between a person and a procedure.
type Paths interface {
	// PathOf answers for somebody in that situation. Errors: not_found, unavailable.
	PathOf(ctx context.Context, s assurance.Situation, k procedure.Key) (procedures.Path, error)
}

// Config is what the endpoint is made of. Every field is needed.
type Config struct {
	Issuer  string
	Keys    func() *keys.Set
	Grants  Grants
	Clients Clients
	Paths   Paths
	// Opaque hashes a token that is not a JWT; false when it cannot be one of ours.
	Opaque func(token string) ([32]byte, bool)
	Clock  func() time.Time // protocol time
	Civil  func() time.Time
	Log    *slog.Logger
}

// Endpoint answers for all procedures.
type Endpoint struct{ Config }

// New makes the endpoint.
func New(c Config) *Endpoint { return &Endpoint{c} }

var (
	errAgency    = &bearer.Problem{Status: http.StatusForbidden, Code: "insufficient_scope", Text: "the access token was given to a client of another agency"}
	errProcedure = &bearer.Problem{Status: http.StatusNotFound, Code: "not_found", Text: "the agency offers no such procedure"}
)

// For is the endpoint of one procedure.
func (e *Endpoint) For(k procedure.Key) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := e.answer(w, r, k)
		if err != nil {
			bearer.Refuse(w, r, e.Issuer, "needs", e.Log, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write(body) // the agency is gone if this fails
	})
}

func (e *Endpoint) answer(w http.ResponseWriter, r *http.Request, k procedure.Key) ([]byte, error) {
	token, err := bearer.Token(w, r)
	if err != nil {
		return nil, err
	}
	now, civil := e.Clock(), e.Civil()
	given, err := e.given(r.Context(), token, now, civil)
	if err != nil {
		return nil, err
	}
	c, err := e.client(r.Context(), given.Grant.ClientID)
	if err != nil {
		return nil, err
	}
	if c.OfAgency() != k.Agency {
		return nil, errAgency
	}
	account := given.Standing.Account
	path, err := e.Paths.PathOf(r.Context(), assurance.Situation{
		Now: now, Civil: civil, Uses: given.Grant.Uses, Stage: account.Stage, Proofings: account.Proofings,
	}, k)
	if idp.CodeOf(err) == idp.CodeNotFound {
		return nil, errProcedure
	} else if err != nil {
		return nil, err
	}
	if given.Grant.ConsentID == "" && !c.ConsentImplied() {
		path.Held = "" // nobody has agreed that this client learns it (RULES R10)
	}
	return json.Marshal(path.JSON())
}

// given finds the grant behind the token and sees that it holds, as UserInfo does.
func (e *Endpoint) given(ctx context.Context, token string, now, civil time.Time) (grant.Token, error) {
	shown := grant.Shown{Now: now, Civil: civil}
	var scopes, audience []string
	if hash, ok := e.Opaque(token); ok {
		shown.Hash = hash
	} else {
		a, err := claims.ParseAccess(e.Keys(), e.Issuer, token, now)
		if err != nil || a.GrantID() == "" {
			return grant.Token{}, bearer.ErrToken // a client's own token stands for no person
		}
		shown.GrantID, shown.JTI = a.GrantID(), a.JTI
		scopes, audience = strings.Fields(a.Scope), a.Audience
	}
	given, err := e.Grants.Given(ctx, shown)
	if idp.CodeOf(err) == idp.CodeNotFound {
		return grant.Token{}, bearer.ErrToken
	} else if err != nil {
		return grant.Token{}, err
	}
	if shown.GrantID == "" {
		scopes, audience = given.Opaque.Scopes, given.Opaque.Audience
	}
	switch {
	case given.Grant.ID == "", given.Revoked, !given.Valid(now), !slices.Contains(audience, e.Issuer):
		return grant.Token{}, bearer.ErrToken
	case !slices.Contains(scopes, claims.ScopeOpenID):
		return grant.Token{}, bearer.ErrScope
	}
	return given, nil
}

func (e *Endpoint) client(ctx context.Context, id idp.ClientID) (*client.Client, error) {
	c, err := e.Clients.Client(ctx, id)
	if idp.CodeOf(err) == idp.CodeNotFound || err == nil && c.Disabled() {
		return nil, bearer.ErrToken
	}
	return c, err
}
