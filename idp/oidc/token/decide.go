package token

import (
	"context"
	"net/url"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/grant"
	"surety/idp/interaction"
	"surety/idp/oidc"
	"surety/idp/oidc/claims"
	"surety/idp/oidc/details"
	"surety/idp/oidc/store"
)

var (
	errLevel     = oidc.Bad(oidc.InvalidGrant, "what the authorization requires is no longer met; the person must log in again")
	errProcedure = oidc.Bad(oidc.InvalidGrant, "a procedure that the authorization is for is not offered any more")
)

// narrowDetails are the procedures that a token request is for: those it names,
// which may be fewer than were granted and never others (RFC 9396, section
// 6.1), or all of them.
func narrowDetails(g grant.Grant, form url.Values) ([]string, error) {
	if !form.Has(details.Parameter) {
		return g.Procedures, nil
	}
	codes, fault := details.Parse(form.Get(details.Parameter), g.Agency)
	if fault != nil {
		return nil, fault
	}
	return narrow(g.Procedures, codes, oidc.InvalidAuthorizationDetails)
}

// decide asks the rules again, with the uses that the grant rests on, what is
// known of the person today, and what the procedures require today. max_age of
// the request was a demand on the login at that time and is not made again;
// that of a procedure is. auth_time goes on telling the truth.
func (e *Endpoint) decide(ctx context.Context, w *store.Work) error {
	required, err := e.required(ctx, w)
	if err != nil {
		return err
	}
	granted, ok := w.Rules.Decide(required, situation(w.Held, w.Now, w.Civil)).(assurance.Granted)
	if !ok {
		return errLevel
	}
	g := &w.Held.Grant
	before := *g
	g.Take(w.Rules, granted)
	// Whoever reads the row (an opaque token's introspection) must see the same.
	// But what was decided for fewer procedures, and so perhaps with evidence
	// that does not count for the others, raises nothing.
	changed := g.Level != before.Level || g.Stage != before.Stage || g.PolicyVersion != before.PolicyVersion ||
		g.Method != before.Method || !g.AuthTime.Equal(before.AuthTime)
	if part := len(w.Procedures) < len(g.Procedures); changed && (!part || w.Rules.Compare(g.Level, before.Level) < 0) {
		w.Redemption.Decided = g
	}
	return nil
}

// required joins the client's minimum, an essential acr, and what the
// procedures that the token is for require at this civil time.
func (e *Endpoint) required(ctx context.Context, w *store.Work) (assurance.Requirement, error) {
	g := w.Held.Grant
	asked, err := claims.Stored(g.Claims)
	if err != nil {
		return assurance.Requirement{}, err
	}
	var all []assurance.Requirement
	if len(w.Procedures) > 0 {
		if g.Agency != w.Client.OfAgency() {
			return assurance.Requirement{}, errProcedure
		}
		found, err := e.Procedures.InForce(ctx, g.Agency, w.Procedures, w.Civil)
		switch {
		case idp.CodeOf(err) == idp.CodeNotFound:
			return assurance.Requirement{}, errProcedure.Because(err)
		case err != nil:
			return assurance.Requirement{}, err
		}
		for _, p := range found {
			all = append(all, p.Requirement)
		}
	}
	required, ok := interaction.Required(w.Rules.Policy, w.Client.MinimumLevel, asked.EssentialACR, all)
	if !ok {
		return required, errLevel
	}
	return required, nil
}

// situation is what a grant rests on, seen at this moment.
func situation(h grant.Held, now, civil time.Time) assurance.Situation {
	a := h.Standing.Account
	return assurance.Situation{Now: now, Civil: civil, Uses: h.Grant.Uses, Stage: a.Stage, Proofings: a.Proofings}
}

// standing is the level that a grant may be said to have under the rules in
// force. One that was decided under another policy is looked at again: the
// same name may ask for more by now.
func standing(rules assurance.Rules, h grant.Held, now, civil time.Time) assurance.Level {
	level, known := rules.Level(h.Grant.Level)
	if h.Grant.PolicyVersion == rules.Version {
		return level
	}
	held := rules.Held(situation(h, now, civil))
	switch {
	case held == "":
		return assurance.Level{}
	case !known || rules.Compare(held, level.Name) < 0:
		level, _ = rules.Level(held)
	}
	return level
}
