package token

import (
	"context"
	"slices"
	"strings"

	"surety/idp/audit"
	"surety/idp/client"
	"surety/idp/oidc"
	"surety/idp/oidc/claims"
	"surety/idp/oidc/details"
	"surety/idp/oidc/store"

	"github.com/ory/fosite"
)

// credentialsHandler gives a client tokens for itself (RFC 6749, section 4.4).
// A signed one asks the database nothing: there is no grant, and the audit
// event goes with others four times a second.
type credentialsHandler struct {
	base
	*Endpoint
}

// CanHandleTokenEndpointRequest reports whether the request is for this handler.
func (h *credentialsHandler) CanHandleTokenEndpointRequest(_ context.Context, r fosite.AccessRequester) bool {
	return r.GetGrantTypes().ExactOne(string(client.GrantClientCredentials))
}

// HandleTokenEndpointRequest checks what the client asks for itself.
func (h *credentialsHandler) HandleTokenEndpointRequest(ctx context.Context, r fosite.AccessRequester) error {
	if !h.CanHandleTokenEndpointRequest(ctx, r) {
		return fosite.ErrUnknownRequest
	}
	w, form := store.From(ctx), r.GetRequestForm()
	if err := mayUse(w.Client, client.GrantClientCredentials); err != nil {
		return err
	}
	if w.Client.Public() { // registration refuses it too (RFC 6749, section 4.4.2)
		return oidc.Bad(oidc.UnauthorizedClient, "a public client has no tokens for itself")
	}
	if form.Has(details.Parameter) {
		return oidc.Bad(oidc.InvalidAuthorizationDetails, "a procedure is for a person, and no person stands behind these tokens")
	}
	var err error
	if w.Scopes, err = ownScopes(w.Client, strings.Fields(form.Get("scope"))); err != nil {
		return err
	}
	// For Surety alone, unless it says for whom.
	if w.Audience = form["resource"]; len(w.Audience) == 0 {
		w.Audience = []string{h.Issuer}
		return nil
	}
	_, err = narrow(w.Client.Resources, w.Audience, oidc.InvalidTarget)
	return err
}

// ownScopes are what a client may have for itself: registered, and not about
// a person, because there is none.
func ownScopes(c *client.Client, asked []string) ([]string, error) {
	own := slices.DeleteFunc(slices.Clone(c.Scopes()), claims.ForPeople)
	return narrow(own, asked, oidc.InvalidScope)
}

// PopulateTokenEndpointResponse mints the token. Nothing is issued that
// cannot be recorded.
func (h *credentialsHandler) PopulateTokenEndpointResponse(ctx context.Context, r fosite.AccessRequester, response fosite.AccessResponder) error {
	if !h.CanHandleTokenEndpointRequest(ctx, r) {
		return fosite.ErrUnknownRequest
	}
	w := store.From(ctx)
	if err := h.respond(ctx, response, "", ""); err != nil {
		return err
	}
	if w.Redemption.Access != nil {
		if err := h.Grants.Open(ctx, *w.Redemption.Access); err != nil {
			return err
		}
	}
	return h.Trail.Add(w.Now, audit.Event{
		Type: "token.issued", ClientID: w.Client.ID,
		Attrs: map[string]string{"jti": w.Redemption.JTI, "grant_type": string(client.GrantClientCredentials)},
	})
}
