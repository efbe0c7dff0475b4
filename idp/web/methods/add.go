package methods

import (
	"errors"
	"io"
	"net/http"

	"surety/idp"
	"surety/idp/flow/factor"
	"surety/idp/web"
	"surety/idp/web/templates"
)

// bound reports whether the person should first be offered to have what they
// add counted fully, and has not said that they go on without.
func bound(r *http.Request, b factor.Bound) bool {
	return len(b.Anchors) > 0 && !r.URL.Query().Has("skip")
}

func (p *Pages) otp(w http.ResponseWriter, r *http.Request) error {
	screen, err := p.Factors.BeginOTP(r.Context(), p.Site.Visit(w, r))
	f := p.frame(w, r)
	switch {
	case err != nil:
		return first(w, r, err, f.Link(pathOTP))
	case bound(r, screen.Bound):
		return web.SeeOther(w, r, also(f.Link(pathBind), "for", forOTP))
	}
	v := otpView(screen)
	return web.Page(w, http.StatusOK, func(out io.Writer) error { return p.Site.Templates.MethodsOTP(out, f, v) })
}

func otpView(s factor.OTPScreen) templates.MethodsOTP {
	return templates.MethodsOTP{Attempt: s.Attempt, Key: s.Key, URI: s.URI, QR: s.QR, Replace: s.Replace, Level: string(s.Bound.Level)}
}

// otpPost keeps the app and answers with its recovery codes: they are shown in
// this answer and nowhere else.
func (p *Pages) otpPost(w http.ResponseWriter, r *http.Request) error {
	in := factor.AddOTP{Browser: p.Site.Visit(w, r), Attempt: r.PostForm.Get("asked"), Code: r.PostForm.Get("code")}
	added, err := p.Factors.AddOTP(r.Context(), in)
	if err != nil {
		return p.otpAgain(w, r, in, err)
	}
	p.Site.Enter(w, added.Ticket)
	return p.codes(w, r, templates.MethodsCodes{Codes: added.Recovery, Added: true, Level: string(added.Level), Next: onward(r, "otp")})
}

func (p *Pages) codes(w http.ResponseWriter, r *http.Request, v templates.MethodsCodes) error {
	f := p.frame(w, r)
	f.Path = v.Next // the codes have no page to come back to in another language
	return web.Page(w, http.StatusOK, func(out io.Writer) error { return p.Site.Templates.MethodsCodes(out, f, v) })
}

// otpAgain asks for the code once more: for the same secret, which the app has
// already, or, when the form was open too long, for a new one.
func (p *Pages) otpAgain(w http.ResponseWriter, r *http.Request, in factor.AddOTP, err error) error {
	screen, lost := p.Factors.OTPAgain(r.Context(), in.Browser, in.Attempt)
	if errors.Is(lost, factor.ErrAttempt) {
		err = lost
		screen, lost = p.Factors.BeginOTP(r.Context(), in.Browser)
	}
	page := p.Site.Frame(w, r).Link(pathOTP)
	if lost != nil {
		return first(w, r, lost, page)
	}
	return p.again(w, r, err, also(page, "skip", "1"), func(out io.Writer, f templates.Frame) error {
		return p.Site.Templates.MethodsOTP(out, f, otpView(screen))
	})
}

func (p *Pages) passkey(w http.ResponseWriter, r *http.Request) error {
	asked, err := p.Factors.BeginPasskey(r.Context(), p.Site.Visit(w, r))
	f := p.frame(w, r)
	switch {
	case idp.CodeOf(err) == idp.CodeConflict:
		return web.SeeOther(w, r, pathList) // there are as many as may be, and the list says so
	case err != nil:
		return first(w, r, err, f.Link(pathPasskey))
	case bound(r, asked.Bound):
		return web.SeeOther(w, r, also(f.Link(pathBind), "for", forPasskey))
	}
	v := passkeyView(asked, asked.Suggested)
	return web.Page(w, http.StatusOK, func(out io.Writer) error { return p.Site.Templates.MethodsPasskey(out, f, v) })
}

func passkeyView(asked factor.NewPasskey, name string) templates.MethodsPasskey {
	return templates.MethodsPasskey{
		Question: templates.Question{Attempt: asked.Attempt, Options: string(asked.Options)}, Name: name, Level: string(asked.Bound.Level),
	}
}

// errNoAnswer is a form that came without the script's answer.
var errNoAnswer = idp.E(idp.CodeInvalid, "error.passkey.required").In("passkey")

func (p *Pages) passkeyPost(w http.ResponseWriter, r *http.Request) error {
	in := factor.AddPasskey{
		Browser: p.Site.Visit(w, r), Attempt: r.PostForm.Get("asked"), Answer: []byte(r.PostForm.Get("credential")), Name: r.PostForm.Get("name"),
	}
	err := error(errNoAnswer)
	if len(in.Answer) > 0 {
		added, failed := p.Factors.AddPasskey(r.Context(), in)
		if failed == nil {
			p.Site.Enter(w, added.Ticket)
			return web.SeeOther(w, r, onward(r, "passkey"))
		}
		err = failed
	}
	page := p.Site.Frame(w, r).Link(pathPasskey)
	// A question is good for one answer: the page comes again with a new one.
	asked, lost := p.Factors.BeginPasskey(r.Context(), in.Browser)
	if lost != nil {
		return first(w, r, lost, page)
	}
	return p.again(w, r, err, also(page, "skip", "1"), func(out io.Writer, f templates.Frame) error {
		return p.Site.Templates.MethodsPasskey(out, f, passkeyView(asked, in.Name))
	})
}
