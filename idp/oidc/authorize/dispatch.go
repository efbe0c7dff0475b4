package authorize

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"surety/assurance"
	"surety/consent"
	"surety/idp"
	"surety/idp/client"
	"surety/idp/grant"
	"surety/idp/interaction"
	"surety/idp/oidc"
	"surety/idp/oidc/store"
	"surety/idp/session"
)

// pages are where the steps of an interaction happen. Each returns to
// /continue.
var pages = map[interaction.StepKind]string{
	interaction.StepSignIn:        "/sign-in",
	interaction.StepSelectAccount: "/select-account",
	interaction.StepStepUp:        "/step-up",
	interaction.StepTerms:         "/terms/accept",
	interaction.StepConsent:       "/consent",
}

// place is what Next looked at, and what it said.
type place struct {
	now, civil time.Time
	rules      assurance.Rules
	visitor    interaction.Visitor
	consentID  string
	consented  bool // a consent is on file and in force, whatever it covers
	subject    string
	// required is what the request needs, of client, procedures and claims.
	required assurance.Requirement
	step     interaction.Step
}

// tries is how often Next is asked when, between its answer and the write,
// something changed under it. Twice is already more than people can do.
const tries = 2

// dispatch does the next step of the request. It is the only place that does.
func (e *Endpoint) dispatch(w http.ResponseWriter, r *http.Request, a *asked) {
	for range tries {
		p, err := e.look(r, a)
		if err != nil {
			e.trouble(w, r, a, err)
			return
		}
		switch p.step.Kind {
		case interaction.StepIssue:
			code, err := e.issue(r.Context(), a, p)
			if stale(err) && a.pending == nil {
				continue
			}
			e.issued(w, r, a, code, err)
		case interaction.StepFail:
			e.fail(w, r, a, p)
		default:
			e.show(w, r, a, p)
		}
		return
	}
	e.trouble(w, r, a, idp.E(idp.CodeConflict, "error.conflict"))
}

// look finds out who is there and asks Next. A live session costs two round
// trips: who it is, and what they agreed to.
func (e *Endpoint) look(r *http.Request, a *asked) (place, error) {
	p := place{now: e.Now(), civil: e.Civil()}
	var err error
	if secret := e.Browser.Session(r); secret != "" {
		if p.visitor, err = e.Visits.Visitor(r.Context(), secret, p.now); err != nil {
			return p, err
		}
	}
	rules, err := e.Rules()
	if err != nil {
		return p, err
	}
	p.rules = rules
	c := interaction.Case{
		Rules: rules, Request: a.request, Interaction: a.pending, Visitor: p.visitor,
		Minimum: a.client.MinimumLevel, Terms: e.Terms, Now: p.now, Civil: p.civil,
		ConsentCovers: a.client.ConsentImplied(), Required: requirements(a.procedures),
	}
	p.required, _ = interaction.Required(rules.Policy, c.Minimum, a.request.EssentialACR, c.Required)
	if p.visitor.Known() {
		p.subject = e.Subjects.Subject(a.client, p.visitor.Account.ID)
		c.Subject = p.subject
		if !c.ConsentCovers {
			record, err := e.Visits.Consent(r.Context(), p.visitor.Account.ID, a.client.ID)
			if err != nil {
				return p, err
			}
			c.ConsentCovers = record.Covers(a.request.Question(p.visitor.Account.ID), p.civil)
			p.consentID, p.consented = string(record.ID), record.State(p.civil) == consent.StateInForce
		}
	}
	p.step = interaction.Next(c)
	return p, nil
}

// issue makes grant and code and writes them, through fosite's pipeline.
func (e *Endpoint) issue(ctx context.Context, a *asked, p place) (code string, err error) {
	i := e.toIssue(a, p)
	work := &store.Work{Now: p.now, Civil: p.civil, Client: a.client, Issue: &i}
	answer, err := e.provider.NewAuthorizeResponse(store.With(ctx, work), a.parsed, store.NewSession())
	if err != nil {
		return "", err
	}
	return answer.GetCode(), nil
}

