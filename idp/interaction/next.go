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
	Granted assurance.Granted // for StepIssue
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
	Minimum       assurance.LevelName
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
	level, ok := RequiredLevel(c.Rules.Policy, c.Minimum, c.Request.EssentialACR)
	if !ok {
		return fail(FailUnmet)
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
	granted, step := c.decide(level)
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

// RequiredLevel is the stricter of a client's minimum and the easiest
// essential acr, and whether it can be met at all. Voluntary values are
// wishes: they require nothing. An essential acr of which no value is known
// can never be met. A refresh asks the same again.
func RequiredLevel(p assurance.Policy, minimum assurance.LevelName, essential []string) (assurance.LevelName, bool) {
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

// decide asks the policy, and turns what it says into a step.
func (c Case) decide(level assurance.LevelName) (assurance.Granted, Step) {
	situation := c.Visitor.Situation(c.Now, c.Civil)
	var decision assurance.Decision
	for _, r := range c.requirements(level) {
		decision = c.Rules.Decide(r, situation)
		if g, ok := decision.(assurance.Granted); ok {
			return g, Step{Kind: StepIssue}
		}
	}
	if w, ok := decision.(assurance.Ways); ok && slices.ContainsFunc(w.Ways, beginsWithLogin) {
		if c.Visitor.Known() {
			return assurance.Granted{}, Step{Kind: StepSignIn, Reason: ReasonAgain}
		}
		return assurance.Granted{}, Step{Kind: StepSignIn}
	}
	return assurance.Granted{}, fail(FailUnmet)
}

// requirements are the ways to be fresh enough, any of which will do: as the
// request says, or, for a very short max_age, by a login for this request.
func (c Case) requirements(level assurance.LevelName) []assurance.Requirement {
	r := assurance.Requirement{Level: level}
	if c.Request.Has(PromptLogin) {
		r = r.LoginAgain(c.Request.ReceivedAt)
	}
	maxAge := c.Request.MaxAge
	if maxAge == nil {
		return []assurance.Requirement{r}
	}
	asked := r.Within(*maxAge, c.Request.ReceivedAt)
	own := r.LoginAgain(c.Request.ReceivedAt).Within(slowPhone, c.Request.ReceivedAt)
	switch {
	case *maxAge <= 0:
		return []assurance.Requirement{own}
	case *maxAge < slowPhone:
		return []assurance.Requirement{asked, own}
	}
	return []assurance.Requirement{asked}
}

func beginsWithLogin(w assurance.Way) bool {
	return len(w.Steps) > 0 && w.Steps[0].Action == assurance.ActionLogin
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

// factsAreTheVisitors guards against facts that another person left behind:
// somebody consents, logs out in a second tab, another person logs in.
func (c Case) factsAreTheVisitors() bool {
	return c.Interaction != nil && c.Interaction.AccountID == c.Visitor.Account.ID
}

func fail(f Failure) Step { return Step{Kind: StepFail, Failure: f} }
