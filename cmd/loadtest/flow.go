package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// maxHops bounds the requests between authorization and the redirect back.
const maxHops = 24

// tokens is a token endpoint's answer, with the ID token's claims.
type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	ID      string `json:"id_token"`
	Type    string `json:"token_type"`

	claims idClaims
}

// idClaims are the claims that the scenarios compare.
type idClaims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Nonce    string `json:"nonce"`
	AuthTime int64  `json:"auth_time"`
}

// attempt is what one code flow must get back.
type attempt struct {
	state, nonce, verifier string
}

func newAttempt() attempt { return attempt{rand.Text(), rand.Text(), rand.Text() + rand.Text()} }

// codeFlow runs one authorization code flow with PKCE in the given browser
// session. It also tells how many pages of each role were filled in.
func (p *provider) codeFlow(ctx context.Context, jar http.CookieJar, user int) (*tokens, map[string]int, error) {
	hc, a := p.client(jar), newAttempt()
	back, pages, err := p.browse(ctx, hc, p.authorizeURL(a), user)
	if err != nil {
		return nil, pages, fmt.Errorf("authorize: %w", err)
	}
	got := back.Query()
	switch {
	case got.Get("error") != "":
		return nil, pages, fmt.Errorf("authorize: %s %s", got.Get("error"), clip(got.Get("error_description"), 100))
	case got.Get("state") != a.state:
		return nil, pages, errors.New("authorize: state differs")
	case got.Get("code") == "":
		return nil, pages, errors.New("authorize: no code")
	}
	tok, err := p.token(ctx, hc, url.Values{
		"grant_type":    {"authorization_code"},
		"code":          {got.Get("code")},
		"redirect_uri":  {p.cfg.redirectURI},
		"code_verifier": {a.verifier},
	})
	if err != nil {
		return nil, pages, fmt.Errorf("code exchange: %w", err)
	}
	if !slices.Contains(strings.Fields(p.cfg.scope), "openid") {
		return tok, pages, nil
	}
	if err := tok.readID(); err != nil {
		return nil, pages, err
	}
	if tok.claims.Nonce != a.nonce || tok.claims.Issuer != p.meta.Issuer || tok.claims.Subject == "" {
		return nil, pages, errors.New("id_token: iss, sub or nonce is wrong")
	}
	return tok, pages, nil
}

func (p *provider) authorizeURL(a attempt) string {
	sum := sha256.Sum256([]byte(a.verifier))
	q := url.Values{
		"response_type":         {"code"},
		"client_id":             {p.cfg.clientID},
		"redirect_uri":          {p.cfg.redirectURI},
		"scope":                 {p.cfg.scope},
		"state":                 {a.state},
		"nonce":                 {a.nonce},
		"code_challenge":        {base64.RawURLEncoding.EncodeToString(sum[:])},
		"code_challenge_method": {"S256"},
	}
	sep := "?"
	if strings.Contains(p.meta.Authorization, "?") {
		sep = "&"
	}
	return p.meta.Authorization + sep + q.Encode()
}

// browse follows redirects and fills in pages until the provider sends the
// browser back to the client.
func (p *provider) browse(ctx context.Context, hc *http.Client, start string, user int) (*url.URL, map[string]int, error) {
	pages := map[string]int{}
	send := func() (answer, error) { return p.get(ctx, hc, start, "") }
	for range maxHops {
		a, err := send()
		if err != nil {
			return nil, pages, err
		}
		switch {
		case a.StatusCode >= 300 && a.StatusCode < 400:
			next, err := a.Location()
			if err != nil {
				return nil, pages, err
			}
			if strings.HasPrefix(next.String(), p.cfg.redirectURI) {
				return next, pages, nil
			}
			send = func() (answer, error) { return p.get(ctx, hc, next.String(), "") }
		case a.StatusCode == http.StatusOK:
			role, sub, err := p.fillIn(a, user)
			if err != nil {
				return nil, pages, err
			}
			pages[role]++
			send = func() (answer, error) {
				if sub.method == http.MethodGet {
					return p.get(ctx, hc, sub.target.String(), "")
				}
				return p.post(ctx, hc, sub.target.String(), sub.fields)
			}
		default:
			return nil, pages, &statusError{status: a.StatusCode, detail: "at " + a.Request.URL.Path}
		}
	}
	return nil, pages, fmt.Errorf("no redirect to the client after %d requests", maxHops)
}

func (p *provider) fillIn(a answer, user int) (role string, sub submission, err error) {
	page := a.Request.URL
	s := p.recipe.match(page, string(a.body))
	if s == nil {
		return "", sub, fmt.Errorf("no recipe step for the page at %s", page.Path)
	}
	sub, err = s.submission(page, string(a.body), user, p.cfg.password)
	return s.Role, sub, err
}

// token calls the token endpoint and requires a bearer access token.
func (p *provider) token(ctx context.Context, hc *http.Client, form url.Values) (*tokens, error) {
	a, err := p.postAs(ctx, hc, p.meta.Token, form)
	if err != nil {
		return nil, err
	}
	var t tokens
	if err := a.decode(&t); err != nil {
		return nil, err
	}
	if t.Access == "" || !strings.EqualFold(t.Type, "bearer") {
		return nil, errors.New("no bearer access_token in the answer")
	}
	return &t, nil
}

// readID decodes the ID token's claims. The signature is NOT checked.
func (t *tokens) readID() error {
	parts := strings.Split(t.ID, ".")
	if len(parts) != 3 || parts[2] == "" {
		return errors.New("id_token: missing or not a signed JWT")
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return errors.New("id_token: bad encoding")
	}
	return json.Unmarshal(b, &t.claims)
}
