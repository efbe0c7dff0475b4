package store

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"surety/idp/client"
	"surety/idp/oidc"

	"github.com/ory/fosite"
)

// Authenticate says which client a request is from (RFC 6749, section 2.3).
// Its errors are *oidc.Fault, or have code unavailable.
type Authenticate func(ctx context.Context, r *http.Request, form url.Values) (*client.Client, error)

// Handlers are the handlers of a provider, in the order in which they run.
type Handlers struct {
	Authenticate Authenticate
	Authorize    []fosite.AuthorizeEndpointHandler
	Token        []fosite.TokenEndpointHandler
}

// NewProvider makes a provider of exactly these handlers. fosite's compose
// would drop a second handler of the same type without a word (FOSITE.md A7, 12).
func NewProvider(h Handlers) *fosite.Fosite {
	config := &fosite.Config{
		// A state is not demanded of anybody; ours is put in where there is
		// none (FOSITE.md A7, 6). 1 is the least that fosite can be set to.
		MinParameterEntropy:           1,
		EnforcePKCE:                   true,
		ScopeStrategy:                 anyScope,
		AudienceMatchingStrategy:      anyAudience,
		OmitRedirectScopeParam:        true,
		RefreshTokenScopes:            []string{},
		SendDebugMessagesToClients:    false,
		ClientSecretsHasher:           noHasher{},
		TokenEndpointHandlers:         h.Token,
		AuthorizeEndpointHandlers:     h.Authorize,
		GrantTypeJWTBearerMaxDuration: time.Minute,
	}
	if h.Authenticate != nil {
		config.ClientAuthenticationStrategy = func(ctx context.Context, r *http.Request, form url.Values) (fosite.Client, error) {
			c, err := h.Authenticate(ctx, r, form)
			if err != nil {
				return nil, err
			}
			From(ctx).Client = c
			return Client{c}, nil
		}
	}
	return fosite.NewOAuth2Provider(clients{}, config)
}

// anyScope leaves scopes to claims.Usable, which runs before fosite.
func anyScope([]string, string) bool { return true }

// anyAudience leaves fosite's own parameter audience without effect; resource
// (RFC 8707) is ours.
func anyAudience([]string, []string) error { return nil }

// noHasher keeps fosite's bcrypt away, which costs hundreds of milliseconds
// on every call (FOSITE.md A8). Secrets are compared by client.SecretMatches.
type noHasher struct{}

var errNoHasher = errors.New("secrets are not compared by fosite")

// Compare refuses everything.
func (noHasher) Compare(context.Context, []byte, []byte) error { return errNoHasher }

// Hash refuses everything.
func (noHasher) Hash(context.Context, []byte) ([]byte, error) { return nil, errNoHasher }

// clients is fosite's store. The client of a request is found before fosite
// is asked, so that one request never sees two versions of it.
type clients struct{}

// GetClient returns the client that the unit of work holds.
func (clients) GetClient(ctx context.Context, id string) (fosite.Client, error) {
	c := From(ctx).Client
	if c == nil || string(c.ID) != id {
		return nil, fosite.ErrNotFound
	}
	return Client{c}, nil
}

// ClientAssertionJWTValid is never asked: assertions are ours (FOSITE.md A7, 11).
func (clients) ClientAssertionJWTValid(context.Context, string) error { return fosite.ErrJTIKnown }

// SetClientAssertionJWT is never asked.
func (clients) SetClientAssertionJWT(context.Context, string, time.Time) error {
	return fosite.ErrJTIKnown
}

// FaultOf turns an error that came out of fosite into ours. Faults of our own
// handlers pass unchanged; fosite's keep their code and hint, never its debug text.
func FaultOf(err error) *oidc.Fault {
	var f *oidc.Fault
	var r *fosite.RFC6749Error
	if errors.As(err, &f) || !errors.As(err, &r) {
		return oidc.FaultOf(err)
	}
	if r.CodeField >= http.StatusInternalServerError {
		return oidc.FaultOf(err)
	}
	description := r.HintField
	if description == "" {
		description = r.DescriptionField
	}
	return &oidc.Fault{Code: r.ErrorField, Description: description, Status: http.StatusBadRequest, Cause: err}
}
