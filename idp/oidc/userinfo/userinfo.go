package userinfo

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"surety/idp"
	"surety/idp/client"
	"surety/idp/grant"
	"surety/idp/keys"
	"surety/idp/oidc/bearer"
	"surety/idp/oidc/claims"
	"surety/idp/oidc/verified"
)

// Holders reads holders.
type Holders interface {
	// Holder reads the person behind a token in one round trip.
	//
	// Errors: not_found when there is no such token, it is over, or it was
	// revoked by itself; unavailable.
	Holder(ctx context.Context, t grant.Shown) (grant.Holder, error)
}

// Clients finds relying parties.
type Clients interface {
	// Client returns the client. Errors: not_found, unavailable.
	Client(ctx context.Context, id idp.ClientID) (*client.Client, error)
}

// Config is what the endpoint is made of. Every field is needed.
type Config struct {
	Issuer  string
	Keys    func() *keys.Set
	Holders Holders
	Clients Clients
	// Opaque hashes a token that is not a JWT; false when it cannot be one of ours.
	Opaque func(token string) ([32]byte, bool)
	// Verified answers for verified_claims.
	Verified verified.Source
	Clock    func() time.Time // protocol time
	Civil    func() time.Time
	Log      *slog.Logger
}

// Handler is the endpoint.
type Handler struct{ Config }

// New makes the endpoint.
func New(c Config) *Handler { return &Handler{c} }

// ServeHTTP answers GET and POST (section 5.3.1).
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := h.answer(w, r)
	if err != nil {
		bearer.Refuse(w, r, h.Issuer, "userinfo", h.Log, err)
		return
	}
	header := w.Header()
	header["Content-Type"] = []string{"application/json"}
	header["Cache-Control"] = []string{"no-store"}
	header["X-Content-Type-Options"] = []string{"nosniff"}
	_, _ = w.Write(body) // the client is gone if this fails
}

func (h *Handler) answer(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	token, err := bearer.Token(w, r)
	if err != nil {
		return nil, err
	}
	now := h.Clock()
	ref, access, err := h.reference(token, now)
	if err != nil {
		return nil, err
	}
	holder, err := h.Holders.Holder(r.Context(), ref)
	if idp.CodeOf(err) == idp.CodeNotFound {
		return nil, bearer.ErrToken
	} else if err != nil {
		return nil, err
	}
	if access != nil {
		holder.Scopes, holder.Audience = strings.Fields(access.Scope), access.Audience
	}
	if err := h.check(r.Context(), holder, now); err != nil {
		return nil, err
	}
	return h.values(r.Context(), holder)
}

// reference turns the token's text into what the store is asked for.
func (h *Handler) reference(token string, now time.Time) (grant.Shown, *claims.Access, error) {
	if hash, ok := h.Opaque(token); ok {
		return grant.Shown{Hash: hash, Personal: true, Now: now, Civil: h.Civil()}, nil, nil
	}
	a, err := claims.ParseAccess(h.Keys(), h.Issuer, token, now)
	if err != nil || a.GrantID() == "" {
		return grant.Shown{}, nil, bearer.ErrToken // a client's own token stands for no person
	}
	personal := len(claims.Names(strings.Fields(a.Scope), claims.Request{})) > 0
	return grant.Shown{GrantID: a.GrantID(), JTI: a.JTI, Personal: personal, Now: now, Civil: h.Civil()}, &a, nil
}

func (h *Handler) check(ctx context.Context, holder grant.Holder, now time.Time) error {
	c, err := h.Clients.Client(ctx, holder.Grant.ClientID)
	switch {
	case idp.CodeOf(err) == idp.CodeNotFound:
		return bearer.ErrToken
	case err != nil:
		return err
	case c.Disabled(), !holder.Grant.Valid(holder.Standing, now), !slices.Contains(holder.Audience, h.Issuer):
		return bearer.ErrToken
	case !slices.Contains(holder.Scopes, claims.ScopeOpenID):
		return bearer.ErrScope
	}
	return nil
}

// values are those that request and consent both cover, and those that the law
// gives the agency for a procedure that the grant is for.
func (h *Handler) values(ctx context.Context, holder grant.Holder) ([]byte, error) {
	asked, err := claims.Stored(holder.Grant.Claims)
	if err != nil {
		return nil, err
	}
	may := claims.Covered(holder, asked)
	names := slices.DeleteFunc(claims.Plain(holder.Scopes, asked), func(n string) bool { return !may(n) })
	out := claims.Values(holder.Standing.Account, holder.Person, names)
	if len(asked.VerifiedUserInfo) > 0 {
		answer, err := claims.Verified(ctx, h.Verified, holder, asked.VerifiedUserInfo, may)
		if err != nil {
			return nil, err
		}
		if answer != nil {
			out[claims.VerifiedClaims] = answer
		}
	}
	out["sub"] = holder.Grant.Subject
	return json.Marshal(out)
}
