package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// skew is how far clocks may differ.
const skew = 10 * time.Second

// surety is Surety as this agency knows it from discovery.
type surety struct {
	issuer     string
	provider   *oidc.Provider
	verifier   *oidc.IDTokenVerifier
	oauth      oauth2.Config
	endSession string
	namesIss   bool // every answer carries iss (RFC 9207)
}

// connection finds Surety when it is first needed, so that the two may start
// in any order; once found it is kept.
type connection struct {
	cfg Config

	mu    sync.Mutex
	found *surety
}

func (c *connection) get(ctx context.Context) (*surety, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.found != nil {
		return c.found, nil
	}
	provider, err := oidc.NewProvider(c.context(ctx), c.cfg.Issuer)
	if err != nil {
		return nil, fmt.Errorf("discover Surety: %w", err)
	}
	var more struct {
		EndSession string `json:"end_session_endpoint"`
		NamesIss   bool   `json:"authorization_response_iss_parameter_supported"`
	}
	if err := provider.Claims(&more); err != nil {
		return nil, fmt.Errorf("read Surety's metadata: %w", err)
	}
	endpoint := provider.Endpoint()
	// Left to find out, the library tries both ways, and a code is good for one try.
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	c.found = &surety{
		issuer:     c.cfg.Issuer,
		provider:   provider,
		verifier:   provider.Verifier(&oidc.Config{ClientID: c.cfg.ClientID, Now: c.cfg.Now}),
		endSession: more.EndSession,
		namesIss:   more.NamesIss,
		oauth: oauth2.Config{
			ClientID: c.cfg.ClientID, ClientSecret: c.cfg.ClientSecret, Endpoint: endpoint,
			RedirectURL: c.cfg.URL + "/callback", Scopes: c.cfg.Scopes,
		},
	}
	return c.found, nil
}

// context has the libraries use our client. What outlives the request, such as
// the key set, must not end with it.
func (c *connection) context(ctx context.Context) context.Context {
	return oidc.ClientContext(context.WithoutCancel(ctx), c.cfg.HTTP)
}

// newPending makes the secrets of one login. max_age is kept because the
// answer must be measured by it (OpenID Connect Core 1.0, section 3.1.2.1).
func newPending(q url.Values, now time.Time) pending {
	p := pending{
		state: rand.Text(), nonce: rand.Text(), verifier: oauth2.GenerateVerifier(), maxAge: -1, until: now.Add(pendingLife),
		procedure: q.Get("procedure"),
	}
	if seconds, err := strconv.Atoi(q.Get("max_age")); err == nil && seconds >= 0 && seconds < 1e9 {
		p.maxAge = time.Duration(seconds) * time.Second
	}
	return p
}

// loginURL is where the browser is sent.
func (s *surety) loginURL(p pending, q url.Values, audience, language string) string {
	options := []oauth2.AuthCodeOption{
		oidc.Nonce(p.nonce), oauth2.S256ChallengeOption(p.verifier), oauth2.SetAuthURLParam("ui_locales", language),
	}
	for _, name := range []string{"prompt", "acr_values", "login_hint"} {
		if value := q.Get(name); value != "" && len(value) < 200 {
			options = append(options, oauth2.SetAuthURLParam(name, value))
		}
	}
	if p.maxAge >= 0 {
		options = append(options, oauth2.SetAuthURLParam("max_age", strconv.Itoa(int(p.maxAge.Seconds()))))
	}
	if p.procedure != "" {
		options = append(options, oauth2.SetAuthURLParam("authorization_details", authorizationDetails(p.procedure)),
			oauth2.SetAuthURLParam("resource", audience))
	}
	return s.oauth.AuthCodeURL(p.state, options...)
}

// redeem turns the code into a signed-in person.
func (s *surety) redeem(ctx context.Context, code string, p pending, now time.Time) (*visit, error) {
	tokens, err := s.oauth.Exchange(ctx, code, oauth2.VerifierOption(p.verifier))
	if err != nil {
		return nil, fmt.Errorf("redeem code: %w", err)
	}
	v, idToken, err := s.read(ctx, tokens)
	if err != nil {
		return nil, err
	}
	// Binds the token to the login that this browser began.
	if subtle.ConstantTimeCompare([]byte(idToken.Nonce), []byte(p.nonce)) != 1 {
		return nil, errors.New("check ID token: it has another nonce")
	}
	if p.maxAge >= 0 && (v.authTime.IsZero() || v.authTime.Add(p.maxAge+skew).Before(now)) {
		return nil, errors.New("check ID token: the login is older than max_age")
	}
	return v, s.ask(ctx, v)
}

