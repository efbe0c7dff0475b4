package signin

import (
	"io"
	"net/http"

	"surety/idp"
	"surety/idp/flow/account"
	"surety/idp/web"
	"surety/idp/web/templates"
)

func (p *Pages) recover(w http.ResponseWriter, r *http.Request) error {
	f := p.frame(w, r)
	return web.Page(w, http.StatusOK, func(out io.Writer) error {
		return p.Site.Templates.Recover(out, f, templates.Recover{})
	})
}

func (p *Pages) recoverPost(w http.ResponseWriter, r *http.Request) error {
	in := account.BeginRecovery{
		Browser: p.Site.Visit(w, r), Interaction: idp.InteractionID(web.InteractionOf(r)), Contact: r.PostForm.Get("contact"),
	}
	a, err := p.Account.BeginRecovery(r.Context(), in)
	if err != nil {
		return p.again(w, r, err, func(out io.Writer, f templates.Frame) error {
			return p.Site.Templates.Recover(out, f, templates.Recover{Contact: in.Contact})
		})
	}
	return web.SeeOther(w, r, to("/recover/code", a.ID, a.Interaction))
}

func (p *Pages) recoverCode(w http.ResponseWriter, r *http.Request) error {
	a, err := p.Account.RecoveryAttempt(r.Context(), p.Site.Visit(w, r), attempt(r))
	if err != nil {
		return err
	}
	if a.Confirmed {
		return web.SeeOther(w, r, to("/recover/password", a.ID, a.Interaction))
	}
	f, v := p.frame(w, r), codeEntry(a)
	v.Resent = r.URL.Query().Has("resent")
	return web.Page(w, http.StatusOK, func(out io.Writer) error { return p.Site.Templates.RecoverCode(out, f, v) })
}

func (p *Pages) recoverCodePost(w http.ResponseWriter, r *http.Request) error {
	b, id := p.Site.Visit(w, r), attempt(r)
	rec, err := p.Account.ConfirmRecovery(r.Context(), b, id, r.PostForm.Get("code"))
	if err != nil {
		return p.recoverCodeAgain(w, r, err)
	}
	return web.SeeOther(w, r, to("/recover/password", rec.ID, rec.Interaction))
}

func (p *Pages) recoverCodeAgain(w http.ResponseWriter, r *http.Request, err error) error {
	a, lost := p.Account.RecoveryAttempt(r.Context(), p.Site.Visit(w, r), attempt(r))
	if lost != nil {
		return err
	}
	return p.again(w, r, err, func(out io.Writer, f templates.Frame) error {
		return p.Site.Templates.RecoverCode(out, f, codeEntry(a))
	})
}

func (p *Pages) recoverResend(w http.ResponseWriter, r *http.Request) error {
	a, err := p.Account.ResendRecovery(r.Context(), p.Site.Visit(w, r), attempt(r))
	if err != nil {
		return p.recoverCodeAgain(w, r, err)
	}
	return web.SeeOther(w, r, to("/recover/code", a.ID, a.Interaction)+"&resent=1")
}

func (p *Pages) recoverLink(w http.ResponseWriter, r *http.Request) error {
	token := r.URL.Query().Get("t")
	l, err := p.Account.RecoveryLink(r.Context(), p.Site.Visit(w, r), token)
	if err != nil {
		return err
	}
	f := p.frame(w, r)
	return web.Page(w, http.StatusOK, func(out io.Writer) error {
		return p.Site.Templates.RecoverLink(out, f, landing(token, l))
	})
}

func (p *Pages) recoverLinkPost(w http.ResponseWriter, r *http.Request) error {
	token := r.PostForm.Get("token")
	l, err := p.Account.PressRecoveryLink(r.Context(), p.Site.Visit(w, r), token)
	if err != nil {
		return err
	}
	if l.Confirmed {
		return web.SeeOther(w, r, to("/recover/password", l.ID, l.Interaction))
	}
	f := p.frame(w, r)
	return web.Page(w, http.StatusOK, func(out io.Writer) error {
		return p.Site.Templates.RecoverLink(out, f, landing(token, l))
	})
}

func (p *Pages) recoverPassword(w http.ResponseWriter, r *http.Request) error {
	rec, err := p.Account.Recovery(r.Context(), p.Site.Visit(w, r), attempt(r))
	if err != nil {
		return err
	}
	f := p.frame(w, r)
	return web.Page(w, http.StatusOK, func(out io.Writer) error {
		return p.Site.Templates.RecoverPassword(out, f, p.newPassword(rec, ""))
	})
}

func (p *Pages) newPassword(rec account.Recovery, chosen string) templates.RecoverPassword {
	v := templates.RecoverPassword{Attempt: string(rec.ID), Account: chosen, PasswordMin: p.PasswordMin}
	if len(rec.Candidates) == 1 {
		v.Login, v.Account = rec.Candidates[0].Login, rec.Candidates[0].Choice
		return v
	}
	for _, c := range rec.Candidates {
		v.Accounts = append(v.Accounts, templates.Candidate{ID: c.Choice, Name: c.Name, Login: c.Login})
	}
	return v
}

func (p *Pages) recoverPasswordPost(w http.ResponseWriter, r *http.Request) error {
	in := account.ResetPassword{
		Browser: p.Site.Visit(w, r), ID: attempt(r), Choice: r.PostForm.Get("account"), Password: r.PostForm.Get("password"),
	}
	done, err := p.Account.ResetPassword(r.Context(), in)
	if err != nil {
		rec, lost := p.Account.Recovery(r.Context(), in.Browser, in.ID)
		if lost != nil {
			return err
		}
		return p.again(w, r, err, func(out io.Writer, f templates.Frame) error {
			return p.Site.Templates.RecoverPassword(out, f, p.newPassword(rec, in.Choice))
		})
	}
	p.Site.Enter(w, done.Ticket)
	f := p.frame(w, r)
	return web.Page(w, http.StatusOK, func(out io.Writer) error {
		return p.Site.Templates.RecoverDone(out, f, templates.RecoverDone{Login: done.Login, Next: web.OnwardTo(string(done.Interaction))})
	})
}
