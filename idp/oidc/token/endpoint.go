package token

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"surety/assurance"
	"surety/idp/client"
	"surety/idp/grant"
	"surety/idp/keys"
	"surety/idp/oidc"
	"surety/idp/oidc/store"
	"surety/idp/oidc/verified"

	"github.com/ory/fosite"
)

// Config is what the endpoints need to know.
type Config struct {
	Issuer    string
	Lifetimes grant.Lifetimes
}

// Dependencies are what the endpoints work with. All are needed but KeySets
// (without it clients with jwks_uri cannot authenticate) and Log.
type Dependencies struct {
	Clients Clients
	Grants  Grants
	Trail   Trail
	Ring    Ring
	KeySets KeySets
	Keys    func() *keys.Set                // the signing keys of this moment
	Rules   func() (assurance.Rules, error) // the rules in force; unavailable when they cannot be told
	// Procedures says what a grant's procedures require today.
	Procedures Procedures
	// Holders and Verified answer for verified_claims in ID tokens.
	Holders  Holders
	Verified verified.Source
	Now      func() time.Time // protocol time
	Civil    func() time.Time // civil time
	Log      *slog.Logger
}

// Endpoint holds the three endpoints. Make it with New.
type Endpoint struct {
	Config
	Dependencies
	provider *fosite.Fosite
	hash     client.Hasher
}

// New returns the endpoints.
func New(c Config, d Dependencies) *Endpoint {
	if d.Log == nil {
		d.Log = slog.Default()
	}
	e := &Endpoint{Config: c, Dependencies: d, hash: client.HashWith(d.Ring)}
	e.provider = store.NewProvider(store.Handlers{
		Authenticate: e.authenticate,
		Token: []fosite.TokenEndpointHandler{
			&codeHandler{Endpoint: e}, &refreshHandler{Endpoint: e}, &credentialsHandler{Endpoint: e},
		},
	})
	return e
}

// Token is the token endpoint (RFC 6749, section 3.2).
func (e *Endpoint) Token() http.Handler { return http.HandlerFunc(e.serveToken) }

func (e *Endpoint) serveToken(w http.ResponseWriter, r *http.Request) {
	answer, err := e.exchange(w, r)
	if err != nil {
		e.refuse(w, r, err)
		return
	}
	oidc.WriteJSON(w, http.StatusOK, answer)
}

// exchange reads the request and runs fosite's pipeline over it.
func (e *Endpoint) exchange(w http.ResponseWriter, r *http.Request) (map[string]any, error) {
	form, err := oidc.PostForm(w, r)
	if err != nil {
		return nil, err
	}
	if f := oidc.CheckParameters(form, "resource"); f != nil {
		return nil, f
	}
	// fosite would answer invalid_request (FOSITE.md A7, 9).
	switch g := form.Get("grant_type"); {
	case g == "":
		return nil, oidc.Bad(oidc.InvalidRequest, "grant_type is missing")
	case !slices.Contains(grantTypes, client.GrantType(g)):
		return nil, oidc.Bad(oidc.UnsupportedGrantType, "grant_type is not supported")
	}
	ctx := e.work(r.Context())
	request, err := e.provider.NewAccessRequest(ctx, r, store.NewSession())
	if err != nil {
		return nil, err
	}
	response, err := e.provider.NewAccessResponse(ctx, request)
	if err != nil {
		return nil, err
	}
	return response.ToMap(), nil
}

var grantTypes = []client.GrantType{client.GrantAuthorizationCode, client.GrantRefreshToken, client.GrantClientCredentials}

// work begins the unit of work of a request.
func (e *Endpoint) work(ctx context.Context) context.Context {
	return store.With(ctx, &store.Work{Now: e.Now(), Civil: e.Civil()})
}

// refuse answers with the error, and logs those that are ours.
func (e *Endpoint) refuse(w http.ResponseWriter, r *http.Request, err error) {
	f := store.FaultOf(err)
	if f.Status >= http.StatusInternalServerError && r.Context().Err() == nil {
		e.Log.LogAttrs(r.Context(), slog.LevelError, "token request failed",
			slog.String("path", r.URL.Path), slog.String("code", f.Code), slog.Any("error", err))
	}
	oidc.WriteFault(w, f)
}

// base is what our handlers share of fosite's interface.
type base struct{}

// CanSkipClientAuth is never true: public clients are authenticated as such.
func (base) CanSkipClientAuth(context.Context, fosite.AccessRequester) bool { return false }

// mayUse refuses a client that is not registered for the grant type.
func mayUse(c *client.Client, g client.GrantType) error {
	if !c.May(g) {
		return oidc.Bad(oidc.UnauthorizedClient, "this client is not registered for this grant type")
	}
	return nil
}