// toIssue is everything that the last step writes.
func (e *Endpoint) toIssue(a *asked, p place) grant.Issue {
	policy, granted := p.rules.Policy, p.step.Granted
	id := idp.GrantID(idp.NewID())
	g := grant.Grant{
		ID: id, ClientID: a.client.ID, AccountID: p.visitor.Account.ID, SessionID: p.visitor.SessionID, ConsentID: p.consentID,
		Subject: p.subject, SID: e.Subjects.SID(a.client.ID, p.visitor.SessionID),
		Scopes: a.request.Scopes, Audience: a.request.Audience, Offline: a.request.Offline,
		RequestedACR: requestedACR(a.request),
		Agency:       a.request.Agency, Procedures: a.request.Procedures,
		MaxAge: a.request.MaxAge, Uses: granted.Uses, Claims: a.request.Claims,
		CreatedAt: p.now, ExpiresAt: e.grantEnd(a.client, p.now),
	}
	g.Take(p.rules, granted)
	i := grant.Issue{
		Grant: g, Now: p.now, BrowserHash: a.browser,
		Code: grant.Code{
			GrantID: id, RedirectURI: a.redirectURI, Challenge: a.challenge, Nonce: a.nonce,
			CreatedAt: p.now, ExpiresAt: p.now.Add(e.Grants.Code),
		},
	}
	if a.pending != nil {
		i.InteractionID = a.pending.ID
	}
	top := len(policy.Levels) > 0 && granted.Level == policy.Levels[len(policy.Levels)-1].Name
	if touched, due := p.visitor.Session.Touch(p.now, e.Sessions, top); due {
		i.IdleExpiresAt = touched.IdleExpiresAt
	}
	return i
}

// grantEnd is the absolute end of a grant: of its refresh tokens, or, when
// there are none, of the access token that its code can still give.
func (e *Endpoint) grantEnd(c *client.Client, now time.Time) time.Time {
	if c.May(client.GrantRefreshToken) {
		return now.Add(c.RefreshLifetime(e.Grants.Refresh))
	}
	return now.Add(e.Grants.Code + e.Grants.AccessToken)
}

// issued sends the code to the client, or says why there is none.
func (e *Endpoint) issued(w http.ResponseWriter, r *http.Request, a *asked, code string, err error) {
	switch {
	case err == nil:
		e.answer(w, r, a, url.Values{"code": {code}})
	case stale(err):
		// Another tab was first, or the session ended: loading it again tells which.
		e.resumeAgain(w, r, a)
	default:
		e.trouble(w, r, a, err)
	}
}

// fail ends the request with a failure of Next.
func (e *Endpoint) fail(w http.ResponseWriter, r *http.Request, a *asked, p place) {
	if a.pending != nil {
		err := e.Interactions.Finish(r.Context(), a.browser, a.pending.ID, interaction.OutcomeFailed, p.now)
		if stale(err) {
			e.Pages.Error(w, r, over(a, oidc.FailedCompleted))
			return
		}
		if err != nil {
			e.trouble(w, r, a, err)
			return
		}
	}
	e.unmet(r.Context(), a, p, outcomeOf(p.step))
	e.refuse(w, r, a, faultOf(p.step.Failure))
}

// show sends the browser to the page of the step, with the request kept.
func (e *Endpoint) show(w http.ResponseWriter, r *http.Request, a *asked, p place) {
	if a.pending == nil {
		if err := e.open(r.Context(), a, session.BrowserHash(e.Browser.Browser(w, r))); err != nil {
			e.trouble(w, r, a, err)
			return
		}
	}
	seeOther(w, pages[p.step.Kind]+"?interaction="+string(a.pending.ID))
}

// open makes an interaction of the request, bound to the browser.
func (e *Endpoint) open(ctx context.Context, a *asked, browser [32]byte) error {
	i := interaction.Interaction{
		ID: idp.InteractionID(idp.NewID()), Request: a.request, Form: a.form,
		CreatedAt: a.request.ReceivedAt, ExpiresAt: a.request.ReceivedAt.Add(interaction.Lifetime),
	}
	if err := e.Interactions.Open(ctx, browser, i); err != nil {
		return err
	}
	a.pending, a.browser = &i, browser
	return nil
}

func seeOther(w http.ResponseWriter, to string) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// requestedACR are the values among which the ID token's acr is chosen. Where
// essential ones came, it is one of these (OpenID Connect Core 1.0, section
// 5.5.1.1), whatever was wished for besides.
func requestedACR(r interaction.Request) []string {
	if len(r.EssentialACR) > 0 {
		return slices.Clone(r.EssentialACR)
	}
	return slices.Clone(r.ACRValues)
}
