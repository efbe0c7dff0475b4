package methods

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"surety/idp"
	"surety/idp/client"
	"surety/idp/flow/factor"
	"surety/idp/session"
	"surety/idp/web"
	"surety/idp/web/templates"
)

// Agencies names the agency that a pending request came from.
type Agencies interface {
	// Agency returns the client of the browser's pending request, or nil when
	// there is none or it cannot be told: a page can do without.
	Agency(ctx context.Context, b session.Browser, id idp.InteractionID) *client.Client
}

// Pages are the pages. Every field is needed.
type Pages struct {
	Site     *web.Site
	Factors  *factor.Flow
	Agencies Agencies
}

const (
	pathList     = "/methods"
	pathOTP      = "/methods/otp"
	pathPasskey  = "/methods/passkey"
	pathBind     = "/methods/bind"
	pathBindCode = "/methods/bind/code"
	pathRecovery = "/methods/recovery-codes"
)

// Mount registers the pages.
func (p *Pages) Mount(m web.Mux) {
	m.Get(pathList, p.list)
	m.Get(pathOTP, p.otp)
	m.Post(pathOTP, p.otpPost)
	m.Get(pathPasskey, p.passkey)
	m.Post(pathPasskey, p.passkeyPost)
	m.Get(pathBind, p.bind)
	m.Post(pathBind, p.bindPost)
	m.Get(pathBindCode, p.bindCode)
	m.Post(pathBindCode, p.bindCodePost)
	m.Post(pathBindCode+"/resend", p.bindResend)
	m.Get(pathRecovery, p.recovery)
	m.Post(pathRecovery, p.recoveryPost)
	m.Get("/methods/{id}/rename", p.rename)
	m.Post("/methods/{id}/rename", p.renamePost)
	m.Get("/methods/{id}/remove", p.remove)
	m.Post("/methods/{id}/remove", p.removePost)
}

// frame is the page's frame, with the agency's name while a request is pending.
func (p *Pages) frame(w http.ResponseWriter, r *http.Request) templates.Frame {
	f := p.Site.Frame(w, r)
	if f.Interaction != "" {
		web.OnBehalf(w, &f, p.Agencies.Agency(r.Context(), p.Site.Visit(w, r), idp.InteractionID(f.Interaction)))
	}
	return f
}

// again shows a form once more, with the agency's name. path is the page that
// the language switch leads to.
func (p *Pages) again(w http.ResponseWriter, r *http.Request, err error, path string, render func(io.Writer, templates.Frame) error) error {
	agency := p.frame(w, r).Agency
	return p.Site.Again(w, r, err, func(out io.Writer, f templates.Frame) error {
		f.Agency, f.Path = agency, path
		return render(out, f)
	})
}

// first leads to what has to be done before page can be: logging in, logging
// in once more, or showing the app that is about to be replaced. Every other
// error stays what it is.
func first(w http.ResponseWriter, r *http.Request, err error, page string) error {
	switch {
	case errors.Is(err, factor.ErrNobody):
		return web.LogInFirst(w, r, page, false)
	case errors.Is(err, factor.ErrAgain):
		return web.LogInFirst(w, r, page, true)
	case errors.Is(err, factor.ErrHasApp):
		return web.SeeOther(w, r, "/step-up/otp?"+url.Values{"return": {page}}.Encode())
	}
	return err
}

// also returns a local address with one parameter more.
func also(address, name, value string) string {
	sign := "?"
	if strings.Contains(address, "?") {
		sign = "&"
	}
	return address + sign + url.Values{name: {value}}.Encode()
}

// onward is where a person goes when something was added: back to the pending
// request, to the page that sent them here, or to the list, which says so.
func onward(r *http.Request, done string) string {
	if web.InteractionOf(r) != "" || web.ReturnOf(r) != "" {
		return web.Onward(r)
	}
	return listed(done)
}

// listed is the list with word of what was done.
func listed(done string) string { return also(pathList, "done", done) }

// news are the words that the list has for what was done.
var news = []string{"otp", "passkey", "renamed", "removed", "codes"}

func (p *Pages) list(w http.ResponseWriter, r *http.Request) error {
	o, err := p.Factors.Methods(r.Context(), p.Site.Visit(w, r))
	if err != nil {
		return first(w, r, err, pathList)
	}
	v := templates.Methods{Password: o.Password, Recovery: o.Recovery, Full: o.Full}
	if done := r.URL.Query().Get("done"); slices.Contains(news, done) {
		v.Done = done
	}
	if o.App != nil {
		app := own(*o.App)
		v.App = &app
	}
	for _, m := range o.Passkeys {
		v.Passkeys = append(v.Passkeys, own(m))
	}
	for _, c := range o.Phones {
		v.Phones = append(v.Phones, templates.OwnPhone{Masked: c.Masked, Level: string(c.Level)})
	}
	f := p.Site.Frame(w, r)
	return web.Page(w, http.StatusOK, func(out io.Writer) error { return p.Site.Templates.Methods(out, f, v) })
}

func own(m factor.Method) templates.OwnMethod {
	return templates.OwnMethod{
		ID: string(m.ID), Method: string(m.Method), Name: m.Name, Since: m.AddedAt, Last: m.LastUsed, Level: string(m.Level),
	}
}
