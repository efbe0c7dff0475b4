package token

import (
	"net/http"
	"net/url"

	"surety/idp/client"
	"surety/idp/oidc"
	"surety/idp/oidc/store"
)

// Caller says which client a request is from whose body is no form: by its
// Authorization header alone, and so with client_secret_basic.
//
// Errors: *oidc.Fault, also for a public client, which proves nothing; unavailable.
func (e *Endpoint) Caller(r *http.Request) (*client.Client, error) {
	ctx := e.work(r.Context())
	if err := e.prove(ctx, r, url.Values{}); err != nil {
		f := oidc.FaultOf(err)
		if f.Status == http.StatusUnauthorized {
			f = f.Because(err)
			f.Challenge = challenge // also for one that came without any
		}
		return nil, f
	}
	return store.From(ctx).Client, nil
}
