package authorize

import (
	"crypto/rand"
	"net/http"
	"net/url"

	"surety/idp"
	"surety/idp/interaction"
	"surety/idp/oidc"
	"surety/idp/session"
)

// keep stores a request that came by POST and sends the browser back by GET,
// with its cookies. From another site a POST carries none (SameSite=Lax): then
// the request waits for whoever brings the claim. That lets nobody do more
// than a link to /authorize would.
func (e *Endpoint) keep(w http.ResponseWriter, r *http.Request, a *asked) {
	to, browser := url.Values{}, e.Browser.KnownBrowser(r)
	if browser == "" {
		browser = rand.Text()
		to.Set("claim", browser)
	}
	if err := e.open(r.Context(), a, session.BrowserHash(browser)); err != nil {
		e.trouble(w, r, a, err)
		return
	}
	to.Set("interaction", string(a.pending.ID))
	seeOther(w, "/continue?"+to.Encode())
}

// Continue is the dispatcher that every page returns to, at
// /continue?interaction=ID.
func (e *Endpoint) Continue() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		id := idp.InteractionID(query.Get("interaction"))
		if !idp.ValidID(string(id)) {
			e.Pages.Error(w, r, oidc.Failure{Status: http.StatusBadRequest, Kind: oidc.FailedRequest})
			return
		}
		if claim := query.Get("claim"); claim != "" {
			if err := e.claim(w, r, id, claim); err != nil {
				e.Pages.Error(w, r, failureOf(err, nil))
				return
			}
		}
		a, failure := e.load(r, id)
		if failure != nil {
			e.Pages.Error(w, r, *failure)
			return
		}
		e.goOn(w, r, a)
	})
}

// goOn does what comes next in an interaction, or says how it ended.
func (e *Endpoint) goOn(w http.ResponseWriter, r *http.Request, a *asked) {
	if a.pending.Outcome == interaction.OutcomeDenied {
		e.refuse(w, r, a, oidc.Bad(oidc.AccessDenied, "the person said no"))
		return
	}
	// A procedure may have changed, or ended, while the person was on their way.
	fault := e.findProcedures(r.Context(), a)
	if fault == nil && a.pending.Outcome != interaction.OutcomeUnmet {
		fault = e.parse(r.Context(), a)
	}
	switch {
	case fault != nil:
		e.turnAway(w, r, a, fault)
	case a.pending.Outcome == interaction.OutcomeUnmet:
		e.declined(w, r, a)
	default:
		e.dispatch(w, r, a)
	}
}

// claim binds an interaction that waits for its browser to this one. One that
// does not wait any more is found by load, if it is this browser's.
func (e *Endpoint) claim(w http.ResponseWriter, r *http.Request, id idp.InteractionID, claim string) error {
	browser := session.BrowserHash(e.Browser.Browser(w, r))
	err := e.Interactions.Claim(r.Context(), id, session.BrowserHash(claim), browser, e.Now())
	if stale(err) {
		return nil
	}
	return err
}

// load returns the interaction of this browser as a request that can go on, or
// that the person ended, or the page that says why not.
func (e *Endpoint) load(r *http.Request, id idp.InteractionID) (*asked, *oidc.Failure) {
	browser := session.BrowserHash(e.Browser.KnownBrowser(r))
	i, err := e.Interactions.Load(r.Context(), browser, id)
	switch idp.CodeOf(err) {
	case idp.CodeNotFound:
		return nil, &oidc.Failure{Status: http.StatusGone, Kind: oidc.FailedExpired}
	case idp.CodeForbidden:
		return nil, e.foreign(r, i)
	}
	if err != nil {
		f := failureOf(err, nil)
		return nil, &f
	}
	// The client may have been switched off, or its address changed, meanwhile.
	a, failure := e.identify(r.Context(), i.Form)
	if failure != nil {
		return nil, failure
	}
	a.request, a.pending, a.browser = i.Request, &i, browser
	switch {
	case i.Outcome == interaction.OutcomeDenied, i.Outcome == interaction.OutcomeUnmet, i.Pending(e.Now()):
		return a, nil
	case i.CompletedAt.IsZero():
		f := over(a, oidc.FailedExpired)
		return nil, &f
	}
	f := over(a, oidc.FailedCompleted)
	return nil, &f
}

// foreign is the page for an interaction of another browser: it shows the
// agency's name and way back, and nothing of the request.
func (e *Endpoint) foreign(r *http.Request, i interaction.Interaction) *oidc.Failure {
	f := &oidc.Failure{Status: http.StatusForbidden, Kind: oidc.FailedExpired}
	if c, err := e.Clients.Client(r.Context(), i.Request.ClientID); err == nil {
		f.Client, f.Return = c, wayBack(c)
	}
	return f
}

// over is the page for an interaction that has ended. One that ended by time
// may be started again.
func over(a *asked, kind string) oidc.Failure {
	f := oidc.Failure{
		Status: http.StatusConflict, Kind: kind, Client: a.client, Return: wayBack(a.client), Locales: a.request.UILocales,
	}
	if kind == oidc.FailedExpired {
		f.Status = http.StatusGone
		if again := a.form.Encode(); len(again) <= oidc.MaxQuery {
			f.Restart = "/authorize?" + again
		}
	}
	return f
}

// resumeAgain is for an interaction whose last step found things changed: by
// another tab that was first, or because the session has ended. It goes back
// to the dispatcher, which looks anew; so does a reload.
func (e *Endpoint) resumeAgain(w http.ResponseWriter, r *http.Request, a *asked) {
	if a.pending == nil {
		e.trouble(w, r, a, idp.E(idp.CodeConflict, "error.conflict"))
		return
	}
	seeOther(w, "/continue?interaction="+string(a.pending.ID))
}
