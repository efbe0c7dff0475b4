package signin

import (
	"errors"
	"io"
	"net/http"

	"surety/idp"
	"surety/idp/flow/signin"
	"surety/idp/web"
	"surety/idp/web/templates"
)

func (p *Pages) home(w http.ResponseWriter, r *http.Request) error {
	if p.Site.Session(r) != "" {
		return web.SeeOther(w, r, "/account")
	}
	f := p.Site.Frame(w, r)
	return web.Page(w, http.StatusOK, func(out io.Writer) error {
		return p.Site.Templates.Home(out, f, templates.Home{})
	})
}

func (p *Pages) signIn(w http.ResponseWriter, r *http.Request) error {
	screen, err := p.SignIn.LogInScreen(r.Context(), p.Site.Visit(w, r), idp.InteractionID(web.InteractionOf(r)))
	if err != nil {
		return web.Elsewhere(w, r, err)
	}
	f := p.Site.Frame(w, r)
	web.OnBehalf(w, &f, screen.Client)
	return web.Page(w, http.StatusOK, func(out io.Writer) error {
		return p.Site.Templates.SignIn(out, f, p.signInView(w, r, templates.SignIn{Login: screen.LoginHint, Again: screen.Again || r.URL.Query().Has("fresh")}))
	})
}

func (p *Pages) signInPost(w http.ResponseWriter, r *http.Request) error {
	in := signin.LogIn{
		Browser: p.Site.Visit(w, r), Interaction: idp.InteractionID(web.InteractionOf(r)),
		Login: r.PostForm.Get("login"), Password: r.PostForm.Get("password"), Shared: r.PostForm.Has("shared"),
	}
	if r.PostForm.Has("cancel") {
		return p.cancel(w, r)
	}
	ticket, err := p.SignIn.LogIn(r.Context(), in)
	if errors.Is(err, signin.ErrElsewhere) {
		return web.Elsewhere(w, r, err)
	}
	if err != nil {
		f := p.frame(w, r)
		return p.Site.Again(w, r, err, func(out io.Writer, g templates.Frame) error {
			g.Agency = f.Agency
			return p.Site.Templates.SignIn(out, g, p.signInView(w, r, templates.SignIn{Login: in.Login, Shared: in.Shared}))
		})
	}
	p.Site.Enter(w, ticket)
	return web.SeeOther(w, r, web.Onward(r))
}

// signInView adds the other ways to come in. A house that has no passkeys, or
// cannot ask for one now, still takes passwords.
func (p *Pages) signInView(w http.ResponseWriter, r *http.Request, v templates.SignIn) templates.SignIn {
	if q, err := p.Factors.AskToSignIn(r.Context(), p.Site.Visit(w, r)); err == nil {
		v.Passkey = question(q)
	}
	v.SMS = true
	return v
}

// cancel brings the person back to the agency without logging in.
func (p *Pages) cancel(w http.ResponseWriter, r *http.Request) error {
	if err := p.SignIn.Deny(r.Context(), p.Site.Visit(w, r), idp.InteractionID(web.InteractionOf(r))); err != nil {
		return web.Elsewhere(w, r, err)
	}
	return web.SeeOther(w, r, web.Onward(r))
}

func (p *Pages) selectAccount(w http.ResponseWriter, r *http.Request) error {
	screen, err := p.SignIn.AccountScreen(r.Context(), p.Site.Visit(w, r), idp.InteractionID(web.InteractionOf(r)))
	if err != nil {
		return web.Elsewhere(w, r, err)
	}
	f := p.Site.Frame(w, r)
	web.OnBehalf(w, &f, screen.Client)
	return web.Page(w, http.StatusOK, func(out io.Writer) error {
		return p.Site.Templates.SelectAccount(out, f, templates.SelectAccount{
			Candidates: []templates.Candidate{{ID: string(screen.AccountID), Name: screen.Name, Login: screen.Login}},
		})
	})
}

func (p *Pages) selectAccountPost(w http.ResponseWriter, r *http.Request) error {
	if r.PostForm.Has("other") {
		return web.SeeOther(w, r, "/sign-in?other=1&interaction="+web.InteractionOf(r))
	}
	err := p.SignIn.ChooseAccount(r.Context(), p.Site.Visit(w, r), idp.InteractionID(web.InteractionOf(r)), idp.AccountID(r.PostForm.Get("account")))
	if err != nil {
		return web.Elsewhere(w, r, err)
	}
	return web.SeeOther(w, r, web.Onward(r))
}

func (p *Pages) signedOut(w http.ResponseWriter, r *http.Request) error {
	f := p.Site.Frame(w, r)
	v := templates.SignedOut{Everywhere: r.URL.Query().Has("everywhere")}
	if c := p.Agencies.Client(r.Context(), idp.ClientID(r.URL.Query().Get("client_id"))); c != nil {
		f.Agency, v.Return = c.Name(f.Lang), c.Homes.In(f.Lang)
	}
	return web.Page(w, http.StatusOK, func(out io.Writer) error {
		return p.Site.Templates.SignedOut(out, f, v)
	})
}
