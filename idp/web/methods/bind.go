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

// What is being added, in the parameter for.
const (
	forOTP     = "otp"
	forPasskey = "passkey"
)

// target is the page of what is being added.
func target(r *http.Request) (what, page string) {
	if r.Form.Get("for") == forPasskey {
		return forPasskey, pathPasskey
	}
	return forOTP, pathOTP
}

// skip is that page when the person goes on without the code.
func skip(f templates.Frame, page string) string { return also(f.Link(page), "skip", "1") }

// bind offers a code to a contact that was confirmed with the person's identity.
func (p *Pages) bind(w http.ResponseWriter, r *http.Request) error {
	f := p.frame(w, r)
	v, err := p.bindView(w, r, f)
	if errors.Is(err, errNothingToBind) {
		_, page := target(r)
		return web.SeeOther(w, r, f.Link(page))
	} else if err != nil {
		return p.bindFirst(w, r, err)
	}
	return web.Page(w, http.StatusOK, func(out io.Writer) error { return p.Site.Templates.MethodsBind(out, f, v) })
}

// bindFirst leads to what has to be done before; after that the whole of what
// was begun begins again.
func (p *Pages) bindFirst(w http.ResponseWriter, r *http.Request, err error) error {
	_, page := target(r)
	return first(w, r, err, p.Site.Frame(w, r).Link(page))
}

// errNothingToBind says that a code would change nothing: there is no such
// contact, or one was entered already.
var errNothingToBind = errors.New("no contact to bind to")

func (p *Pages) bindView(w http.ResponseWriter, r *http.Request, f templates.Frame) (templates.MethodsBind, error) {
	what, page := target(r)
	b, err := p.boundOf(w, r, what)
	if err == nil && len(b.Anchors) == 0 {
		err = errNothingToBind
	}
	v := templates.MethodsBind{Passkey: what == forPasskey, Level: string(b.Level), Skip: skip(f, page)}
	for _, c := range b.Anchors {
		v.Contacts = append(v.Contacts, templates.Phone{ID: string(c.ID), Masked: c.Masked})
	}
	return v, err
}

// boundOf is what the method that is being added would count for.
func (p *Pages) boundOf(w http.ResponseWriter, r *http.Request, what string) (factor.Bound, error) {
	if what == forPasskey {
		asked, err := p.Factors.BeginPasskey(r.Context(), p.Site.Visit(w, r))
		return asked.Bound, err
	}
	screen, err := p.Factors.BeginOTP(r.Context(), p.Site.Visit(w, r))
	return screen.Bound, err
}

func (p *Pages) bindPost(w http.ResponseWriter, r *http.Request) error {
	contact := idp.ContactID(r.PostForm.Get("contact"))
	if contact == "" {
		return p.bindAgain(w, r, idp.E(idp.CodeInvalid, "error.choice.required").In("contact"))
	}
	sent, err := p.Factors.SendBindCode(r.Context(), p.Site.Visit(w, r), contact)
	if err != nil {
		return p.bindAgain(w, r, err)
	}
	return web.SeeOther(w, r, p.codePage(w, r, sent.ID))
}

// codePage is the address at which the code is typed in.
func (p *Pages) codePage(w http.ResponseWriter, r *http.Request, id factor.CodeID) string {
	what, _ := target(r)
	return also(also(p.Site.Frame(w, r).Link(pathBindCode), "for", what), "attempt", string(id))
}

// bindAgain asks anew where to send a code, with what was wrong.
func (p *Pages) bindAgain(w http.ResponseWriter, r *http.Request, err error) error {
	what, page := target(r)
	f := p.frame(w, r)
	v, lost := p.bindView(w, r, f)
	switch {
	case errors.Is(lost, errNothingToBind):
		return web.SeeOther(w, r, f.Link(page))
	case lost != nil:
		return p.bindFirst(w, r, lost)
	}
	return p.again(w, r, err, also(f.Link(pathBind), "for", what), func(out io.Writer, f templates.Frame) error {
		return p.Site.Templates.MethodsBind(out, f, v)
	})
}

// codeID is the code that address or form names. It is worth nothing in
// another browser or session.
func codeID(r *http.Request) factor.CodeID { return factor.CodeID(r.Form.Get("attempt")) }

func (p *Pages) bindCode(w http.ResponseWriter, r *http.Request) error {
	f := p.frame(w, r)
	sent, err := p.Factors.BindCode(r.Context(), p.Site.Visit(w, r), codeID(r))
	switch _, page := target(r); {
	case errors.Is(err, factor.ErrAttempt), err == nil && sent.Confirmed:
		return web.SeeOther(w, r, f.Link(page)) // which asks for a code again if one is still needed
	case err != nil:
		return p.bindFirst(w, r, err)
	}
	v := codeView(r, f, sent)
	v.Resent = r.URL.Query().Has("resent")
	return web.Page(w, http.StatusOK, func(out io.Writer) error { return p.Site.Templates.MethodsBindCode(out, f, v) })
}

func codeView(r *http.Request, f templates.Frame, s factor.Sent) templates.MethodsBindCode {
	what, page := target(r)
	channel := templates.ByEmail
	if s.Kind == idp.ContactPhone {
		channel = templates.BySMS
	}
	return templates.MethodsBindCode{For: what, Skip: skip(f, page), CodeEntry: templates.CodeEntry{
		Channel: channel, Contact: s.Contact, Attempt: string(s.ID), Valid: s.CodeValid, ResendAfter: s.ResendAfter,
	}}
}

func (p *Pages) bindCodePost(w http.ResponseWriter, r *http.Request) error {
	err := p.Factors.ConfirmBindCode(r.Context(), factor.TypedCode{Browser: p.Site.Visit(w, r), ID: codeID(r), Code: r.PostForm.Get("code")})
	if err != nil {
		return p.bindCodeAgain(w, r, err)
	}
	_, page := target(r)
	return web.SeeOther(w, r, p.Site.Frame(w, r).Link(page))
}

// bindCodeAgain asks for the code once more; one that is over begins anew.
func (p *Pages) bindCodeAgain(w http.ResponseWriter, r *http.Request, err error) error {
	if errors.Is(err, factor.ErrAttempt) {
		return p.bindAgain(w, r, err)
	}
	sent, lost := p.Factors.BindCode(r.Context(), p.Site.Visit(w, r), codeID(r))
	switch {
	case errors.Is(lost, factor.ErrAttempt):
		return p.bindAgain(w, r, lost)
	case lost != nil:
		return p.bindFirst(w, r, lost)
	}
	return p.again(w, r, err, p.codePage(w, r, codeID(r)), func(out io.Writer, f templates.Frame) error {
		return p.Site.Templates.MethodsBindCode(out, f, codeView(r, f, sent))
	})
}

func (p *Pages) bindResend(w http.ResponseWriter, r *http.Request) error {
	sent, err := p.Factors.ResendBindCode(r.Context(), p.Site.Visit(w, r), codeID(r))
	if err != nil {
		return p.bindCodeAgain(w, r, err)
	}
	return web.SeeOther(w, r, also(p.codePage(w, r, sent.ID), "resent", "1"))
}
