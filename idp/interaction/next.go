package interaction

import (
	"slices"
	"time"

	"surety/assurance"
	"surety/consent"
)

// StepKind names a step of an interaction.
type StepKind string

// The steps. Each but Issue and Fail is a page that returns to the
// dispatcher, which asks Next again.
const (
	StepSignIn        StepKind = "sign_in"
	StepSelectAccount StepKind = "select_account"
	StepStepUp        StepKind = "step_up"
	StepTerms         StepKind = "terms"
	StepConsent       StepKind = "consent"
	StepIssue         StepKind = "issue"
	StepFail          StepKind = "fail"
)

// Failure is an error that the agency gets at its redirect URI
// (OpenID Connect Core 1.0, section 3.1.2.6, and OpenID Connect Core Error
// Code unmet_authentication_requirements 1.0).
type Failure string

// The failures that Next can name.
const (
	FailLoginRequired       Failure = "login_required"
	FailConsentRequired     Failure = "consent_required"
	FailAccountSelection    Failure = "account_selection_required"
	FailInteractionRequired Failure = "interaction_required"
	FailUnmet               Failure = "unmet_authentication_requirements"
)

// Reason says why a person is asked to sign in, so that the page can say it.
type Reason string

// The reasons for signing in.
const (
	ReasonNobody       Reason = ""              // nobody is logged in
	ReasonAgain        Reason = "again"         // the agency wants a fresh login
	ReasonOtherAccount Reason = "other_account" // the agency expects somebody else
)

// Step is the next step of an interaction.
type Step struct {
	Kind    StepKind
	Reason  Reason            // for StepSignIn
	Failure Failure           // for StepFail
	Granted assurance.Granted // for StepIssue; for a wished StepStepUp what is held already
	StepUp  StepUp            // for StepStepUp, and for StepFail when a requirement was not met
}

// StepUp is what lies between the person and what the request needs.
type StepUp struct {
	assurance.Gap
	Ways []assurance.Way // soonest first; none: nothing offered leads there
	// Refusal says why nothing leads there, Reachable what can be had instead.
	Refusal   assurance.Reason
	Reachable assurance.LevelName
	// Voluntary says that the agency wished for the level and does not need it:
	// the person may go on without.
	Voluntary bool
}

// loginNow reports whether some way is nothing but logging in by what the
// person has already.
func (u StepUp) loginNow() bool {
	return slices.ContainsFunc(u.Ways, func(w assurance.Way) bool { return only(w, assurance.ActionLogin) })
}

// Case is everything that Next looks at. Nothing in it comes from the browser
// unchecked.
type Case struct {
	Rules   assurance.Rules
	Request Request
	// Interaction holds the facts established so far; nil for a request that
	// has just come in.
	Interaction *Interaction
	Visitor     Visitor
	// Subject is this client's subject for the visitor; empty for nobody.
	Subject string
	// Minimum is the level below which this client takes nobody.
	Minimum assurance.LevelName
	// Required is what the request's procedures require at this civil time.
	Required      []assurance.Requirement
	ConsentCovers bool   // a consent on file covers the request, or none is needed
	Terms         string // the version of the terms of use in force
	Now           time.Time
	Civil         time.Time
}

// slowPhone is how long a login made for this very request counts as fresh
// when max_age is shorter, 0 included: between the password and the answer lie a redirect
// and perhaps a page, and a person on a slow line must be able to finish.
// auth_time tells the agency the truth in any case.
const slowPhone = time.Minute

// Next names the next step. It is the only place that does.
func Next(c Case) Step {
	step := next(c)
	if !c.Request.Has(PromptNone) {
		return step
	}
	// No page may be shown (OpenID Connect Core 1.0, section 3.1.2.1).
	switch step.Kind {
	case StepSignIn:
		return fail(FailLoginRequired)
	case StepStepUp:
		switch {
		case step.StepUp.Voluntary:
			c.Request.ACRValues = nil // a wish that would need a page is not granted
			return Next(c)
		case step.StepUp.loginNow():
			return unmet(FailLoginRequired, step.StepUp)
		case len(step.StepUp.Ways) > 0:
			return unmet(FailInteractionRequired, step.StepUp)
		}
		return unmet(FailUnmet, step.StepUp)
	case StepSelectAccount:
		return fail(FailAccountSelection)
	case StepTerms:
		return fail(FailInteractionRequired)
	case StepConsent:
		return fail(FailConsentRequired)
	}
	return step
}

