package token

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"surety/idp"
	"surety/idp/client"
	"surety/idp/grant"
	"surety/idp/oidc"
	"surety/idp/oidc/claims"
	"surety/idp/oidc/details"
	"surety/idp/oidc/store"
)

// introspection is the answer of RFC 7662, section 2.2. What is not active
// says nothing else.
type introspection struct {
	Active    bool            `json:"active"`
	Issuer    string          `json:"iss,omitempty"`
	Subject   string          `json:"sub,omitempty"`
	Audience  claims.Audience `json:"aud,omitempty"`
	ClientID  idp.ClientID    `json:"client_id,omitempty"`
	Scope     string          `json:"scope,omitempty"`
	TokenType string          `json:"token_type,omitempty"`
	Expires   int64           `json:"exp,omitempty"`
	Issued    int64           `json:"iat,omitempty"`
	JTI       string          `json:"jti,omitempty"`
	AuthTime  int64           `json:"auth_time,omitempty"`
	ACR       string          `json:"acr,omitempty"` // the level reached
	AMR       []string        `json:"amr,omitempty"`
	SID       string          `json:"sid,omitempty"`
	Method    string          `json:"method,omitempty"`
	// Details are the procedures that the token is for (RFC 9396, section 9.2).
	Details []details.Entry `json:"authorization_details,omitempty"`
}

// Introspect is the introspection endpoint (RFC 7662).
func (e *Endpoint) Introspect() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, token, hint, err := e.begin(w, r)
		if err == nil && store.From(ctx).Client.Public() {
			// Anybody could call himself a public client (RFC 7662, section 2.1).
			err = &oidc.Fault{Code: oidc.InvalidClient, Description: "a public client cannot introspect", Status: http.StatusUnauthorized}
		}
		var answer introspection
		if err == nil {
			answer, err = e.introspect(ctx, token, hint)
		}
		if err != nil {
			e.refuse(w, r, err)
			return
		}
		oidc.WriteJSON(w, http.StatusOK, answer)
	})
}

// begin reads a request about a token and authenticates the client.
func (e *Endpoint) begin(w http.ResponseWriter, r *http.Request) (ctx context.Context, token, hint string, err error) {
	form, err := oidc.PostForm(w, r)
	if err != nil {
		return nil, "", "", err
	}
	if f := oidc.CheckParameters(form); f != nil {
		return nil, "", "", f
	}
	ctx = e.work(r.Context())
	c, err := e.authenticate(ctx, r, form)
	if err != nil {
		return nil, "", "", err
	}
	store.From(ctx).Client = c
	if form.Get("token") == "" {
		return nil, "", "", oidc.Bad(oidc.InvalidRequest, "token is missing")
	}
	return ctx, form.Get("token"), form.Get("token_type_hint"), nil
}

// hintRefresh is the token_type_hint of refresh tokens. A hint only says where
// to look first (RFC 7009, section 2.1).
const hintRefresh = "refresh_token"

// introspect says what a token is worth to the client that asks. A token that
// is not good, and one that is none of its business, look the same.
func (e *Endpoint) introspect(ctx context.Context, token, hint string) (introspection, error) {
	hash, opaque := store.Opaque(token)
	if !opaque {
		return e.introspectSigned(ctx, token)
	}
	looks := []func(context.Context, [32]byte) (introspection, error){e.introspectOpaque, e.introspectRefresh}
	if hint == hintRefresh {
		slices.Reverse(looks)
	}
	for _, look := range looks {
		answer, err := look(ctx, hash)
		if answer.Active || err != nil {
			return answer, err
		}
	}
	return introspection{}, nil
}

// concerns tells whether a token is the client's own, or meant for it: it is
// named in aud, or registered for a resource that is.
func concerns(c *client.Client, owner idp.ClientID, audience []string) bool {
	return owner == c.ID || slices.ContainsFunc(audience, func(a string) bool {
		return a == string(c.ID) || c.ResourceAllowed(a)
	})
}

// stands tells whether the token's owner may still be served: what a client
// holds is worth nothing once an operator has switched it off.
func (e *Endpoint) stands(ctx context.Context, owner idp.ClientID) (bool, error) {
	c, err := e.Clients.Client(ctx, owner)
	if idp.CodeOf(err) == idp.CodeNotFound {
		return false, nil
	}
	return err == nil && !c.Disabled(), err
}

