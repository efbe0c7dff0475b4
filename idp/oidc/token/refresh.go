package token

import (
	"context"
	"encoding/base64"
	"strings"

	"surety/idp"
	"surety/idp/client"
	"surety/idp/grant"
	"surety/idp/oidc"
	"surety/idp/oidc/store"

	"github.com/ory/fosite"
)

// refreshHandler exchanges a refresh token for new tokens (RFC 6749, section
// 6): one SELECT in Handle, one statement in Populate.
type refreshHandler struct {
	base
	*Endpoint
}

// CanHandleTokenEndpointRequest reports whether the request is for this handler.
func (h *refreshHandler) CanHandleTokenEndpointRequest(_ context.Context, r fosite.AccessRequester) bool {
	return r.GetGrantTypes().ExactOne(string(client.GrantRefreshToken))
}

var errRefresh = oidc.Bad(oidc.InvalidGrant, "the refresh token is not known, has expired or was used before")

// HandleTokenEndpointRequest finds the refresh token, checks it, and decides
// the level anew.
func (h *refreshHandler) HandleTokenEndpointRequest(ctx context.Context, r fosite.AccessRequester) error {
	if !h.CanHandleTokenEndpointRequest(ctx, r) {
		return fosite.ErrUnknownRequest
	}
	w, form := store.From(ctx), r.GetRequestForm()
	if err := mayUse(w.Client, client.GrantRefreshToken); err != nil {
		return err
	}
	if form.Get("refresh_token") == "" {
		return oidc.Bad(oidc.InvalidRequest, "refresh_token is missing")
	}
	held, err := h.find(ctx, form.Get("refresh_token"))
	if err != nil {
		return err
	}
	w.Held = held
	if w.Scopes, err = narrow(held.Grant.Scopes, strings.Fields(form.Get("scope")), oidc.InvalidScope); err != nil {
		return err
	}
	if w.Audience, err = h.audience(held.Grant.Audience, w.Scopes, form["resource"]); err != nil {
		return err
	}
	if w.Procedures, err = narrowDetails(held.Grant, form); err != nil {
		return err
	}
	if w.Rules, err = h.Rules(); err != nil {
		return err
	}
	return h.decide(ctx, w)
}

// find returns the grant behind a refresh token that is good for the client.
// A token that was used before the grace was stolen from somebody, if not by
// this caller then from him: the whole family ends (RFC 9700, section 4.14.2).
func (h *refreshHandler) find(ctx context.Context, presented string) (grant.Held, error) {
	w := store.From(ctx)
	held, err := h.Grants.Refresh(ctx, store.Hash(presented), w.Now, w.Civil)
	switch {
	case idp.CodeOf(err) == idp.CodeNotFound:
		return held, errRefresh
	case err != nil:
		return held, err
	case held.Grant.ClientID != w.Client.ID:
		return held, errRefresh // whoever stole it learns nothing, and breaks nothing
	}
	grace := w.Client.RefreshGrace(h.Lifetimes.RefreshGrace)
	w.Redemption.GraceFrom = w.Now.Add(-grace)
	if used := held.Refresh.UsedAt; !used.IsZero() && used.Before(w.Redemption.GraceFrom) {
		if err := h.Grants.Revoke(ctx, held.Grant.ID, "refresh_reuse", w.Now); err != nil {
			return held, err
		}
		return held, errRefresh
	}
	if !w.Now.Before(held.Refresh.ExpiresAt) {
		return held, errRefresh
	}
	if !held.Valid(w.Now) {
		return held, errEnded
	}
	return held, nil
}

// PopulateTokenEndpointResponse mints the tokens and rotates the refresh
// token in the statement that writes them.
func (h *refreshHandler) PopulateTokenEndpointResponse(ctx context.Context, r fosite.AccessRequester, response fosite.AccessResponder) error {
	if !h.CanHandleTokenEndpointRequest(ctx, r) {
		return fosite.ErrUnknownRequest
	}
	w := store.From(ctx)
	g := w.Held.Grant
	refresh, hash := h.successor(r.GetRequestForm().Get("refresh_token"))
	w.Redemption.Used, w.Redemption.Now = w.Held.Refresh.Hash, w.Now
	w.Redemption.Refresh = &grant.Refresh{Hash: hash, GrantID: g.ID, CreatedAt: w.Now, ExpiresAt: g.ExpiresAt}
	if err := h.respond(ctx, response, refresh, ""); err != nil {
		return err
	}
	err := h.Grants.Rotate(ctx, w.Redemption)
	if idp.CodeOf(err) == idp.CodeConflict {
		return errRefresh // revoked, or past its grace, since it was looked up
	}
	return err
}

// successor derives the refresh token that follows the presented one. It is
// derived and not drawn so that a client whose network broke gets the same
// one again; only who holds the key can compute it (FOSITE.md A9, 5).
func (e *Endpoint) successor(presented string) (secret string, hash [32]byte) {
	sum := e.Ring.MAC("refresh token successor", []byte(presented))
	secret = base64.RawURLEncoding.EncodeToString(sum[:])
	return secret, store.Hash(secret)
}
