package signin

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"surety/idp"
	"surety/idp/flow/factor"
	"surety/idp/web"
	"surety/idp/web/templates"
)

const (
	pathPasskey = "/sign-in/passkey"
	pathSMS     = "/sign-in/sms"
	pathSMSCode = "/sign-in/sms/code"
)

func question(q factor.Question) templates.Question {
	return templates.Question{Attempt: q.Attempt, Options: string(q.Options)}
}

// arrive gives the browser the session that has just been opened.
func (p *Pages) arrive(w http.ResponseWriter, r *http.Request, a factor.Arrived) error {
	p.Site.Enter(w, a.Ticket)
	if a.Interaction != "" {
		return web.SeeOther(w, r, web.OnwardTo(string(a.Interaction)))
	}
	return web.SeeOther(w, r, web.Onward(r))
}

// passkey is the page for those whose first try did not work, or whose browser
// runs no scripts: it says so, and leads to the other ways.
func (p *Pages) passkey(w http.ResponseWriter, r *http.Request) error {
	// That logging in is what the request asks for is the log-in page's to know.
	if _, err := p.SignIn.LogInScreen(r.Context(), p.Site.Visit(w, r), idp.InteractionID(web.InteractionOf(r))); err != nil {
		return web.Elsewhere(w, r, err)
	}
	f := p.frame(w, r)
	q, err := p.Factors.AskToSignIn(r.Context(), p.Site.Visit(w, r))
	if err != nil {
		return err
	}
	return web.Page(w, http.StatusOK, func(out io.Writer) error {
		return p.Site.Templates.SignInPasskey(out, f, templates.SignInPasskey{Question: question(q)})
	})
}

func (p *Pages) passkeyPost(w http.ResponseWriter, r *http.Request) error {
	b, shared := p.Site.Visit(w, r), r.PostForm.Get("shared") == "1"
	answer := r.PostForm.Get("credential")
	if answer == "" { // no script ran
		return web.SeeOther(w, r, p.Site.Frame(w, r).Link(pathPasskey))
	}
	arrived, err := p.Factors.SignInByPasskey(r.Context(), factor.UsePasskey{
		Browser: b, Interaction: idp.InteractionID(web.InteractionOf(r)), Attempt: r.PostForm.Get("asked"), Answer: []byte(answer), Shared: shared,
	})
	if err == nil {
		return p.arrive(w, r, arrived)
	}
	if elsewhere := web.Elsewhere(w, r, err); elsewhere == nil {
		return nil
	}
	// A question is good for one answer: the page comes again with a new one.
	q, lost := p.Factors.AskToSignIn(r.Context(), b)
	if lost != nil {
		return lost
	}
	return p.again(w, r, err, func(out io.Writer, f templates.Frame) error {
		return p.Site.Templates.SignInPasskey(out, f, templates.SignInPasskey{Question: question(q), Shared: shared})
	})
}

func (p *Pages) sms(w http.ResponseWriter, r *http.Request) error {
	screen, err := p.SignIn.LogInScreen(r.Context(), p.Site.Visit(w, r), idp.InteractionID(web.InteractionOf(r)))
	if err != nil {
		return web.Elsewhere(w, r, err)
	}
	f := p.Site.Frame(w, r)
	web.OnBehalf(w, &f, screen.Client)
	var v templates.SignInSMS
	if !strings.Contains(screen.LoginHint, "@") {
		v.Phone = screen.LoginHint
	}
	return web.Page(w, http.StatusOK, func(out io.Writer) error { return p.Site.Templates.SignInSMS(out, f, v) })
}

func (p *Pages) smsPost(w http.ResponseWriter, r *http.Request) error {
	in := factor.BeginSMS{
		Browser: p.Site.Visit(w, r), Interaction: idp.InteractionID(web.InteractionOf(r)),
		Phone: r.PostForm.Get("phone"), Shared: r.PostForm.Has("shared"),
	}
	sent, err := p.Factors.BeginSMSSignIn(r.Context(), in)
	if err != nil {
		return p.smsAgain(w, r, err, templates.SignInSMS{Phone: in.Phone, Shared: in.Shared})
	}
	return web.SeeOther(w, r, smsCodePage(p.Site.Frame(w, r), sent.ID))
}

