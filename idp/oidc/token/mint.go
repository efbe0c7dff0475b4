package token

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"surety/idp"
	"surety/idp/client"
	"surety/idp/grant"
	"surety/idp/keys"
	"surety/idp/oidc"
	"surety/idp/oidc/claims"
	"surety/idp/oidc/details"
	"surety/idp/oidc/metadata"
	"surety/idp/oidc/store"

	"github.com/ory/fosite"
)

// accessAlgorithm signs access tokens: the fastest that every guard takes.
const accessAlgorithm = keys.ES256

// accessEnd is when an access token issued now ends: never after its grant.
func (e *Endpoint) accessEnd(w *store.Work) time.Time {
	end := w.Now.Add(e.Lifetimes.AccessToken)
	if g := w.Held.Grant; g.ID != "" && g.ExpiresAt.Before(end) {
		return g.ExpiresAt
	}
	return end
}

// access makes the access token of the work, signed (RFC 9068) or opaque as
// the client is registered, and notes in the redemption what is to be written.
func (e *Endpoint) access(w *store.Work) (string, error) {
	g, end := w.Held.Grant, e.accessEnd(w)
	if w.Client.AccessTokenFormat == client.TokenOpaque {
		secret, hash := store.NewSecret()
		w.Redemption.Access = &grant.Opaque{
			Hash: hash, GrantID: g.ID, ClientID: w.Client.ID, Scopes: w.Scopes, Audience: w.Audience, Procedures: w.Procedures,
			CreatedAt: w.Now, ExpiresAt: end,
		}
		return secret, nil
	}
	a := claims.Access{
		Issuer: e.Issuer, Subject: g.Subject, Audience: w.Audience, Expires: end.Unix(), Issued: w.Now.Unix(),
		JTI: claims.NewJTI(g.ID), ClientID: w.Client.ID, Scope: strings.Join(w.Scopes, " "),
	}
	if g.ID == "" {
		a.Subject = string(w.Client.ID) // no person (RFC 9068, section 2.2)
	} else {
		// The level reached, whatever was asked: guards read only this (DESIGN §4).
		level, _ := w.Rules.Level(g.Level)
		a.AuthTime, a.ACR, a.AMR, a.SID, a.Method = g.AuthTime.Unix(), level.ACR, g.AMR, g.SID, string(g.Method)
		a.Details = details.Granted(g.Agency, w.Procedures)
	}
	w.Redemption.JTI = a.JTI
	return e.sign(accessAlgorithm, claims.TypeAccess, a)
}

// idToken makes the ID token of the work. nonce is there only beside the
// first one (OpenID Connect Core 1.0, section 12.2).
func (e *Endpoint) idToken(ctx context.Context, w *store.Work, access, nonce string) (string, error) {
	g, alg := w.Held.Grant, string(w.Client.IDTokenSignedResponseAlg)
	about, err := e.verified(ctx, w)
	if err != nil {
		return "", err
	}
	return e.sign(alg, claims.TypeID, claims.IDToken{
		Issuer: e.Issuer, Subject: g.Subject, Audience: w.Client.ID,
		Expires: w.Now.Add(e.Lifetimes.IDToken).Unix(), Issued: w.Now.Unix(), AuthTime: g.AuthTime.Unix(),
		Nonce: nonce, ACR: g.ACR, AMR: g.AMR, SID: g.SID, Method: string(g.Method),
		AtHash: keys.LeftHalf(alg, access), VoT: claims.Vector(g), VTM: e.Issuer + metadata.PathTrustmark,
		Verified: about,
	})
}

// verified is what the ID token says as verified_claims. Only a request that
// asks for them there pays for it: one more read, of the person.
func (e *Endpoint) verified(ctx context.Context, w *store.Work) (any, error) {
	asked, err := claims.Stored(w.Held.Grant.Claims)
	if err != nil || len(asked.VerifiedIDToken) == 0 {
		return nil, err
	}
	h, err := e.Holders.Holder(ctx, grant.Shown{GrantID: w.Held.Grant.ID, Now: w.Now, Civil: w.Civil})
	switch {
	case idp.CodeOf(err) == idp.CodeNotFound:
		return nil, errEnded
	case err != nil:
		return nil, err
	case !h.Grant.Valid(h.Standing, w.Now):
		return nil, errEnded // a moment ago; nothing of the person was read
	}
	return claims.Verified(ctx, e.Verified, h, asked.VerifiedIDToken, claims.Covered(h, asked))
}

func (e *Endpoint) sign(alg, typ string, v any) (string, error) {
	payload, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("write claims: %w", err)
	}
	return e.Keys().Sign(alg, typ, payload)
}

// respond makes the tokens of a grant and puts them into the answer. refresh
// is the refresh token that goes with them; empty for none.
func (e *Endpoint) respond(ctx context.Context, response fosite.AccessResponder, refresh, nonce string) error {
	w := store.From(ctx)
	access, err := e.access(w)
	if err != nil {
		return err
	}
	response.SetAccessToken(access)
	response.SetTokenType("Bearer")
	response.SetExpiresIn(e.accessEnd(w).Sub(w.Now))
	if len(w.Scopes) > 0 {
		response.SetScopes(w.Scopes)
	}
	if granted := details.Granted(w.Held.Grant.Agency, w.Procedures); granted != nil {
		response.SetExtra(details.Parameter, granted)
	}
	if refresh != "" {
		response.SetExtra("refresh_token", refresh)
	}
	if w.Held.Grant.ID != "" && slices.Contains(w.Scopes, claims.ScopeOpenID) {
		idToken, err := e.idToken(ctx, w, access, nonce)
		if err != nil {
			return err
		}
		response.SetExtra("id_token", idToken)
	}
	return nil
}

// narrow reduces what was granted to what the request asks for: a part of it,
// or all when it asks for nothing. It fails with the code when more is asked.
func narrow(granted, asked []string, code string) ([]string, error) {
	if len(asked) == 0 {
		return granted, nil
	}
	for i, a := range asked {
		if !slices.Contains(granted, a) || slices.Contains(asked[:i], a) {
			return nil, oidc.Bad(code, "more is asked for than was granted, or something twice")
		}
	}
	return asked, nil
}

// audience is whom an access token is for. A token request may name some of
// the granted resources (RFC 8707, section 2.2), or Surety itself, and then it
// is for exactly those: a token that is shown to an agency's API should open
// nothing else. One that names none is for all, and for UserInfo.
func (e *Endpoint) audience(granted, scopes, asked []string) ([]string, error) {
	if len(asked) == 0 {
		return claims.AudienceOf(e.Issuer, granted, scopes), nil
	}
	return narrow(append([]string{e.Issuer}, granted...), asked, oidc.InvalidTarget)
}
