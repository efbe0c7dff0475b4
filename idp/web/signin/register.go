package signin

import (
	"io"
	"net/http"
	"net/url"

	"surety/idp"
	"surety/idp/flow/account"
	"surety/idp/web"
	"surety/idp/web/templates"
)

// to is the address of a page about an attempt.
func to(path string, id idp.ProofID, interaction idp.InteractionID) string {
	q := url.Values{"attempt": {string(id)}}
	if interaction != "" {
		q.Set("interaction", string(interaction))
	}
	return path + "?" + q.Encode()
}

// attempt is the attempt that address or form names. It proves nothing: an
// attempt is worth nothing in another browser.
func attempt(r *http.Request) idp.ProofID {
	if r.PostForm.Has("attempt") {
		return idp.ProofID(r.PostForm.Get("attempt"))
	}
	return idp.ProofID(r.URL.Query().Get("attempt"))
}

func (p *Pages) register(w http.ResponseWriter, r *http.Request) error {
	f := p.frame(w, r)
	return web.Page(w, http.StatusOK, func(out io.Writer) error {
		return p.Site.Templates.Register(out, f, templates.Register{TermsVersion: p.Terms})
	})
}

func (p *Pages) registerPost(w http.ResponseWriter, r *http.Request) error {
	in := account.BeginRegistration{
		Browser: p.Site.Visit(w, r), Interaction: idp.InteractionID(web.InteractionOf(r)), Contact: r.PostForm.Get("contact"),
		Terms: r.PostForm.Has("terms"), TermsVersion: r.PostForm.Get("terms_version"),
	}
	a, err := p.Account.BeginRegistration(r.Context(), in)
	if err != nil {
		return p.again(w, r, err, func(out io.Writer, f templates.Frame) error {
			return p.Site.Templates.Register(out, f, templates.Register{Contact: in.Contact, Terms: in.Terms, TermsVersion: p.Terms})
		})
	}
	return web.SeeOther(w, r, to("/register/code", a.ID, a.Interaction))
}

// again shows a form once more, with the agency's name.
func (p *Pages) again(w http.ResponseWriter, r *http.Request, err error, render func(io.Writer, templates.Frame) error) error {
	agency := p.frame(w, r).Agency
	return p.Site.Again(w, r, err, func(out io.Writer, f templates.Frame) error {
		f.Agency = agency
		return render(out, f)
	})
}

func codeEntry(a account.Attempt) templates.CodeEntry {
	return templates.CodeEntry{
		Channel: templates.Channel(channel(a.Kind)), Contact: a.Contact, Attempt: string(a.ID), Valid: a.CodeValid, ResendAfter: a.ResendAfter,
	}
}

// channel is how a code travels to a contact of the kind.
func channel(k idp.ContactKind) templates.Channel {
	if k == idp.ContactPhone {
		return templates.BySMS
	}
	return templates.ByEmail
}

func (p *Pages) registerCode(w http.ResponseWriter, r *http.Request) error {
	a, err := p.Account.RegistrationAttempt(r.Context(), p.Site.Visit(w, r), attempt(r))
	if err != nil {
		return err
	}
	if a.Confirmed {
		return web.SeeOther(w, r, to("/register/details", a.ID, a.Interaction))
	}
	f, v := p.frame(w, r), codeEntry(a)
	v.Resent = r.URL.Query().Has("resent")
	return web.Page(w, http.StatusOK, func(out io.Writer) error { return p.Site.Templates.RegisterCode(out, f, v) })
}

func (p *Pages) registerCodePost(w http.ResponseWriter, r *http.Request) error {
	b, id := p.Site.Visit(w, r), attempt(r)
	reg, err := p.Account.ConfirmRegistration(r.Context(), b, id, r.PostForm.Get("code"))
	if err != nil {
		a, lost := p.Account.RegistrationAttempt(r.Context(), b, id)
		if lost != nil {
			return err
		}
		return p.again(w, r, err, func(out io.Writer, f templates.Frame) error {
			return p.Site.Templates.RegisterCode(out, f, codeEntry(a))
		})
	}
	return web.SeeOther(w, r, afterProof(reg))
}

func afterProof(reg account.Registration) string {
	if reg.Used {
		return to("/register/used", reg.ID, reg.Interaction)
	}
	return to("/register/details", reg.ID, reg.Interaction)
}

func (p *Pages) registerResend(w http.ResponseWriter, r *http.Request) error {
	b, id := p.Site.Visit(w, r), attempt(r)
	a, err := p.Account.ResendRegistration(r.Context(), b, id)
	if err != nil {
		before, lost := p.Account.RegistrationAttempt(r.Context(), b, id)
		if lost != nil {
			return err
		}
		return p.again(w, r, err, func(out io.Writer, f templates.Frame) error {
			return p.Site.Templates.RegisterCode(out, f, codeEntry(before))
		})
	}
	return web.SeeOther(w, r, to("/register/code", a.ID, a.Interaction)+"&resent=1")
}

func (p *Pages) registerLink(w http.ResponseWriter, r *http.Request) error {
	token := r.URL.Query().Get("t")
	l, err := p.Account.RegistrationLink(r.Context(), p.Site.Visit(w, r), token)
	if err != nil {
		return err
	}
	f := p.frame(w, r)
	return web.Page(w, http.StatusOK, func(out io.Writer) error {
		return p.Site.Templates.RegisterLink(out, f, landing(token, l))
	})
}

func landing(token string, l account.Landing) templates.LinkLanding {
	return templates.LinkLanding{Token: token, OtherBrowser: l.OtherBrowser, Code: l.Code}
}

func (p *Pages) registerLinkPost(w http.ResponseWriter, r *http.Request) error {
	token := r.PostForm.Get("token")
	l, err := p.Account.PressRegistrationLink(r.Context(), p.Site.Visit(w, r), token)
	if err != nil {
		return err
	}
	if l.Confirmed {
		return web.SeeOther(w, r, to("/register/details", l.ID, l.Interaction))
	}
	f := p.frame(w, r)
	return web.Page(w, http.StatusOK, func(out io.Writer) error {
		return p.Site.Templates.RegisterLink(out, f, landing(token, l))
	})
}