func next(c Case) Step {
	if c.Visitor.Known() && !c.Visitor.Account.Usable() {
		c.Visitor, c.Subject = Visitor{}, ""
	}
	required, ok := Required(c.Rules.Policy, c.Minimum, c.Request.EssentialACR, c.Required)
	if !ok {
		return unmet(FailUnmet, StepUp{Refusal: assurance.ReasonUnknownLevel})
	}
	if c.expectsSomebodyElse() {
		if c.loggedInHere() {
			return fail(FailLoginRequired) // they chose, and it is not who the agency meant
		}
		return Step{Kind: StepSignIn, Reason: ReasonOtherAccount}
	}
	if c.Request.Has(PromptSelectAccount) && c.Visitor.Known() && !c.chosenHere() {
		return Step{Kind: StepSelectAccount}
	}
	granted, step := c.decide(required)
	if step.Kind != StepIssue {
		return step
	}
	switch {
	case !consent.Terms{Version: c.Terms}.AcceptedBy(c.Visitor.Account.TermsVersion):
		return Step{Kind: StepTerms}
	case !c.ConsentCovers, c.Request.Has(PromptConsent) && !c.consentedHere():
		return Step{Kind: StepConsent}
	}
	return Step{Kind: StepIssue, Granted: granted}
}

// requiredLevel is the stricter of a client's minimum and the easiest
// essential acr, and whether it can be met at all. Voluntary values are
// wishes: they require nothing. An essential acr of which no value is known
// can never be met. A refresh asks the same again.
func requiredLevel(p assurance.Policy, minimum assurance.LevelName, essential []string) (assurance.LevelName, bool) {
	if len(essential) == 0 {
		return minimum, true
	}
	var easiest assurance.LevelName
	for _, acr := range essential {
		l, known := p.LevelByACR(acr)
		if known && (easiest == "" || p.Compare(l.Name, easiest) < 0) {
			easiest = l.Name
		}
	}
	if easiest == "" {
		return "", false
	}
	both := p.Strictest(assurance.Requirement{Level: minimum}, assurance.Requirement{Level: easiest})
	return both.Level, true
}

// Required joins all that must be met: a client's minimum, the easiest of an
// essential acr's values, and what each procedure requires. It is false when
// no login could ever meet it. A refresh asks the same again.
func Required(p assurance.Policy, minimum assurance.LevelName, essential []string, procedures []assurance.Requirement) (assurance.Requirement, bool) {
	level, ok := requiredLevel(p, minimum, essential)
	if !ok {
		return assurance.Requirement{}, false
	}
	return p.AtLeast(p.Strictest(procedures...), level), true
}

// decide asks the policy, and turns what it says into a step.
func (c Case) decide(required assurance.Requirement) (assurance.Granted, Step) {
	granted, decision := c.ask(required)
	if decision == nil {
		return granted, c.wish(granted, required)
	}
	up := stepUp(decision)
	switch {
	case len(up.Ways) == 0 && (!c.Visitor.Known() || len(c.Request.Procedures) == 0):
		// There is nothing to choose, and nobody who should be told why by us.
		return granted, unmet(FailUnmet, up)
	case !c.Visitor.Known():
		return granted, Step{Kind: StepSignIn}
	case slices.ContainsFunc(up.Ways, beginsAtSignIn):
		return granted, Step{Kind: StepSignIn, Reason: ReasonAgain, StepUp: up}
	}
	return granted, Step{Kind: StepStepUp, StepUp: up}
}

// ask decides about a requirement with the request's own conditions. The
// decision is nil when it is granted.
func (c Case) ask(required assurance.Requirement) (assurance.Granted, assurance.Decision) {
	situation := c.Visitor.Situation(c.Now, c.Civil)
	var decision assurance.Decision
	for _, r := range c.fresh(required) {
		decision = c.Rules.Decide(r, situation)
		if g, ok := decision.(assurance.Granted); ok {
			return g, nil
		}
	}
	return assurance.Granted{}, decision
}

// wish looks whether the person could meet a level that the agency wished for,
// here and now. Else a client that follows the challenge of an API (RFC 9470,
// section 5) would come back with the same token, and be sent away again. A
// wish that takes a visit or a letter is not worth a page at every log-in.
func (c Case) wish(granted assurance.Granted, required assurance.Requirement) Step {
	issue := Step{Kind: StepIssue, Granted: granted}
	if len(c.Request.EssentialACR) > 0 || c.declinedHere() {
		return issue
	}
	wished, ok := c.wished(granted.Level)
	if !ok {
		return issue
	}
	_, decision := c.ask(c.Rules.AtLeast(required, wished))
	ways, ok := decision.(assurance.Ways)
	if !ok {
		return issue
	}
	up := stepUp(ways)
	up.Voluntary = true
	up.Ways = slices.DeleteFunc(slices.Clone(up.Ways), func(w assurance.Way) bool {
		return !only(w, assurance.ActionLogin, assurance.ActionEnrol)
	})
	if len(up.Ways) == 0 {
		return issue
	}
	return Step{Kind: StepStepUp, StepUp: up, Granted: granted}
}

