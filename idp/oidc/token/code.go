package token

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"regexp"

	"surety/idp"
	"surety/idp/client"
	"surety/idp/grant"
	"surety/idp/oidc"
	"surety/idp/oidc/store"

	"github.com/ory/fosite"
)

// codeHandler exchanges a code for tokens (RFC 6749, section 4.1.3): one
// SELECT in Handle, one statement in Populate.
type codeHandler struct {
	base
	*Endpoint
}

// CanHandleTokenEndpointRequest reports whether the request is for this handler.
func (h *codeHandler) CanHandleTokenEndpointRequest(_ context.Context, r fosite.AccessRequester) bool {
	return r.GetGrantTypes().ExactOne(string(client.GrantAuthorizationCode))
}

// The faults of a code. They say no more than the client can know anyway.
var (
	errCode     = oidc.Bad(oidc.InvalidGrant, "the code is not known, has expired or was used before")
	errRedirect = oidc.Bad(oidc.InvalidGrant, "redirect_uri is not the one of the authorization request")
	errVerifier = oidc.Bad(oidc.InvalidGrant, "code_verifier does not fit the authorization request")
	errEnded    = oidc.Bad(oidc.InvalidGrant, "the authorization has ended")
)

// HandleTokenEndpointRequest finds the code and checks everything about it.
// The code stays as it is: it is used up by the statement that writes the
// tokens, so that a failed check can neither burn it nor loosen it.
func (h *codeHandler) HandleTokenEndpointRequest(ctx context.Context, r fosite.AccessRequester) error {
	if !h.CanHandleTokenEndpointRequest(ctx, r) {
		return fosite.ErrUnknownRequest
	}
	w, form := store.From(ctx), r.GetRequestForm()
	if err := mayUse(w.Client, client.GrantAuthorizationCode); err != nil {
		return err
	}
	if form.Get("code") == "" {
		return oidc.Bad(oidc.InvalidRequest, "code is missing")
	}
	held, err := h.Grants.Code(ctx, store.Hash(form.Get("code")), w.Now, w.Civil)
	switch {
	case idp.CodeOf(err) == idp.CodeNotFound:
		return errCode
	case err != nil:
		return err
	case held.Grant.ClientID != w.Client.ID:
		return errCode // whoever stole it learns nothing, and breaks nothing
	case !held.Code.UsedAt.IsZero():
		return h.replayed(ctx, held.Grant.ID)
	case !w.Now.Before(held.Code.ExpiresAt):
		return errCode
	case form.Get("redirect_uri") != held.Code.RedirectURI:
		return errRedirect
	}
	if err := checkVerifier(w.Client, held.Code.Challenge, form.Get("code_verifier")); err != nil {
		return err
	}
	if !held.Valid(w.Now) {
		return errEnded
	}
	w.Held, w.Scopes = held, held.Grant.Scopes
	if w.Audience, err = h.audience(held.Grant.Audience, w.Scopes, form["resource"]); err != nil {
		return err
	}
	if w.Procedures, err = narrowDetails(held.Grant, form); err != nil {
		return err
	}
	if w.Rules, err = h.Rules(); err != nil {
		return err
	}
	// Decided a moment ago, and not again, unless another policy is in force by
	// now: no token may state a level that it does not have.
	if held.Grant.PolicyVersion != w.Rules.Version {
		return h.decide(ctx, w)
	}
	return nil
}

// replayed answers the second use of a code: whoever was first may have been
// a thief, so everything that came of it ends (RFC 6749, section 4.1.2).
func (h *codeHandler) replayed(ctx context.Context, id idp.GrantID) error {
	if err := h.Grants.Revoke(ctx, id, "code_reuse", store.From(ctx).Now); err != nil {
		return err
	}
	return errCode
}

var verifierShape = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)

// checkVerifier compares verifier and challenge (RFC 7636, section 4.6). A
// code with a challenge needs the verifier, always: the challenge lies in the
// code's own row, so that no failed try can remove it (FOSITE.md A7, 1). A
// verifier without a challenge means that somebody took the challenge out on
// the way (RFC 9700, section 2.1.1).
func checkVerifier(c *client.Client, challenge, verifier string) error {
	if challenge == "" {
		if verifier != "" || c.PKCERequired() {
			return errVerifier
		}
		return nil
	}
	if !verifierShape.MatchString(verifier) {
		return errVerifier
	}
	sum := sha256.Sum256([]byte(verifier))
	got := base64.RawURLEncoding.EncodeToString(sum[:])
	if subtle.ConstantTimeCompare([]byte(got), []byte(challenge)) != 1 {
		return errVerifier
	}
	return nil
}

// PopulateTokenEndpointResponse mints the tokens and uses up the code in the
// statement that writes them. Of many who try at once one gets its row; the
// others end the grant, the winner's tokens included (FOSITE.md A7, 2).
func (h *codeHandler) PopulateTokenEndpointResponse(ctx context.Context, r fosite.AccessRequester, response fosite.AccessResponder) error {
	if !h.CanHandleTokenEndpointRequest(ctx, r) {
		return fosite.ErrUnknownRequest
	}
	w := store.From(ctx)
	g := w.Held.Grant
	w.Redemption.Used, w.Redemption.Now = w.Held.Code.Hash, w.Now
	refresh := ""
	if w.Client.May(client.GrantRefreshToken) {
		var hash [32]byte
		refresh, hash = store.NewSecret()
		w.Redemption.Refresh = &grant.Refresh{Hash: hash, GrantID: g.ID, CreatedAt: w.Now, ExpiresAt: g.ExpiresAt}
	}
	if err := h.respond(ctx, response, refresh, w.Held.Code.Nonce); err != nil {
		return err
	}
	err := h.Grants.Redeem(ctx, w.Redemption)
	if idp.CodeOf(err) == idp.CodeConflict {
		return h.replayed(ctx, g.ID)
	}
	return err
}
