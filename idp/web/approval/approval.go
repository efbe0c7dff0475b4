package approval

import (
	"io"
	"net/http"
	"strings"
	"time"

	"surety/idp"
	"surety/idp/claim"
	"surety/idp/flow/signin"
	"surety/idp/text"
	"surety/idp/web"
	"surety/idp/web/templates"
)

// Pages are the pages. Every field is needed.
type Pages struct {
	Site   *web.Site
	SignIn *signin.Flow
	Terms  Terms
}

// Terms are the terms of use in force.
type Terms struct {
	Version string
	Since   time.Time
}

// Mount registers the pages.
func (p *Pages) Mount(m web.Mux) {
	m.Get("/consent", p.consent)
	m.Post("/consent", p.consentPost)
	m.Get("/terms", p.terms)
	m.Get("/terms/accept", p.termsAccept)
	m.Post("/terms/accept", p.termsAcceptPost)
}

func (p *Pages) consent(w http.ResponseWriter, r *http.Request) error {
	screen, err := p.SignIn.ConsentScreen(r.Context(), p.Site.Visit(w, r), idp.InteractionID(web.InteractionOf(r)))
	if err != nil {
		return web.Elsewhere(w, r, err)
	}
	f := p.Site.Frame(w, r)
	web.OnBehalf(w, &f, screen.Client)
	v := templates.Consent{
		Agency: f.Agency, Offline: screen.Offline, Until: screen.Until, Remembered: screen.Remembered,
		PolicyURI: screen.Client.Policies.In(f.Lang), TermsURI: screen.Client.TermsOfUses.In(f.Lang), LogoURI: screen.Client.Logos.In(f.Lang),
		Required: p.shared(r, screen.Required), Optional: p.shared(r, screen.Optional), ByLaw: p.shared(r, screen.ByLaw),
	}
	var titles []string
	for _, one := range screen.Procedures {
		titles = append(titles, one.Title(f.Lang))
	}
	v.Procedure = strings.Join(titles, "; ")
	f.InPerson = web.InPerson(f.Lang, screen.Procedures...)
	return web.Page(w, http.StatusOK, func(out io.Writer) error { return p.Site.Templates.Consent(out, f, v) })
}

// shared are values as the page shows them. How the identity was confirmed is
// said in the person's language.
func (p *Pages) shared(r *http.Request, values []signin.Shared) []templates.SharedValue {
	local := p.Site.Localizer(r)
	lang := local.Lang()
	out := make([]templates.SharedValue, len(values))
	for i, v := range values {
		if v.Claim == claim.VerifiedClaims && v.Value != "" {
			v.Value = local.T("proofing." + v.Value)
		}
		out[i] = templates.SharedValue{Claim: v.Claim, Value: v.Value, Chose: v.Given, Why: v.Why[lang], Reference: v.Reference, Law: v.Law[lang]}
	}
	return out
}

func (p *Pages) consentPost(w http.ResponseWriter, r *http.Request) error {
	b, id := p.Site.Visit(w, r), idp.InteractionID(web.InteractionOf(r))
	var err error
	switch {
	case r.PostForm.Has("allow"):
		err = p.SignIn.Allow(r.Context(), b, id, r.PostForm["share"])
	case r.PostForm.Has("deny"):
		err = p.SignIn.Deny(r.Context(), b, id)
	default:
		err = idp.E(idp.CodeInvalid, "error.choice.required")
	}
	if err != nil {
		return web.Elsewhere(w, r, err)
	}
	return web.SeeOther(w, r, web.Onward(r))
}

// document is the text of the terms in the language of the page.
func (p *Pages) document(r *http.Request) text.Document {
	return p.Site.Localizer(r).Terms()
}

func (p *Pages) terms(w http.ResponseWriter, r *http.Request) error {
	f := p.Site.Frame(w, r)
	return web.Page(w, http.StatusOK, func(out io.Writer) error {
		return p.Site.Templates.Terms(out, f, templates.Terms{Version: p.Terms.Version, Since: p.Terms.Since, Text: p.document(r)})
	})
}

func (p *Pages) termsAccept(w http.ResponseWriter, r *http.Request) error {
	screen, err := p.SignIn.TermsScreen(r.Context(), p.Site.Visit(w, r), idp.InteractionID(web.InteractionOf(r)))
	if err != nil {
		return web.Elsewhere(w, r, err)
	}
	f := p.Site.Frame(w, r)
	web.OnBehalf(w, &f, screen.Client)
	return web.Page(w, http.StatusOK, func(out io.Writer) error {
		return p.Site.Templates.TermsAccept(out, f, templates.TermsAccept{Version: screen.Version, Since: p.Terms.Since, Text: p.document(r)})
	})
}

func (p *Pages) termsAcceptPost(w http.ResponseWriter, r *http.Request) error {
	if r.PostForm.Has("logout") {
		return web.SeeOther(w, r, "/logout")
	}
	b, id := p.Site.Visit(w, r), idp.InteractionID(web.InteractionOf(r))
	err := error(idp.E(idp.CodeInvalid, "error.terms.required").In("terms"))
	if r.PostForm.Has("terms") {
		err = p.SignIn.AcceptTerms(r.Context(), b, id, r.PostForm.Get("terms_version"))
	}
	if err != nil {
		return p.termsAgain(w, r, err)
	}
	return web.SeeOther(w, r, web.Onward(r))
}

// termsAgain shows the terms once more, as the form of the same agency: what
// is sent from here must be allowed to end there.
func (p *Pages) termsAgain(w http.ResponseWriter, r *http.Request, why error) error {
	screen, err := p.SignIn.TermsScreen(r.Context(), p.Site.Visit(w, r), idp.InteractionID(web.InteractionOf(r)))
	if err != nil {
		return web.Elsewhere(w, r, err)
	}
	return p.Site.Again(w, r, why, func(out io.Writer, f templates.Frame) error {
		web.OnBehalf(w, &f, screen.Client)
		return p.Site.Templates.TermsAccept(out, f, templates.TermsAccept{Version: screen.Version, Since: p.Terms.Since, Text: p.document(r)})
	})
}
