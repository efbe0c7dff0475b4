package signin

import (
	"io"
	"net/http"

	"surety/idp"
	"surety/idp/flow/account"
	"surety/idp/web"
	"surety/idp/web/templates"
)

func (p *Pages) registerUsed(w http.ResponseWriter, r *http.Request) error {
	reg, err := p.Account.Registration(r.Context(), p.Site.Visit(w, r), attempt(r))
	if err != nil {
		return err
	}
	if !reg.Used {
		return web.SeeOther(w, r, afterProof(reg))
	}
	f := p.frame(w, r)
	return web.Page(w, http.StatusOK, func(out io.Writer) error {
		return p.Site.Templates.RegisterUsed(out, f, used(reg, ""))
	})
}

func used(reg account.Registration, choice string) templates.RegisterUsed {
	return templates.RegisterUsed{Channel: channel(reg.Kind), Contact: reg.Contact, Attempt: string(reg.ID), Full: reg.Full, Choice: choice}
}

// registerUsedPost takes what the person wants with an address that accounts
// have already: their old account, its password, or one more account.
func (p *Pages) registerUsedPost(w http.ResponseWriter, r *http.Request) error {
	b, id, f := p.Site.Visit(w, r), attempt(r), p.Site.Frame(w, r)
	reg, err := p.Account.Registration(r.Context(), b, id)
	if err != nil {
		return err
	}
	choice := r.PostForm.Get("choice")
	switch choice {
	case "sign-in":
		return web.SeeOther(w, r, f.Link("/sign-in"))
	case "recover":
		return web.SeeOther(w, r, f.Link("/recover"))
	case "new":
		reg, err = p.Account.AnotherAccount(r.Context(), b, id)
	default:
		err = idp.E(idp.CodeInvalid, "error.choice.required").In("choice")
	}
	if err != nil {
		return p.again(w, r, err, func(out io.Writer, f templates.Frame) error {
			return p.Site.Templates.RegisterUsed(out, f, used(reg, choice))
		})
	}
	return web.SeeOther(w, r, to("/register/details", reg.ID, reg.Interaction))
}

func (p *Pages) registerDetails(w http.ResponseWriter, r *http.Request) error {
	reg, err := p.Account.Registration(r.Context(), p.Site.Visit(w, r), attempt(r))
	if err != nil {
		return err
	}
	if reg.Used {
		return web.SeeOther(w, r, afterProof(reg))
	}
	f := p.frame(w, r)
	return web.Page(w, http.StatusOK, func(out io.Writer) error {
		return p.Site.Templates.RegisterDetails(out, f, templates.RegisterDetails{
			Attempt: string(reg.ID), Login: reg.Login, PasswordMin: p.PasswordMin,
		})
	})
}

func (p *Pages) registerDetailsPost(w http.ResponseWriter, r *http.Request) error {
	in := account.Complete{
		Browser: p.Site.Visit(w, r), ID: attempt(r), Password: r.PostForm.Get("password"),
		FamilyName: r.PostForm.Get("family_name"), GivenName: r.PostForm.Get("given_name"), Patronymic: r.PostForm.Get("patronymic"),
		NoFamilyName: r.PostForm.Has("no_family_name"), NoGivenName: r.PostForm.Has("no_given_name"), NoPatronymic: r.PostForm.Has("no_patronymic"),
	}
	done, err := p.Account.Complete(r.Context(), in)
	if err != nil {
		return p.detailsAgain(w, r, in, err)
	}
	p.Site.Enter(w, done.Ticket)
	next := web.OnwardTo(string(done.Interaction))
	if !done.Generated {
		return web.SeeOther(w, r, next)
	}
	// The made-up login name is shown once, before anything else: the person
	// must write it down. The page is not kept, so there is no address for it.
	f := p.frame(w, r)
	return web.Page(w, http.StatusOK, func(out io.Writer) error {
		return p.Site.Templates.RegisterDone(out, f, templates.RegisterDone{Login: done.Login, Generated: true, Next: next})
	})
}

// detailsAgain shows the form with everything that was typed but the password.
func (p *Pages) detailsAgain(w http.ResponseWriter, r *http.Request, in account.Complete, err error) error {
	reg, lost := p.Account.Registration(r.Context(), in.Browser, in.ID)
	if lost != nil {
		return err
	}
	if reg.Used {
		return web.SeeOther(w, r, afterProof(reg))
	}
	return p.again(w, r, err, func(out io.Writer, f templates.Frame) error {
		return p.Site.Templates.RegisterDetails(out, f, templates.RegisterDetails{
			Attempt: string(in.ID), Login: reg.Login, FamilyName: in.FamilyName, GivenName: in.GivenName, Patronymic: in.Patronymic,
			NoFamilyName: in.NoFamilyName, NoGivenName: in.NoGivenName, NoPatronymic: in.NoPatronymic, PasswordMin: p.PasswordMin,
		})
	})
}