// wished is the easiest of the wished levels, if the reached one covers none.
func (c Case) wished(reached assurance.LevelName) (assurance.LevelName, bool) {
	var easiest assurance.LevelName
	for _, acr := range c.Request.ACRValues {
		l, known := c.Rules.LevelByACR(acr)
		switch {
		case !known:
		case c.Rules.Compare(l.Name, reached) <= 0:
			return "", false
		case easiest == "" || c.Rules.Compare(l.Name, easiest) < 0:
			easiest = l.Name
		}
	}
	return easiest, easiest != ""
}

// stepUp reads what the policy says of a requirement that is not met.
func stepUp(d assurance.Decision) StepUp {
	switch d := d.(type) {
	case assurance.Ways:
		return StepUp{Gap: d.Gap, Ways: d.Ways}
	case assurance.Refuse:
		return StepUp{Gap: d.Gap, Refusal: d.Reason, Reachable: d.Reachable}
	}
	return StepUp{}
}

// fresh are the ways to be fresh enough, any of which will do: as the request
// and its procedures say, or, for a very short age, by a login for this request.
func (c Case) fresh(required assurance.Requirement) []assurance.Requirement {
	r, began := required, c.Request.ReceivedAt
	if c.Request.Has(PromptLogin) {
		r = r.LoginAgain(began)
	}
	maxAge := c.Request.MaxAge
	if r.MaxAge > 0 && (maxAge == nil || r.MaxAge < *maxAge) {
		maxAge = &r.MaxAge
	}
	if maxAge == nil {
		return []assurance.Requirement{r}
	}
	age := *maxAge
	r.MaxAge = 0
	asked := r.Within(age, began)
	own := r.LoginAgain(began).Within(slowPhone, began)
	switch {
	case age <= 0:
		return []assurance.Requirement{own}
	case age < slowPhone:
		return []assurance.Requirement{asked, own}
	}
	return []assurance.Requirement{asked}
}

// only reports whether the way has no steps but of these actions.
func only(w assurance.Way, actions ...assurance.Action) bool {
	return !slices.ContainsFunc(w.Steps, func(s assurance.Step) bool { return !slices.Contains(actions, s.Action) })
}

// beginsAtSignIn reports whether the way is logging in again, beginning with
// what the log-in page asks for first.
func beginsAtSignIn(w assurance.Way) bool {
	if len(w.Steps) == 0 || !only(w, assurance.ActionLogin) {
		return false
	}
	first := w.Steps[0].Method
	return first == assurance.MethodPassword || first == assurance.MethodIdentifier
}

// expectsSomebodyElse compares with the id_token_hint.
func (c Case) expectsSomebodyElse() bool {
	return c.Request.HintSubject != "" && c.Visitor.Known() && c.Subject != c.Request.HintSubject
}

// loggedInHere reports whether the visitor logged in since the request came.
func (c Case) loggedInHere() bool {
	return slices.ContainsFunc(c.Visitor.Uses, func(u assurance.Use) bool { return !u.At.Before(c.Request.ReceivedAt) })
}

// chosenHere reports whether the person chose this account in this interaction,
// by a click or by logging in to it.
func (c Case) chosenHere() bool {
	return c.loggedInHere() || c.factsAreTheVisitors() && !c.Interaction.AccountChosenAt.IsZero()
}

func (c Case) consentedHere() bool {
	return c.factsAreTheVisitors() && !c.Interaction.ConsentedAt.IsZero()
}

func (c Case) declinedHere() bool {
	return c.factsAreTheVisitors() && !c.Interaction.StepUpDeclinedAt.IsZero()
}

// factsAreTheVisitors guards against facts that another person left behind:
// somebody consents, logs out in a second tab, another person logs in.
func (c Case) factsAreTheVisitors() bool {
	return c.Interaction != nil && c.Interaction.AccountID == c.Visitor.Account.ID
}

func fail(f Failure) Step { return Step{Kind: StepFail, Failure: f} }

func unmet(f Failure, up StepUp) Step { return Step{Kind: StepFail, Failure: f, StepUp: up} }
