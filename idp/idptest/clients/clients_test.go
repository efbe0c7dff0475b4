package clients_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"surety/idp/idptest/world"
)

// agency is a relying party that is made of the libraries and nothing else:
// it knows Surety's address, its own id and secret.
type agency struct {
	*world.World
	provider   *oidc.Provider
	oauth      oauth2.Config
	endSession string
	name       string
}

// newAgency registers an agency with these members of RFC 7591 besides the
// usual ones, and has it discover Surety.
func newAgency(w *world.World, members string) *agency {
	w.Helper()
	host := world.Random() + ".example.test"
	a := &agency{World: w, name: "Office " + host[:6]}
	made := w.Register(`{"client_name": "` + a.name + `", "redirect_uris": ["https://` + host + `/cb"], "post_logout_redirect_uris": ["https://` + host + `/bye"],
		"scope": "openid profile email offline_access", "grant_types": ["authorization_code", "refresh_token"]` + members + `}`)
	var err error
	if a.provider, err = oidc.NewProvider(w.Context(), w.Issuer); err != nil {
		w.Fatal(err)
	}
	var more struct {
		EndSession string `json:"end_session_endpoint"`
	}
	if err := a.provider.Claims(&more); err != nil || more.EndSession == "" {
		w.Fatalf("discovery names no end of sessions: %v", err)
	}
	a.endSession = more.EndSession
	a.oauth = oauth2.Config{
		ClientID: string(made.Client.ID), ClientSecret: made.Secret, Endpoint: a.provider.Endpoint(),
		RedirectURL: "https://" + host + "/cb", Scopes: []string{oidc.ScopeOpenID, "profile", "email"},
	}
	return a
}

// login is one login as the agency keeps it while the person is away.
type login struct {
	state, nonce, verifier string
}

// send is the address that the agency sends the browser to.
func (a *agency) send(more ...oauth2.AuthCodeOption) (login, string) {
	l := login{world.Random(), world.Random(), oauth2.GenerateVerifier()}
	return l, a.oauth.AuthCodeURL(l.state, append(more, oidc.Nonce(l.nonce), oauth2.S256ChallengeOption(l.verifier))...)
}

// person logs in and agrees, and returns the code that the agency got back.
func (a *agency) person(b *world.Browser, address, name string, l login) string {
	a.Helper()
	page := b.Get(address)
	if page.Has(`id="login"`) {
		page = b.Submit(page, "continue", "login", name, "password", world.Password)
	}
	if page.Has(`id="allow"`) {
		page = b.Submit(page, "allow")
	}
	back := page.URL.Query()
	if !page.Away || back.Get("state") != l.state || back.Get("iss") != a.Issuer {
		a.Fatalf("back at %s (%d):\n%s", page.URL, page.Status, page.Body)
	}
	return back.Get("code")
}

// verified checks the ID token with the library and against the login.
func (a *agency) verified(tokens *oauth2.Token, l login) (*oidc.IDToken, string) {
	a.Helper()
	raw, _ := tokens.Extra("id_token").(string)
	id, err := a.provider.VerifierContext(a.Context(), &oidc.Config{ClientID: a.oauth.ClientID}).Verify(a.Context(), raw)
	if err != nil {
		a.Fatalf("ID token: %v", err)
	}
	if id.Nonce != l.nonce {
		a.Errorf("nonce %q, want %q", id.Nonce, l.nonce)
	}
	if err := id.VerifyAccessToken(tokens.AccessToken); err != nil {
		a.Errorf("at_hash: %v", err)
	}
	return id, raw
}

func email() string { return world.Random() + "@example.test" }

// TestGoOIDC is the whole life of a login with coreos/go-oidc and x/oauth2.
func TestGoOIDC(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	for name, row := range map[string]struct {
		members string
		style   oauth2.AuthStyle
	}{
		"as the library finds out": {``, oauth2.AuthStyleAutoDetect},
		"secret in the header":     {`, "token_endpoint_auth_method": "client_secret_basic", "id_token_signed_response_alg": "ES256"`, oauth2.AuthStyleInHeader},
		"secret in the form":       {`, "token_endpoint_auth_method": "client_secret_post", "id_token_signed_response_alg": "PS256"`, oauth2.AuthStyleInParams},
		"without a secret":         {`, "token_endpoint_auth_method": "none", "id_token_signed_response_alg": "EdDSA"`, oauth2.AuthStyleInParams},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAgency(w.For(t), row.members)
			a.oauth.Endpoint.AuthStyle = row.style
			live(a)
		})
	}
}

func live(a *agency) {
	a.Helper()
	ctx, b, name := a.Context(), a.Browser(), email()
	a.Seed(name)
	l, address := a.send()
	before := time.Now().Add(-time.Second)
	tokens, err := a.oauth.Exchange(ctx, a.person(b, address, name, l), oauth2.VerifierOption(l.verifier))
	if err != nil {
		a.Fatalf("exchange: %v", err)
	}
	id, raw := a.verified(tokens, l)
	var claims struct {
		ACR      string   `json:"acr"`
		AMR      []string `json:"amr"`
		AuthTime int64    `json:"auth_time"`
	}
	if err := id.Claims(&claims); err != nil || claims.ACR == "" || len(claims.AMR) != 1 || claims.AMR[0] != "pwd" || time.Unix(claims.AuthTime, 0).Before(before.Truncate(time.Second)) {
		a.Errorf("claims %+v, %v", claims, err)
	}
	asksUserInfo(a, tokens, id.Subject, name)
	renewed := refreshes(a, tokens, id)
	asksUserInfo(a, renewed, id.Subject, name)
	logsOut(a, b, raw)
	if _, err := a.oauth.TokenSource(ctx, expired(renewed)).Token(); err == nil {
		a.Error("the refresh token outlived the session")
	}
}

