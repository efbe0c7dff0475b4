package stepup

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"surety/idp"
	"surety/idp/flow/factor"
	"surety/idp/flow/procedures"
	"surety/idp/flow/signin"
	"surety/idp/procedure"
	"surety/idp/session"
	"surety/idp/web"
	"surety/idp/web/templates"
)

// Paths says what a person needs for a service, and so which other services of
// its agency a way leaves closed.
type Paths interface {
	// Path is for the person in the browser. Errors: session.ErrNobody, not_found, unavailable.
	Path(ctx context.Context, b session.Browser, k procedure.Key) (procedures.Path, error)
}

// Pages are the pages. Every field is needed.
type Pages struct {
	Site    *web.Site
	SignIn  *signin.Flow
	Factors *factor.Flow
	Paths   Paths
}

const (
	pathWays    = "/step-up"
	pathOTP     = "/step-up/otp"
	pathSMS     = "/step-up/sms"
	pathSMSCode = "/step-up/sms/code"
	pathPasskey = "/step-up/passkey"
)

// Mount registers the pages.
func (p *Pages) Mount(m web.Mux) {
	m.Get(pathWays, p.ways)
	m.Post(pathWays, p.waysPost)
	m.Get(pathOTP, p.otp)
	m.Post(pathOTP, p.otpPost)
	m.Get(pathSMS, p.sms)
	m.Post(pathSMS, p.smsPost)
	m.Get(pathSMSCode, p.smsCode)
	m.Post(pathSMSCode, p.smsCodePost)
	m.Post(pathSMSCode+"/resend", p.smsResend)
	m.Get(pathPasskey, p.passkey)
	m.Post(pathPasskey, p.passkeyPost)
}

// place is what every page here shows besides its own question: for whom, for
// what, and the way back to the other ways.
type place struct {
	frame  templates.Frame
	why    templates.Why
	others string
	screen signin.StepUpScreen
}

// at loads the place of a page. Outside a request there is nothing to say.
// Errors: signin.ErrElsewhere when the request needs no more, and those of a
// request that is over.
func (p *Pages) at(w http.ResponseWriter, r *http.Request) (place, error) {
	f := p.Site.Frame(w, r)
	if f.Interaction == "" {
		return place{frame: f}, nil
	}
	s, err := p.SignIn.StepUpScreen(r.Context(), p.Site.Visit(w, r), idp.InteractionID(f.Interaction))
	if err != nil {
		return place{}, err
	}
	web.OnBehalf(w, &f, s.Client)
	f.InPerson = web.InPerson(f.Lang, s.Procedures...)
	return place{frame: f, why: why(s, f.Lang), others: also(f.Link(pathWays), "all", "1"), screen: s}, nil
}

// again shows a form once more, with what it is asked for.
func (p *Pages) again(w http.ResponseWriter, r *http.Request, err error, at place, render func(io.Writer, templates.Frame) error) error {
	return p.Site.Again(w, r, err, func(out io.Writer, f templates.Frame) error {
		f.Agency, f.InPerson = at.frame.Agency, at.frame.InPerson
		return render(out, f)
	})
}

// also returns a local address with one parameter more.
func also(address, name, value string) string {
	sign := "?"
	if strings.Contains(address, "?") {
		sign = "&"
	}
	return address + sign + url.Values{name: {value}}.Encode()
}

// elsewhere turns what is no error of the form into the way to where it can be
// helped: another step is due, or nobody is logged in any more.
func elsewhere(w http.ResponseWriter, r *http.Request, err error) error {
	if !errors.Is(err, factor.ErrNobody) {
		return web.Elsewhere(w, r, err)
	}
	if web.InteractionOf(r) != "" {
		return web.SeeOther(w, r, web.Onward(r))
	}
	page := r.URL.Path
	if back := web.ReturnOf(r); back != "" {
		page = also(page, "return", back)
	}
	return web.LogInFirst(w, r, page, false)
}

// arrive gives the browser the session as it is now and leads on.
func (p *Pages) arrive(w http.ResponseWriter, r *http.Request, a factor.Arrived) error {
	p.Site.Enter(w, a.Ticket)
	return onward(w, r, a.Interaction)
}

func onward(w http.ResponseWriter, r *http.Request, id idp.InteractionID) error {
	switch {
	case id != "":
		return web.SeeOther(w, r, web.OnwardTo(string(id)))
	case web.InteractionOf(r) == "" && web.ReturnOf(r) == "":
		return web.SeeOther(w, r, "/methods")
	}
	return web.SeeOther(w, r, web.Onward(r))
}

// own returns what the person can log in with. A page of a factor that they do
// not have leads to what they do have.
func (p *Pages) own(w http.ResponseWriter, r *http.Request, has func(factor.Overview) bool) (factor.Overview, error) {
	o, err := p.Factors.Methods(r.Context(), p.Site.Visit(w, r))
	if err == nil && !has(o) {
		err = errNotOwned
	}
	return o, err
}

var errNotOwned = errors.New("the account has no such factor")

// instead leads away from the page of a factor that the person does not have.
func instead(w http.ResponseWriter, r *http.Request, at place) error {
	if at.others != "" {
		return web.SeeOther(w, r, at.others)
	}
	return web.SeeOther(w, r, "/methods")
}
