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

// errNoAnswer is a form that came without the script's answer.
var errNoAnswer = idp.E(idp.CodeInvalid, "error.passkey.answer").In("passkey")

func (p *Pages) passkey(w http.ResponseWriter, r *http.Request) error {
	at, v, err := p.passkeyView(w, r)
	if errors.Is(err, errNotOwned) {
		return instead(w, r, at)
	} else if err != nil {
		return elsewhere(w, r, err)
	}
	return web.Page(w, http.StatusOK, func(out io.Writer) error { return p.Site.Templates.StepUpPasskey(out, at.frame, v) })
}

// passkeyView asks a new question: each is good for one answer.
func (p *Pages) passkeyView(w http.ResponseWriter, r *http.Request) (place, templates.StepUpPasskey, error) {
	at, err := p.at(w, r)
	if err != nil {
		return at, templates.StepUpPasskey{}, err
	}
	if _, err := p.own(w, r, func(o factor.Overview) bool { return len(o.Passkeys) > 0 }); err != nil {
		return at, templates.StepUpPasskey{}, err
	}
	q, err := p.Factors.AskPasskey(r.Context(), p.Site.Visit(w, r))
	return at, templates.StepUpPasskey{
		Why: at.why, Others: at.others, Question: templates.Question{Attempt: q.Attempt, Options: string(q.Options)},
	}, err
}

func (p *Pages) passkeyPost(w http.ResponseWriter, r *http.Request) error {
	err := error(errNoAnswer)
	if answer := r.PostForm.Get("credential"); answer != "" {
		arrived, failed := p.Factors.UsePasskey(r.Context(), factor.UsePasskey{
			Browser: p.Site.Visit(w, r), Interaction: idp.InteractionID(web.InteractionOf(r)),
			Attempt: r.PostForm.Get("asked"), Answer: []byte(answer),
		})
		if failed == nil {
			return p.arrive(w, r, arrived)
		}
		err = failed
	}
	at, v, lost := p.passkeyView(w, r)
	switch {
	case errors.Is(lost, errNotOwned):
		return instead(w, r, at)
	case lost != nil:
		return elsewhere(w, r, lost)
	}
	return p.again(w, r, err, at, func(out io.Writer, f templates.Frame) error { return p.Site.Templates.StepUpPasskey(out, f, v) })
}