// read verifies the ID token of an answer (OpenID Connect Core 1.0, section
// 3.1.3.7: signature, issuer, audience, expiry by the library) and takes the
// tokens with it.
func (s *surety) read(ctx context.Context, tokens *oauth2.Token) (*visit, *oidc.IDToken, error) {
	raw, ok := tokens.Extra("id_token").(string)
	if !ok {
		return nil, nil, errors.New("read answer: no ID token")
	}
	idToken, err := s.verifier.Verify(ctx, raw)
	if err != nil {
		return nil, nil, fmt.Errorf("check ID token: %w", err)
	}
	if idToken.AccessTokenHash != "" {
		if err := idToken.VerifyAccessToken(tokens.AccessToken); err != nil {
			return nil, nil, fmt.Errorf("check ID token: %w", err)
		}
	}
	var c struct {
		SID      string   `json:"sid"`
		ACR      string   `json:"acr"`
		AMR      []string `json:"amr"`
		AuthTime int64    `json:"auth_time"`
		AZP      string   `json:"azp"`
	}
	v := &visit{
		subject: idToken.Subject, idToken: raw, accessToken: tokens.AccessToken, refreshToken: tokens.RefreshToken,
		claims: map[string]json.RawMessage{},
	}
	if err := errors.Join(idToken.Claims(&c), idToken.Claims(&v.claims)); err != nil {
		return nil, nil, fmt.Errorf("read ID token: %w", err)
	}
	if c.AZP != "" && c.AZP != s.oauth.ClientID {
		return nil, nil, errors.New("check ID token: it was made for another client")
	}
	v.sid, v.acr, v.amr = c.SID, c.ACR, c.AMR
	if c.AuthTime > 0 {
		v.authTime = time.Unix(c.AuthTime, 0)
	}
	return v, idToken, nil
}

// ask gets the person's data. An answer about somebody else counts for nothing
// (section 5.3.2).
func (s *surety) ask(ctx context.Context, v *visit) error {
	answer, err := s.provider.UserInfo(ctx, oauth2.StaticTokenSource(&oauth2.Token{AccessToken: v.accessToken}))
	if err != nil {
		return fmt.Errorf("ask userinfo: %w", err)
	}
	if answer.Subject != v.subject {
		return errors.New("ask userinfo: the answer is about somebody else")
	}
	v.userinfo = map[string]json.RawMessage{}
	if err := answer.Claims(&v.userinfo); err != nil {
		return fmt.Errorf("read userinfo: %w", err)
	}
	return nil
}

// refresh gets new tokens. The person must be the same, and so must be the
// login (section 12.2).
func (s *surety) refresh(ctx context.Context, old visit, now time.Time) (*visit, error) {
	tokens, err := s.oauth.TokenSource(ctx, &oauth2.Token{RefreshToken: old.refreshToken}).Token()
	if err != nil {
		return nil, fmt.Errorf("refresh: %w", err)
	}
	v, _, err := s.read(ctx, tokens)
	if err != nil {
		return nil, err
	}
	if v.subject != old.subject || v.sid != old.sid || !v.authTime.Equal(old.authTime) {
		return nil, errors.New("refresh: the answer is about another person or login")
	}
	v.refreshed = now
	return v, s.ask(ctx, v)
}

// logoutURL is where the browser is sent to log out everywhere
// (RP-Initiated Logout 1.0, section 2).
func (s *surety) logoutURL(idToken, back, state string) (string, error) {
	u, err := url.Parse(s.endSession)
	if err != nil || s.endSession == "" {
		return "", errors.New("log out: Surety names no end_session_endpoint")
	}
	q := u.Query()
	q.Set("id_token_hint", idToken)
	q.Set("post_logout_redirect_uri", back)
	q.Set("state", state)
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// gone says that the refresh token is no longer good: the session at Surety is
// over, as opposed to Surety being away for a moment.
func gone(err error) bool {
	var refused *oauth2.RetrieveError
	return errors.As(err, &refused) && refused.Response.StatusCode == http.StatusBadRequest && refused.ErrorCode == "invalid_grant"
}