// smsAgain asks for the number anew, with what was wrong.
func (p *Pages) smsAgain(w http.ResponseWriter, r *http.Request, err error, v templates.SignInSMS) error {
	if elsewhere := web.Elsewhere(w, r, err); elsewhere == nil {
		return nil
	}
	return p.again(w, r, err, func(out io.Writer, f templates.Frame) error {
		f.Path = f.Link(pathSMS)
		return p.Site.Templates.SignInSMS(out, f, v)
	})
}

// smsCodePage is the address at which the code is typed in.
func smsCodePage(f templates.Frame, id factor.CodeID) string {
	address, sign := f.Link(pathSMSCode), "?"
	if strings.Contains(address, "?") {
		sign = "&"
	}
	return address + sign + url.Values{"attempt": {string(id)}}.Encode()
}

// codeID is the code that address or form names. It is worth nothing in
// another browser.
func codeID(r *http.Request) factor.CodeID { return factor.CodeID(r.Form.Get("attempt")) }

func (p *Pages) smsCode(w http.ResponseWriter, r *http.Request) error {
	sent, err := p.Factors.SMSSignIn(r.Context(), p.Site.Visit(w, r), codeID(r))
	f := p.frame(w, r)
	switch {
	case errors.Is(err, factor.ErrAttempt):
		return web.SeeOther(w, r, f.Link(pathSMS))
	case err != nil:
		return err
	case sent.Confirmed:
		return web.SeeOther(w, r, web.Onward(r))
	}
	v := smsEntry(sent)
	v.Resent = r.URL.Query().Has("resent")
	return web.Page(w, http.StatusOK, func(out io.Writer) error { return p.Site.Templates.SignInSMSCode(out, f, v) })
}

func smsEntry(s factor.Sent) templates.CodeEntry {
	return templates.CodeEntry{
		Channel: templates.BySMS, Contact: s.Contact, Attempt: string(s.ID), Valid: s.CodeValid, ResendAfter: s.ResendAfter,
	}
}

func (p *Pages) smsCodePost(w http.ResponseWriter, r *http.Request) error {
	arrived, err := p.Factors.SignInBySMS(r.Context(), factor.TypedCode{Browser: p.Site.Visit(w, r), ID: codeID(r), Code: r.PostForm.Get("code")})
	if err != nil {
		return p.smsCodeAgain(w, r, err)
	}
	return p.arrive(w, r, arrived)
}

// smsCodeAgain asks for the code once more; one that is over begins anew.
func (p *Pages) smsCodeAgain(w http.ResponseWriter, r *http.Request, err error) error {
	sent, lost := p.Factors.SMSSignIn(r.Context(), p.Site.Visit(w, r), codeID(r))
	switch {
	case errors.Is(err, factor.ErrAttempt) || errors.Is(lost, factor.ErrAttempt):
		return p.smsAgain(w, r, factor.ErrAttempt, templates.SignInSMS{})
	case lost != nil:
		return lost
	case sent.Confirmed:
		return web.SeeOther(w, r, web.Onward(r))
	}
	if elsewhere := web.Elsewhere(w, r, err); elsewhere == nil {
		return nil
	}
	return p.again(w, r, err, func(out io.Writer, f templates.Frame) error {
		f.Path = smsCodePage(f, sent.ID)
		return p.Site.Templates.SignInSMSCode(out, f, smsEntry(sent))
	})
}

func (p *Pages) smsResend(w http.ResponseWriter, r *http.Request) error {
	sent, err := p.Factors.ResendSMSSignIn(r.Context(), p.Site.Visit(w, r), codeID(r))
	if err != nil {
		return p.smsCodeAgain(w, r, err)
	}
	return web.SeeOther(w, r, smsCodePage(p.Site.Frame(w, r), sent.ID)+"&resent=1")
}
