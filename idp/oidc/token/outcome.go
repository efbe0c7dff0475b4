package token

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"path"

	"surety/idp"
	"surety/idp/oidc"
	"surety/idp/oidc/store"
)

var (
	errNoOutcome   = &oidc.Fault{Code: "not_found", Description: "there is no such outcome for this client", Status: http.StatusNotFound}
	errOutcomeOver = &oidc.Fault{Code: "gone", Description: "the outcome was fetched before, or its time is over", Status: http.StatusGone}
)

// Outcome is what error_uri names, at /outcomes/REFERENCE: what came of a
// request whose requirement was not met, for the client that it was of, once
// (RULES R10). GET with client_secret_basic, POST for the other ways in which a
// client proves itself.
func (e *Endpoint) Outcome() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := e.outcome(w, r)
		if err != nil {
			e.refuse(w, r, err)
			return
		}
		oidc.WriteJSON(w, http.StatusOK, body)
	})
}

func (e *Endpoint) outcome(w http.ResponseWriter, r *http.Request) (json.RawMessage, error) {
	form := url.Values{} // credentials in an address end up in logs, so none are taken from there
	if r.Method != http.MethodGet {
		var err error
		if form, err = oidc.PostForm(w, r); err != nil {
			return nil, err
		}
		if f := oidc.CheckParameters(form); f != nil {
			return nil, f
		}
	}
	ctx := e.work(r.Context())
	if err := e.prove(ctx, r, form); err != nil {
		return nil, err
	}
	u := store.From(ctx)
	body, err := e.Grants.FetchOutcome(ctx, u.Client.ID, store.Hash(path.Base(r.URL.Path)), u.Now)
	switch idp.CodeOf(err) {
	case idp.CodeNotFound:
		return nil, errNoOutcome
	case idp.CodeExpired:
		return nil, errOutcomeOver
	}
	return body, err
}

// prove has the client prove itself. A public one cannot, and anybody could
// call himself that.
func (e *Endpoint) prove(ctx context.Context, r *http.Request, form url.Values) error {
	c, err := e.authenticate(ctx, r, form)
	switch {
	case err == nil && !c.Public():
		store.From(ctx).Client = c
		return nil
	case err == nil:
		err = &oidc.Fault{Code: oidc.InvalidClient, Description: "a public client cannot prove itself", Status: http.StatusUnauthorized}
	}
	if f := oidc.FaultOf(err); f.Status == http.StatusUnauthorized && r.Method == http.MethodGet {
		f = f.Because(err)
		f.Challenge = challenge // also for one that came without any
		return f
	}
	return err
}
