package authorize

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/client"
	"surety/idp/grant"
	"surety/idp/keys"
	"surety/idp/oidc"
	"surety/idp/oidc/claims"
	"surety/idp/oidc/store"
	"surety/idp/session"

	"github.com/ory/fosite"
)

// Config is what the endpoint needs to know.
type Config struct {
	Issuer   string
	Grants   grant.Lifetimes
	Sessions session.Lifetimes
	Terms    string // version of the terms of use in force
}

// Dependencies are what the endpoint works with. All are needed but Log.
type Dependencies struct {
	Clients      Clients
	Visits       Visits
	Interactions Interactions
	Codes        Codes
	Browser      Browser
	Pages        oidc.Pages
	Subjects     claims.Subjects
	Keys         func() *keys.Set                // the signing keys of this moment
	Rules        func() (assurance.Rules, error) // the rules in force; unavailable when they cannot be told
	Procedures   Procedures
	Now          func() time.Time // protocol time
	Civil        func() time.Time // civil time
	Log          *slog.Logger
}

// Endpoint answers authorization requests. Make it with New.
type Endpoint struct {
	Config
	Dependencies
	provider *fosite.Fosite
}

// New returns the endpoint.
func New(c Config, d Dependencies) *Endpoint {
	if d.Log == nil {
		d.Log = slog.Default()
	}
	e := &Endpoint{Config: c, Dependencies: d}
	e.provider = store.NewProvider(store.Handlers{
		Authorize: []fosite.AuthorizeEndpointHandler{&codeHandler{e}},
	})
	return e
}

// Authorize is the authorization endpoint, at /authorize.
func (e *Endpoint) Authorize() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		form, failure := readForm(w, r)
		if failure != nil {
			e.Pages.Error(w, r, *failure)
			return
		}
		a, failure := e.identify(r.Context(), form)
		if failure != nil {
			e.Pages.Error(w, r, *failure)
			return
		}
		a.request.ReceivedAt = e.Now()
		if fault := e.understand(r.Context(), a); fault != nil {
			e.turnAway(w, r, a, fault)
			return
		}
		if r.Method == http.MethodPost {
			e.keep(w, r, a)
			return
		}
		e.dispatch(w, r, a)
	})
}

// readForm reads the parameters of a GET or POST within their bounds.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, *oidc.Failure) {
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodPost:
		w.Header().Set("Allow", "GET, POST")
		return nil, &oidc.Failure{Status: http.StatusMethodNotAllowed, Kind: oidc.FailedMethod}
	case len(r.URL.RawQuery) > oidc.MaxQuery:
		return nil, &oidc.Failure{Status: http.StatusRequestURITooLong, Kind: oidc.FailedTooLarge}
	case r.Method == http.MethodGet:
		form, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			return nil, &oidc.Failure{Status: http.StatusBadRequest, Kind: oidc.FailedRequest, Cause: err}
		}
		return form, nil
	}
	form, err := oidc.PostForm(w, r)
	if err != nil {
		f := &oidc.Failure{Status: oidc.FaultOf(err).Status, Kind: oidc.FailedRequest, Cause: err}
		if errors.Is(err, oidc.ErrTooLarge) {
			f.Kind = oidc.FailedTooLarge
		}
		return nil, f
	}
	return form, nil
}

// wayBack is an address at which the agency can be found when a request
// cannot be answered at its redirect URI: its home page, else the origin of a
// redirect URI.
func wayBack(c *client.Client) string {
	if home := c.Homes.In(""); home != "" {
		return home
	}
	for _, origin := range c.RedirectOrigins() {
		if strings.HasPrefix(origin, "http") && !strings.Contains(origin, "*") {
			return origin + "/"
		}
	}
	return ""
}

// failureOf is the page for an error that is ours.
func failureOf(err error, a *asked) oidc.Failure {
	f := oidc.Failure{Status: http.StatusInternalServerError, Kind: oidc.FailedInternal, Cause: err}
	if idp.CodeOf(err) == idp.CodeUnavailable {
		f.Status, f.Kind = http.StatusServiceUnavailable, oidc.FailedDown
	}
	if a != nil {
		f.Client, f.Return, f.Locales = a.client, wayBack(a.client), a.request.UILocales
	}
	return f
}
