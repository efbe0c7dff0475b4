package userinfo

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"surety/idp"
	"surety/idp/client"
	"surety/idp/grant"
	"surety/idp/keys"
	"surety/idp/oidc/claims"
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
	Clock  func() time.Time // protocol time
	Civil  func() time.Time
	Log    *slog.Logger
}

// Handler is the endpoint.
type Handler struct{ Config }

// New makes the endpoint.
func New(c Config) *Handler { return &Handler{c} }

// maxForm bounds a POST body: it holds one token.
const maxForm = 64 << 10

// problem is an error answer (RFC 6750, section 3). An empty code says only
// that a token is needed.
type problem struct {
	status int
	code   string
	text   string
}

func (p *problem) Error() string { return p.code + ": " + p.text }

var (
	errNoToken = &problem{status: http.StatusUnauthorized}
	errTwice   = &problem{http.StatusBadRequest, "invalid_request", "the access token came more than once or the request is malformed"}
	errToken   = &problem{http.StatusUnauthorized, "invalid_token", "the access token is unknown, expired, revoked or not for this endpoint"}
	errScope   = &problem{http.StatusForbidden, "insufficient_scope", "the access token lacks the scope openid"}
)

// ServeHTTP answers GET and POST (section 5.3.1).
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := h.answer(w, r)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	header := w.Header()
	header["Content-Type"] = []string{"application/json"}
	header["Cache-Control"] = []string{"no-store"}
	header["X-Content-Type-Options"] = []string{"nosniff"}
	_, _ = w.Write(body) // the client is gone if this fails
}

func (h *Handler) answer(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	token, err := bearer(w, r)
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
		return nil, errToken
	} else if err != nil {
		return nil, err
	}
	if access != nil {
		holder.Scopes, holder.Audience = strings.Fields(access.Scope), access.Audience
	}
	if err := h.check(r.Context(), holder, now); err != nil {
		return nil, err
	}
	return h.values(holder)
}

// reference turns the token's text into what the store is asked for.
func (h *Handler) reference(token string, now time.Time) (grant.Shown, *claims.Access, error) {
	if hash, ok := h.Opaque(token); ok {
		return grant.Shown{Hash: hash, Personal: true, Now: now, Civil: h.Civil()}, nil, nil
	}
	a, err := claims.ParseAccess(h.Keys(), h.Issuer, token, now)
	if err != nil || a.GrantID() == "" {
		return grant.Shown{}, nil, errToken // a client's own token stands for no person
	}
	personal := len(claims.Names(strings.Fields(a.Scope), claims.Request{})) > 0
	return grant.Shown{GrantID: a.GrantID(), JTI: a.JTI, Personal: personal, Now: now, Civil: h.Civil()}, &a, nil
}

func (h *Handler) check(ctx context.Context, holder grant.Holder, now time.Time) error {
	c, err := h.Clients.Client(ctx, holder.Grant.ClientID)
	switch {
	case idp.CodeOf(err) == idp.CodeNotFound:
		return errToken
	case err != nil:
		return err
	case c.Disabled(), !holder.Grant.Valid(holder.Standing, now), !slices.Contains(holder.Audience, h.Issuer):
		return errToken
	case !slices.Contains(holder.Scopes, claims.ScopeOpenID):
		return errScope
	}
	return nil
}

// values are those that request and consent both cover, and those that the law
// gives the agency for a procedure that the grant is for.
func (h *Handler) values(holder grant.Holder) ([]byte, error) {
	asked, err := claims.Stored(holder.Grant.Claims)
	if err != nil {
		return nil, err
	}
	names := claims.Names(holder.Scopes, asked)
	if holder.Grant.ConsentID != "" {
		names = slices.DeleteFunc(names, func(n string) bool { return !slices.Contains(holder.Consented, n) && !slices.Contains(asked.Law, n) })
	}
	out := claims.Values(holder.Standing.Account, holder.Person, names)
	out["sub"] = holder.Grant.Subject
	return json.Marshal(out)
}

// bearer takes the token from the header or from a form, never from the
// address, where it would end up in logs (RFC 6750, sections 2 and 5.3).
func bearer(w http.ResponseWriter, r *http.Request) (string, error) {
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
			return "", errTwice
		}
		found = append(found, r.PostForm["access_token"]...)
	}
	switch {
	case len(found) == 0:
		return "", errNoToken
	case len(found) > 1:
		return "", errTwice
	}
	return found[0], nil
}

func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	var p *problem
	switch {
	case errors.As(err, &p):
		challenge := `Bearer realm="` + h.Issuer + `"`
		if p.code != "" {
			challenge += `, error="` + p.code + `", error_description="` + p.text + `"`
		}
		header.Set("WWW-Authenticate", challenge)
	case idp.CodeOf(err) == idp.CodeUnavailable:
		header.Set("Retry-After", "1")
		p = &problem{http.StatusServiceUnavailable, "temporarily_unavailable", "try again in a moment"}
	default:
		p = &problem{http.StatusInternalServerError, "server_error", "the request could not be answered"}
	}
	if p.status >= http.StatusInternalServerError {
		h.Log.ErrorContext(r.Context(), "userinfo", "error", err)
	}
	if p.code == "" {
		w.WriteHeader(p.status)
		return
	}
	header.Set("Content-Type", "application/json")
	w.WriteHeader(p.status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": p.code, "error_description": p.text})
}