func (e *Endpoint) introspectSigned(ctx context.Context, token string) (introspection, error) {
	w := store.From(ctx)
	a, err := claims.ParseAccess(e.Keys(), e.Issuer, token, w.Now)
	if errors.Is(err, claims.ErrToken) || err == nil && !concerns(w.Client, a.ClientID, a.Audience) {
		return introspection{}, nil
	}
	if err != nil {
		return introspection{}, err
	}
	if ok, err := e.stands(ctx, a.ClientID); !ok || err != nil {
		return introspection{}, err
	}
	t, err := e.Grants.Signed(ctx, a.GrantID(), a.JTI, w.Now, w.Civil)
	if idp.CodeOf(err) == idp.CodeNotFound || err == nil && !t.Valid(w.Now) {
		return introspection{}, nil
	}
	if err != nil {
		return introspection{}, err
	}
	return introspection{
		Active: true, Issuer: a.Issuer, Subject: a.Subject, Audience: a.Audience, ClientID: a.ClientID, Scope: a.Scope,
		TokenType: "Bearer", Expires: a.Expires, Issued: a.Issued, JTI: a.JTI, AuthTime: a.AuthTime,
		ACR: a.ACR, AMR: a.AMR, SID: a.SID, Method: a.Method, Details: a.Details,
	}, nil
}

func (e *Endpoint) introspectOpaque(ctx context.Context, hash [32]byte) (introspection, error) {
	w := store.From(ctx)
	t, err := e.Grants.Opaque(ctx, hash, w.Now, w.Civil)
	if idp.CodeOf(err) == idp.CodeNotFound {
		return introspection{}, nil
	}
	if err != nil {
		return introspection{}, err
	}
	if !t.Valid(w.Now) || !concerns(w.Client, t.Opaque.ClientID, t.Opaque.Audience) {
		return introspection{}, nil
	}
	if ok, err := e.stands(ctx, t.Opaque.ClientID); !ok || err != nil {
		return introspection{}, err
	}
	o := t.Opaque
	answer := introspection{
		Active: true, Issuer: e.Issuer, Subject: string(o.ClientID), Audience: o.Audience, ClientID: o.ClientID,
		Scope: strings.Join(o.Scopes, " "), TokenType: "Bearer", Expires: o.ExpiresAt.Unix(), Issued: o.CreatedAt.Unix(),
	}
	if t.Grant.ID != "" {
		return answer, e.aboutLogin(ctx, &answer, t.Held, o.Procedures)
	}
	return answer, nil
}

// aboutLogin fills in what a grant knows of the person's login, and for which
// of its procedures the token is.
func (e *Endpoint) aboutLogin(ctx context.Context, a *introspection, h grant.Held, procedures []string) error {
	rules, err := e.Rules()
	if err != nil {
		return err
	}
	g, w := h.Grant, store.From(ctx)
	a.Subject, a.SID, a.AuthTime, a.AMR, a.Method = g.Subject, g.SID, g.AuthTime.Unix(), g.AMR, string(g.Method)
	a.ACR = standing(rules, h, w.Now, w.Civil).ACR
	a.Details = details.Granted(g.Agency, procedures)
	return nil
}

// introspectRefresh answers about a refresh token, to its owner alone.
func (e *Endpoint) introspectRefresh(ctx context.Context, hash [32]byte) (introspection, error) {
	w := store.From(ctx)
	h, err := e.Grants.Refresh(ctx, hash, w.Now, w.Civil)
	if idp.CodeOf(err) == idp.CodeNotFound {
		return introspection{}, nil
	}
	if err != nil {
		return introspection{}, err
	}
	good := h.Refresh.UsedAt.IsZero() && w.Now.Before(h.Refresh.ExpiresAt) && h.Valid(w.Now)
	if !good || h.Grant.ClientID != w.Client.ID {
		return introspection{}, nil
	}
	answer := introspection{
		Active: true, Issuer: e.Issuer, ClientID: h.Grant.ClientID,
		Scope: strings.Join(h.Grant.Scopes, " "), Expires: h.Refresh.ExpiresAt.Unix(),
	}
	return answer, e.aboutLogin(ctx, &answer, h, h.Grant.Procedures)
}
