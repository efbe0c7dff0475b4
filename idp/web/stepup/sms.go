package stepup

import (
	"errors"
	"io"
	"net/http"

	"surety/idp"
	"surety/idp/flow/factor"
	"surety/idp/web"
	"surety/idp/web/templates"
)

// sms asks where to send a code; nothing is sent before the person says so.
func (p *Pages) sms(w http.ResponseWriter, r *http.Request) error {
	at, v, err := p.smsView(w, r)
	if errors.Is(err, errNotOwned) {
		return instead(w, r, at)
	} else if err != nil {
		return elsewhere(w, r, err)
	}
	return web.Page(w, http.StatusOK, func(out io.Writer) error { return p.Site.Templates.StepUpSMS(out, at.frame, v) })
}

func (p *Pages) smsView(w http.ResponseWriter, r *http.Request) (place, templates.StepUpSMS, error) {
	at, err := p.at(w, r)
	if err != nil {
		return at, templates.StepUpSMS{}, err
	}
	o, err := p.own(w, r, func(o factor.Overview) bool { return len(o.Phones) > 0 })
	v := templates.StepUpSMS{Why: at.why, Others: at.others}
	for _, c := range o.Phones {
		v.Phones = append(v.Phones, templates.Phone{ID: string(c.ID), Masked: c.Masked})
	}
	return at, v, err
}

func (p *Pages) smsPost(w http.ResponseWriter, r *http.Request) error {
	contact := idp.ContactID(r.PostForm.Get("contact"))
	if contact == "" {
		return p.smsAgain(w, r, idp.E(idp.CodeInvalid, "error.choice.required").In("contact"))
	}
	sent, err := p.Factors.SendSMS(r.Context(), p.Site.Visit(w, r), contact, idp.InteractionID(web.InteractionOf(r)))
	if err != nil {
		return p.smsAgain(w, r, err)
	}
	return web.SeeOther(w, r, codePage(p.Site.Frame(w, r), sent))
}

// codePage is the address at which the code is typed in.
func codePage(f templates.Frame, s factor.Sent) string {
	return also(f.Link(pathSMSCode), "attempt", string(s.ID))
}

// smsAgain asks anew where to send a code, with what was wrong.
func (p *Pages) smsAgain(w http.ResponseWriter, r *http.Request, err error) error {
	at, v, lost := p.smsView(w, r)
	switch {
	case errors.Is(lost, errNotOwned):
		return instead(w, r, at)
	case lost != nil:
		return elsewhere(w, r, lost)
	}
	return p.again(w, r, err, at, func(out io.Writer, f templates.Frame) error {
		f.Path = f.Link(pathSMS)
		return p.Site.Templates.StepUpSMS(out, f, v)
	})
}

// codeID is the code that address or form names. It is worth nothing in
// another browser or session.
func codeID(r *http.Request) factor.CodeID { return factor.CodeID(r.Form.Get("attempt")) }

func (p *Pages) smsCode(w http.ResponseWriter, r *http.Request) error {
	at, v, err := p.smsCodeView(w, r)
	switch {
	case errors.Is(err, errConfirmed):
		return onward(w, r, idp.InteractionID(at.frame.Interaction))
	case errors.Is(err, factor.ErrAttempt):
		return web.SeeOther(w, r, p.Site.Frame(w, r).Link(pathSMS))
	case err != nil:
		return elsewhere(w, r, err)
	}
	v.Resent = r.URL.Query().Has("resent")
	return web.Page(w, http.StatusOK, func(out io.Writer) error { return p.Site.Templates.StepUpSMSCode(out, at.frame, v) })
}

// errConfirmed says that the code was typed in already, in another tab perhaps.
var errConfirmed = errors.New("the code is confirmed")

func (p *Pages) smsCodeView(w http.ResponseWriter, r *http.Request) (place, templates.StepUpSMSCode, error) {
	at, err := p.at(w, r)
	if err != nil {
		return at, templates.StepUpSMSCode{}, err
	}
	sent, err := p.Factors.SMS(r.Context(), p.Site.Visit(w, r), codeID(r))
	if err == nil && sent.Confirmed {
		err = errConfirmed
	}
	v := templates.StepUpSMSCode{Why: at.why, Others: at.others, CodeEntry: templates.CodeEntry{
		Channel: templates.BySMS, Contact: sent.Contact, Attempt: string(sent.ID), Valid: sent.CodeValid, ResendAfter: sent.ResendAfter,
	}}
	return at, v, err
}

func (p *Pages) smsCodePost(w http.ResponseWriter, r *http.Request) error {
	arrived, err := p.Factors.UseSMS(r.Context(), factor.TypedCode{Browser: p.Site.Visit(w, r), ID: codeID(r), Code: r.PostForm.Get("code")})
	if err != nil {
		return p.smsCodeAgain(w, r, err)
	}
	return p.arrive(w, r, arrived)
}

// smsCodeAgain asks for the code once more; one that is over begins anew.
func (p *Pages) smsCodeAgain(w http.ResponseWriter, r *http.Request, err error) error {
	if errors.Is(err, factor.ErrAttempt) {
		return p.smsAgain(w, r, err)
	}
	at, v, lost := p.smsCodeView(w, r)
	switch {
	case errors.Is(lost, errConfirmed):
		return onward(w, r, idp.InteractionID(at.frame.Interaction))
	case errors.Is(lost, factor.ErrAttempt):
		return p.smsAgain(w, r, lost)
	case lost != nil:
		return elsewhere(w, r, lost)
	}
	return p.again(w, r, err, at, func(out io.Writer, f templates.Frame) error {
		f.Path = codePage(f, factor.Sent{ID: codeID(r)})
		return p.Site.Templates.StepUpSMSCode(out, f, v)
	})
}

func (p *Pages) smsResend(w http.ResponseWriter, r *http.Request) error {
	sent, err := p.Factors.ResendSMS(r.Context(), p.Site.Visit(w, r), codeID(r))
	if err != nil {
		return p.smsCodeAgain(w, r, err)
	}
	return web.SeeOther(w, r, also(codePage(p.Site.Frame(w, r), sent), "resent", "1"))
}
