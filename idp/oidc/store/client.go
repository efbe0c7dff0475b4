package store

import (
	"surety/idp/client"

	"github.com/ory/fosite"
)

// Client is a relying party as fosite sees it.
type Client struct {
	*client.Client
}

// GetID returns the client's id.
func (c Client) GetID() string { return string(c.ID) }

// GetHashedSecret returns nothing: fosite compares no secrets here.
func (c Client) GetHashedSecret() []byte { return nil }

// GetRedirectURIs returns the registered addresses. Ours are compared by
// client.RedirectAllowed before fosite looks, which is stricter.
func (c Client) GetRedirectURIs() []string { return c.RedirectURIs }

// GetGrantTypes returns the registered grant types.
func (c Client) GetGrantTypes() fosite.Arguments {
	out := make(fosite.Arguments, len(c.GrantTypes))
	for i, g := range c.GrantTypes {
		out[i] = string(g)
	}
	return out
}

// GetResponseTypes returns the registered response types.
func (c Client) GetResponseTypes() fosite.Arguments { return c.ResponseTypes }

// GetScopes returns the registered scopes. Scopes are decided by
// claims.Usable; see anyScope.
func (c Client) GetScopes() fosite.Arguments { return c.Scopes() }

// IsPublic tells whether the client has nothing to prove itself with.
func (c Client) IsPublic() bool { return c.Public() }

// GetAudience returns the resources the client may ask for.
func (c Client) GetAudience() fosite.Arguments { return c.Resources }

// GetResponseModes lists what response_mode may be. Without this fosite
// refuses every explicit one (FOSITE.md A7, 15).
func (c Client) GetResponseModes() []fosite.ResponseModeType { return responseModes }

var responseModes = []fosite.ResponseModeType{
	fosite.ResponseModeDefault, fosite.ResponseModeQuery, fosite.ResponseModeFormPost,
}