func asksUserInfo(a *agency, tokens *oauth2.Token, subject, name string) {
	a.Helper()
	info, err := a.provider.UserInfo(a.Context(), oauth2.StaticTokenSource(tokens))
	if err != nil || info.Subject != subject || info.Email != name || !info.EmailVerified {
		a.Errorf("userinfo %+v, %v", info, err)
	}
}

// expired is a token that its source must renew before the next use.
func expired(t *oauth2.Token) *oauth2.Token {
	old := *t
	old.Expiry = time.Now().Add(-time.Minute)
	return &old
}

// refreshes has the library renew a token because it has expired.
func refreshes(a *agency, tokens *oauth2.Token, id *oidc.IDToken) *oauth2.Token {
	a.Helper()
	if tokens.RefreshToken == "" || tokens.Expiry.IsZero() {
		a.Fatalf("no refresh token, or no end: %+v", tokens.Expiry)
	}
	renewed, err := a.oauth.TokenSource(a.Context(), expired(tokens)).Token()
	if err != nil {
		a.Fatalf("refresh: %v", err)
	}
	if renewed.RefreshToken == tokens.RefreshToken || renewed.AccessToken == tokens.AccessToken {
		a.Error("the refresh gave the same tokens")
	}
	again, _ := a.verified(renewed, login{}) // without a nonce: OpenID Connect Core 1.0, section 12.2
	if again.Subject != id.Subject {
		a.Errorf("subject %q, then %q", id.Subject, again.Subject)
	}
	return renewed
}

// logsOut is RP-initiated: it asks nothing, because the hint is this session's.
func logsOut(a *agency, b *world.Browser, idToken string) {
	a.Helper()
	bye := "https://" + host(a.oauth.RedirectURL) + "/bye"
	page := b.Get(a.endSession + "?" + url.Values{"id_token_hint": {idToken}, "post_logout_redirect_uri": {bye}, "state": {"s"}}.Encode())
	if !page.Away || page.URL.String() != bye+"?state=s" {
		a.Errorf("logged out to %s (%d):\n%s", page.URL, page.Status, page.Body)
	}
	if page := b.Get("/account"); page.URL.Path != "/sign-in" {
		a.Errorf("still logged in, at %s", page.URL)
	}
}

func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// TestGoOIDCRefusals: what the libraries report when something is wrong is what
// the standard says.
func TestGoOIDCRefusals(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	a, name := newAgency(w, ``), email()
	// Left to find out, the library tries a second way when the first is
	// refused, and tells what came of that.
	a.oauth.Endpoint.AuthStyle = oauth2.AuthStyleInHeader
	w.Seed(name)
	b, ctx := w.Browser(), t.Context()
	l, address := a.send()
	code := a.person(b, address, name, l)
	wantCode(t, "another verifier", a.exchange(ctx, code, oauth2.GenerateVerifier()), "invalid_grant")
	l, address = a.send()
	code = a.person(b, address, name, l)
	tokens, err := a.oauth.Exchange(ctx, code, oauth2.VerifierOption(l.verifier))
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, "the code again", a.exchange(ctx, code, l.verifier), "invalid_grant")
	if _, err := a.provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens)); err == nil {
		t.Error("what was given for a code that came twice is good still")
	}
	stranger := newAgency(w, ``)
	raw, _ := tokens.Extra("id_token").(string)
	if _, err := stranger.provider.Verifier(&oidc.Config{ClientID: stranger.oauth.ClientID}).Verify(ctx, raw); err == nil {
		t.Error("a token for another agency was good")
	}
	a.oauth.ClientSecret = "guess"
	l, address = a.send()
	wantCode(t, "another secret", a.exchange(ctx, a.person(b, address, name, l), l.verifier), "invalid_client")
}

func (a *agency) exchange(ctx context.Context, code, verifier string) error {
	_, err := a.oauth.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	return err
}

func wantCode(t *testing.T, what string, err error, code string) {
	t.Helper()
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) || refused.ErrorCode != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

// TestGoOIDCBackChannel: the logout token that comes when the session ends
// elsewhere is one that the library's verifier takes.
func TestGoOIDCBackChannel(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	got := make(chan string, 1)
	office := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case got <- r.PostFormValue("logout_token"):
		default: // told before
		}
	}))
	t.Cleanup(office.Close)
	a, name := newAgency(w, `, "backchannel_logout_session_required": true, "backchannel_logout_uri": "`+office.URL+`/told"`), email()
	w.Seed(name)
	b := w.Browser()
	l, address := a.send()
	tokens, err := a.oauth.Exchange(t.Context(), a.person(b, address, name, l), oauth2.VerifierOption(l.verifier))
	if err != nil {
		t.Fatal(err)
	}
	id, _ := a.verified(tokens, l)
	b.Submit(b.Get("/account"), "logout-everywhere")
	select {
	case raw := <-got:
		told, err := a.provider.Verifier(&oidc.Config{ClientID: a.oauth.ClientID}).Verify(t.Context(), raw)
		if err != nil {
			t.Fatalf("logout token: %v", err)
		}
		var claims, own struct {
			SID    string                    `json:"sid"`
			Events map[string]map[string]any `json:"events"`
		}
		if err := errors.Join(told.Claims(&claims), id.Claims(&own)); err != nil {
			t.Fatal(err)
		}
		if _, ok := claims.Events["http://schemas.openid.net/event/backchannel-logout"]; !ok || claims.SID != own.SID || told.Nonce != "" {
			t.Errorf("logout token %+v, ID token %+v", claims, own)
		}
	case <-time.After(30 * time.Second):
		t.Error("the agency was not told")
	}
}
