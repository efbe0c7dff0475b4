package stepup

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"surety/idp"
	"surety/idp/flow/factor"
	"surety/idp/web"
	"surety/idp/web/templates"
)

// otp asks for a code of the app, or, by the parameter recovery, for a recovery
// code: two pages, because a keyboard of digits cannot type the second.
func (p *Pages) otp(w http.ResponseWriter, r *http.Request) error {
	at, v, err := p.otpView(w, r)
	if errors.Is(err, errNotOwned) {
		return instead(w, r, at)
	} else if err != nil {
		return elsewhere(w, r, err)
	}
	return web.Page(w, http.StatusOK, func(out io.Writer) error { return p.Site.Templates.StepUpOTP(out, at.frame, v) })
}

func (p *Pages) otpView(w http.ResponseWriter, r *http.Request) (place, templates.StepUpOTP, error) {
	at, err := p.at(w, r)
	if err != nil {
		return at, templates.StepUpOTP{}, err
	}
	o, err := p.own(w, r, func(o factor.Overview) bool { return o.App != nil })
	v := templates.StepUpOTP{
		Why: at.why, Left: o.Recovery, Others: at.others, Recovery: r.Form.Has("recovery"),
		Replace: strings.HasPrefix(at.frame.Return, "/methods/otp"), Own: strings.HasPrefix(at.frame.Return, "/methods/"),
	}
	switch page := at.frame.Link(pathOTP); {
	case v.Recovery:
		v.Swap = page
	case v.Left > 0:
		v.Swap = also(page, "recovery", "1")
	}
	return at, v, err
}

func (p *Pages) otpPost(w http.ResponseWriter, r *http.Request) error {
	used, err := p.Factors.UseOTP(r.Context(), factor.UseOTP{
		Browser: p.Site.Visit(w, r), Interaction: idp.InteractionID(web.InteractionOf(r)), Code: r.PostForm.Get("code"),
	})
	if err == nil {
		return p.arrive(w, r, used.Arrived)
	}
	at, v, lost := p.otpView(w, r)
	switch {
	case errors.Is(lost, errNotOwned):
		return instead(w, r, at)
	case lost != nil:
		return elsewhere(w, r, lost)
	}
	return p.again(w, r, err, at, func(out io.Writer, f templates.Frame) error {
		if v.Recovery {
			f.Path = also(f.Path, "recovery", "1")
		}
		return p.Site.Templates.StepUpOTP(out, f, v)
	})
}
