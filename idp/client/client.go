package client

import (
	"slices"
	"strings"
	"time"

	"surety/idp"

	"github.com/go-jose/go-jose/v4"
)

// Client is a registered relying party, parsed and ready to use. It is shared
// by all requests of the process and must not be changed.
type Client struct {
	ID idp.ClientID
	Metadata

	// Keys are the parsed keys of jwks. With jwks_uri they are empty and
	// whoever verifies an assertion fetches the set.
	Keys jose.JSONWebKeySet
	// Sector is the host that pairwise subjects are made for (OpenID Connect
	// Core 1.0, section 8.1).
	Sector string
	// Secrets are the hashes that are good for client_secret_*: the newest
	// first, then the one before it for as long as the operator chose.
	Secrets []Secret

	CreatedAt  time.Time
	UpdatedAt  time.Time
	DisabledAt time.Time // zero while the client may be used

	scopes    []string
	redirects []redirect
}

// redirect is one registered redirect URI.
type redirect struct {
	raw    string
	origin string   // what form-action in a content security policy must name
	loop   *anyPort // set if any port will do
}

// Public tells whether the client has nothing to prove itself with.
func (c *Client) Public() bool { return c.TokenEndpointAuthMethod == AuthNone }

// Disabled tells whether an operator has switched the client off.
func (c *Client) Disabled() bool { return !c.DisabledAt.IsZero() }

// May tells whether the client is registered for the grant type.
func (c *Client) May(g GrantType) bool { return slices.Contains(c.GrantTypes, g) }

// Scopes lists the scopes the client may ask for; none means all that Surety
// has for people.
func (c *Client) Scopes() []string { return c.scopes }

// PKCERequired tells whether an authorization request without a code
// challenge is refused (RFC 7636).
func (c *Client) PKCERequired() bool { return c.RequirePKCE == nil || *c.RequirePKCE }

// ConsentImplied tells whether the person is not asked for consent.
func (c *Client) ConsentImplied() bool { return c.Consent == ConsentImplied }

// MaxAge is the client's default_max_age, and whether it has one.
func (c *Client) MaxAge() (time.Duration, bool) {
	if c.DefaultMaxAge == nil {
		return 0, false
	}
	return time.Duration(*c.DefaultMaxAge) * time.Second, true
}

// RefreshLifetime is the absolute end of the client's refresh tokens, or the
// given default.
func (c *Client) RefreshLifetime(standard time.Duration) time.Duration {
	if c.RefreshTokenLifetime == 0 {
		return standard
	}
	return time.Duration(c.RefreshTokenLifetime) * time.Second
}

// RefreshGrace is the time in which a used refresh token answers with the
// same successor, or the given default.
func (c *Client) RefreshGrace(standard time.Duration) time.Duration {
	if c.RefreshTokenGrace == 0 {
		return standard
	}
	return time.Duration(c.RefreshTokenGrace) * time.Second
}

// RedirectAllowed tells whether uri is registered. The comparison is of the
// exact text (RFC 9700, section 2.1), save that a native application's
// loopback address may come with any port.
func (c *Client) RedirectAllowed(uri string) bool {
	for _, r := range c.redirects {
		if r.raw == uri || r.loop != nil && r.loop.matches(uri) {
			return true
		}
	}
	return false
}

// RedirectOrigins lists what a page that ends in a redirect to the client
// must allow in form-action: each origin once, or the scheme alone for
// private-use schemes.
func (c *Client) RedirectOrigins() []string {
	var out []string
	for _, r := range c.redirects {
		if !slices.Contains(out, r.origin) {
			out = append(out, r.origin)
		}
	}
	return out
}

// PostLogoutAllowed tells whether the person may be sent to uri after logout.
func (c *Client) PostLogoutAllowed(uri string) bool {
	return slices.Contains(c.PostLogoutRedirectURIs, uri)
}

// ResourceAllowed tells whether the client may ask for tokens for the
// resource (RFC 8707).
func (c *Client) ResourceAllowed(resource string) bool {
	return slices.Contains(c.Resources, resource)
}

// Name is the client's name in the language, or in the one it gave without a
// language, or its id.
func (c *Client) Name(lang string) string {
	if s := c.Names.In(lang); s != "" {
		return s
	}
	return string(c.ID)
}

// Localized is a text in several languages, by BCP 47 tag. The text without a
// language has the key "".
type Localized map[string]string

// In returns the text for the language: the exact tag, then its base language,
// then the text without a language, then the first by tag.
func (l Localized) In(lang string) string {
	lang = strings.ToLower(lang)
	base, _, _ := strings.Cut(lang, "-")
	for _, tag := range []string{lang, base, ""} {
		if s, ok := l[tag]; ok {
			return s
		}
	}
	if len(l) == 0 {
		return ""
	}
	return l[slices.Min(keys(l))]
}

func keys(l Localized) []string {
	var out []string
	for k := range l {
		out = append(out, k)
	}
	return out
}

// OfAgency is whose procedures the client may ask for.
func (c *Client) OfAgency() string {
	if c.Agency != "" {
		return c.Agency
	}
	return string(c.ID)
}
