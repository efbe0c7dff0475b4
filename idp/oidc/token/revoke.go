package token

import (
	"context"
	"errors"
	"net/http"
	"time"

	"surety/idp"
	"surety/idp/oidc/claims"
	"surety/idp/oidc/store"
)

// Revoke is the revocation endpoint (RFC 7009). An access token ends alone; a
// refresh token takes its grant and everything under it along.
func (e *Endpoint) Revoke() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, token, hint, err := e.begin(w, r)
		if err == nil {
			err = e.revoke(ctx, token, hint)
		}
		if err != nil {
			e.refuse(w, r, err)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusOK)
	})
}

// revoke ends the token if it is the client's. A token that is unknown, over,
// or somebody else's is answered alike (Deviations in idp/oidc): the caller
// must not learn that a token it found is good.
func (e *Endpoint) revoke(ctx context.Context, token, hint string) error {
	hash, opaque := store.Opaque(token)
	if !opaque {
		return e.revokeSigned(ctx, token)
	}
	w := store.From(ctx)
	if hint != hintRefresh {
		if err := e.Grants.RevokeOpaque(ctx, w.Client.ID, hash, w.Now); err != nil {
			return err
		}
	}
	h, err := e.Grants.Refresh(ctx, hash, w.Now, w.Civil)
	switch {
	case err == nil && h.Grant.ClientID == w.Client.ID:
		return e.Grants.Revoke(ctx, h.Grant.ID, "revoked_by_client", w.Now)
	case err != nil && idp.CodeOf(err) != idp.CodeNotFound:
		return err
	}
	if hint == hintRefresh { // the hint may be wrong
		return e.Grants.RevokeOpaque(ctx, w.Client.ID, hash, w.Now)
	}
	return nil
}

func (e *Endpoint) revokeSigned(ctx context.Context, token string) error {
	w := store.From(ctx)
	a, err := claims.ParseAccess(e.Keys(), e.Issuer, token, w.Now)
	switch {
	case errors.Is(err, claims.ErrToken) || err == nil && a.ClientID != w.Client.ID:
		return nil
	case err != nil:
		return err
	}
	return e.Grants.RevokeSigned(ctx, w.Client.ID, a.JTI, time.Unix(a.Expires, 0), w.Now)
}
