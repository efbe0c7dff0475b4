package stepup

import (
	"io"
	"net/http"
	"slices"

	"surety/assurance"
	"surety/idp"
	"surety/idp/flow/signin"
	"surety/idp/procedure"
	"surety/idp/web"
	"surety/idp/web/templates"
)

// ways says what is missing and shows how to get there. When there is only one
// way that can be gone now, and it is a log-in by what the person has, its page
// says all that itself. Who looks for other ways asks for all of them.
func (p *Pages) ways(w http.ResponseWriter, r *http.Request) error {
	at, err := p.at(w, r)
	if err != nil {
		return elsewhere(w, r, err)
	}
	if at.frame.Interaction == "" {
		return web.SeeOther(w, r, "/methods")
	}
	cards := cards(at)
	if page := only(at.screen.Ways, cards); page != "" && !at.why.Wish && !r.URL.Query().Has("all") {
		return web.SeeOther(w, r, page)
	}
	p.notOpen(w, r, at, cards)
	v := templates.StepUp{Why: at.why, Identity: at.screen.Identity != "", Document: at.screen.Document, Ways: cards, Excluded: excluded(at.screen)}
	if len(at.screen.Ways) == 0 {
		v.Refused = &templates.Refused{Reason: string(at.screen.Refusal), Reachable: string(at.screen.Reachable)}
	}
	return web.Page(w, http.StatusOK, func(out io.Writer) error { return p.Site.Templates.StepUp(out, at.frame, v) })
}

// waysPost goes back to the agency, or on without what was only wished for.
func (p *Pages) waysPost(w http.ResponseWriter, r *http.Request) error {
	if !r.PostForm.Has("decline") {
		return idp.E(idp.CodeInvalid, "error.choice.required")
	}
	if err := p.SignIn.DeclineStepUp(r.Context(), p.Site.Visit(w, r), idp.InteractionID(web.InteractionOf(r))); err != nil {
		return elsewhere(w, r, err)
	}
	return web.SeeOther(w, r, web.Onward(r))
}

// cards are the ways with the addresses at which those begin that can be begun here.
func cards(at place) templates.Ways {
	ways := templates.NewWays(at.screen.Ways)
	for i, way := range at.screen.Ways {
		if !away(way) { // a code now and a visit later would be a code in vain
			ways.Cards[i].Href = at.frame.Link(begin(way.Steps[0]))
		}
	}
	return ways
}

// notOpen adds what else of the agency each way leaves closed, before anybody
// chooses it (RULES R1). Where it cannot be told the page does without: it must
// not keep a person from the way that they came for.
func (p *Pages) notOpen(w http.ResponseWriter, r *http.Request, at place, cards templates.Ways) {
	if len(at.screen.Procedures) == 0 {
		return
	}
	first := at.screen.Procedures[0]
	path, err := p.Paths.Path(r.Context(), p.Site.Visit(w, r), procedure.Key{Agency: first.Agency, Code: first.Code})
	if err != nil {
		return
	}
	asked := func(other procedure.Procedure) bool {
		return slices.ContainsFunc(at.screen.Procedures, func(one procedure.Procedure) bool { return one.Code == other.Code })
	}
	for _, way := range path.Ways {
		i := slices.IndexFunc(cards.Cards, func(c templates.WayCard) bool { return c.ID == templates.WayID(way.Way) })
		for _, other := range way.NotOpen {
			if i >= 0 && !asked(other) {
				cards.Cards[i].NotOpen = append(cards.Cards[i].NotOpen, other.Title(at.frame.Lang))
			}
		}
	}
}

// begin is the page of a step, or "" when it is taken elsewhere.
func begin(s assurance.Step) string {
	switch s.Action {
	case assurance.ActionLogin:
		switch s.Method {
		case assurance.MethodOTP:
			return pathOTP
		case assurance.MethodSMS:
			return pathSMS
		case assurance.MethodPasskey:
			return pathPasskey
		case assurance.MethodPassword, assurance.MethodIdentifier:
			return "/sign-in"
		}
	case assurance.ActionEnrol:
		switch s.Method {
		case assurance.MethodOTP:
			return "/methods/otp"
		case assurance.MethodPasskey:
			return "/methods/passkey"
		}
	}
	return ""
}

// away reports whether some step of the way is not taken on our pages.
func away(w assurance.Way) bool {
	return slices.ContainsFunc(w.Steps, func(s assurance.Step) bool { return begin(s) == "" })
}

// only is the page of the one way that can be gone now, if it is a log-in and
// no other way can.
func only(ways []assurance.Way, cards templates.Ways) string {
	page := ""
	for i, way := range ways {
		switch {
		case away(way):
		case page != "" || slices.ContainsFunc(way.Steps, func(s assurance.Step) bool { return s.Action != assurance.ActionLogin }):
			return ""
		default:
			page = cards.Cards[i].Href
		}
	}
	return page
}

// why says for what the person is asked for more.
func why(s signin.StepUpScreen, lang string) templates.Why {
	v := templates.Why{
		Required: string(s.Required), Held: string(s.Held), Wish: s.Voluntary,
		// Who holds the level and is asked all the same must have logged in too long ago.
		Again: s.Held != "" && s.Identity == "" && s.Policy.Compare(s.Held, s.Required) >= 0,
	}
	for _, one := range s.Procedures {
		v.Procedures = append(v.Procedures, one.Title(lang))
	}
	return v
}

// excluded are the text keys of what the services do not accept, each once.
func excluded(s signin.StepUpScreen) []string {
	var keys []string
	for _, one := range s.Procedures {
		for _, key := range templates.Excluded(one.Requirement) {
			if !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
	}
	return keys
}
