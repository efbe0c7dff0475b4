package interaction

import (
	"testing"
	"time"

	"surety/assurance"
)

// stepUpPolicy has two levels for a confirmed person: by a password, and by a
// second factor; and one that nothing offered leads to.
func stepUpPolicy() assurance.Policy {
	login := func(ms ...assurance.Method) assurance.Alternative {
		var a assurance.Alternative
		for _, m := range ms {
			a = append(a, assurance.Term{Method: m})
		}
		return a
	}
	return assurance.Policy{Version: 1,
		Levels: []assurance.Level{
			{Name: "basic", ACR: "urn:test:basic", Identity: assurance.StageSimplified, Login: []assurance.Alternative{login(assurance.MethodPassword)}},
			{Name: "substantial", ACR: "urn:test:substantial", Identity: assurance.StageConfirmed, Login: []assurance.Alternative{
				login(assurance.MethodPassword, assurance.MethodOTP), login(assurance.MethodPasskey)}},
			{Name: "high", ACR: "urn:test:high", Identity: assurance.StageConfirmed, Login: []assurance.Alternative{login(assurance.MethodIDCard)}},
		},
		Steps: []assurance.Step{
			{Action: assurance.ActionLogin, Method: assurance.MethodPassword, Latest: time.Minute},
			{Action: assurance.ActionLogin, Method: assurance.MethodOTP, Latest: time.Minute},
			{Action: assurance.ActionLogin, Method: assurance.MethodPasskey, Latest: time.Minute},
			{Action: assurance.ActionProve, Proofing: assurance.ProofingCounter, To: assurance.StageConfirmed, Latest: 24 * time.Hour},
			{Action: assurance.ActionEnrol, Method: assurance.MethodOTP, Latest: 5 * time.Minute},
		},
	}
}

// confirmed is a person who is proven and logged in by password ten minutes ago.
func confirmed(c *Case) {
	c.Visitor.Account.Stage = assurance.StageConfirmed
	c.Visitor.Account.Proofings = []assurance.Proofing{{Method: assurance.ProofingCounter, Stage: assurance.StageConfirmed, At: received.AddDate(-1, 0, 0)}}
}

func has(methods ...assurance.Method) func(*Case) {
	return func(c *Case) {
		for _, m := range methods {
			c.Visitor.Authenticators = append(c.Visitor.Authenticators, assurance.Authenticator{Method: m})
		}
	}
}

func used(m assurance.Method, ago time.Duration) func(*Case) {
	return func(c *Case) {
		c.Visitor.Uses = append(c.Visitor.Uses, assurance.Use{Method: m, At: c.Now.Add(-ago), AMR: []string{"otp"}})
	}
}

func needs(r assurance.Requirement) func(*Case) {
	return func(c *Case) {
		c.Request.Agency, c.Request.Procedures = "agency", []string{"1"}
		c.Required = append(c.Required, r)
	}
}

func wishes(acrs ...string) func(*Case) {
	return func(c *Case) { c.Request.ACRValues = acrs }
}

func TestNext_StepUp(t *testing.T) {
	substantial := needs(assurance.Requirement{Level: "substantial"})
	for name, c := range map[string]struct {
		changes []func(*Case)
		want    Step
		first   assurance.Action // of the first way
		issued  string
	}{
		"a factor the person has is asked for": {
			[]func(*Case){confirmed, has(assurance.MethodOTP), substantial}, Step{Kind: StepStepUp}, assurance.ActionLogin, ""},
		"only what is missing is asked: both are there": {
			[]func(*Case){confirmed, has(assurance.MethodOTP), used(assurance.MethodOTP, time.Minute), substantial}, Step{Kind: StepIssue}, "", "urn:test:substantial"},
		"an app may be added when a contact of the proofing is there": {
			[]func(*Case){confirmed, func(c *Case) { c.Visitor.Anchored = true }, substantial}, Step{Kind: StepStepUp}, assurance.ActionEnrol, ""},
		"whose identity is not confirmed is shown what it takes": {
			[]func(*Case){substantial}, Step{Kind: StepStepUp}, assurance.ActionProve, ""},
		"nobody is there: first the log-in": {
			[]func(*Case){substantial, func(c *Case) { c.Visitor = Visitor{} }}, Step{Kind: StepSignIn}, "", ""},
		"a procedure that nothing leads to is refused on a page": {
			[]func(*Case){confirmed, needs(assurance.Requirement{Level: "high"})}, Step{Kind: StepStepUp}, "", ""},
		"and to the agency at once when nobody is there": {
			[]func(*Case){needs(assurance.Requirement{Level: "high"}), func(c *Case) { c.Visitor = Visitor{} }}, Step{Kind: StepFail, Failure: FailUnmet}, "", ""},
		"several procedures: the strictest of all": {
			[]func(*Case){confirmed, has(assurance.MethodOTP), needs(assurance.Requirement{Level: "basic"}), substantial}, Step{Kind: StepStepUp}, assurance.ActionLogin, ""},
		"a procedure's age with an old password": {
			[]func(*Case){needs(assurance.Requirement{Level: "basic", MaxAge: 5 * time.Minute})}, Step{Kind: StepSignIn, Reason: ReasonAgain}, "", ""},
		"a procedure's age with a fresh one": {
			[]func(*Case){needs(assurance.Requirement{Level: "basic", MaxAge: 15 * time.Minute})}, Step{Kind: StepIssue}, "", "urn:test:basic"},
		"both factors too old: the password first": {
			[]func(*Case){confirmed, has(assurance.MethodOTP), used(assurance.MethodOTP, 9*time.Minute),
				needs(assurance.Requirement{Level: "substantial", MaxAge: 5 * time.Minute})}, Step{Kind: StepSignIn, Reason: ReasonAgain}, "", ""},
		"an excluded proofing is shown a way around": {
			[]func(*Case){func(c *Case) {
				confirmed(c)
				c.Visitor.Account.Proofings[0].Method = assurance.ProofingLetter
			}, has(assurance.MethodPasskey), needs(assurance.Requirement{Level: "substantial", ExcludedProofings: []assurance.ProofingMethod{assurance.ProofingLetter}})},
			Step{Kind: StepStepUp}, assurance.ActionLogin, ""},
		"a wish that can be met here is offered": {
			[]func(*Case){confirmed, has(assurance.MethodOTP), wishes("urn:test:substantial")}, Step{Kind: StepStepUp}, assurance.ActionLogin, ""},
		"a wish that takes a visit is not worth a page": {
			[]func(*Case){wishes("urn:test:substantial")}, Step{Kind: StepIssue}, "", "urn:test:basic"},
		"a wish that is covered asks for nothing": {
			[]func(*Case){confirmed, has(assurance.MethodOTP), wishes("urn:test:substantial", "urn:test:basic")}, Step{Kind: StepIssue}, "", "urn:test:basic"},
		"a wish that was declined is forgotten": {
			[]func(*Case){confirmed, has(assurance.MethodOTP), wishes("urn:test:substantial"), func(c *Case) {
				c.Interaction = &Interaction{AccountID: "anna", StepUpDeclinedAt: received}
			}}, Step{Kind: StepIssue}, "", "urn:test:basic"},
		"another's decline counts for nothing": {
			[]func(*Case){confirmed, has(assurance.MethodOTP), wishes("urn:test:substantial"), func(c *Case) {
				c.Interaction = &Interaction{AccountID: "boris", StepUpDeclinedAt: received}
			}}, Step{Kind: StepStepUp}, assurance.ActionLogin, ""},
		"a wish shows no page with prompt=none": {
			[]func(*Case){confirmed, has(assurance.MethodOTP), wishes("urn:test:substantial"), none}, Step{Kind: StepIssue}, "", "urn:test:basic"},
		"prompt=none and a factor to ask for": {
			[]func(*Case){confirmed, has(assurance.MethodOTP), substantial, none}, Step{Kind: StepFail, Failure: FailLoginRequired}, assurance.ActionLogin, ""},
		"prompt=none and a visit": {
			[]func(*Case){substantial, none}, Step{Kind: StepFail, Failure: FailInteractionRequired}, assurance.ActionProve, ""},
		"prompt=none and no way": {
			[]func(*Case){confirmed, needs(assurance.Requirement{Level: "high"}), none}, Step{Kind: StepFail, Failure: FailUnmet}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			cs := baseCase()
			cs.Rules = assurance.One(stepUpPolicy())
			for _, change := range c.changes {
				change(&cs)
			}
			got := Next(cs)
			if got.Kind != c.want.Kind || got.Reason != c.want.Reason || got.Failure != c.want.Failure || got.Granted.ACR != c.issued && got.Kind == StepIssue {
				t.Fatalf("Next = %s %q %q %q, want %s %q %q %q", got.Kind, got.Reason, got.Failure, got.Granted.ACR, c.want.Kind, c.want.Reason, c.want.Failure, c.issued)
			}
			if c.first == "" {
				if got.Kind == StepStepUp && len(got.StepUp.Ways) > 0 {
					t.Errorf("there are ways: %+v", got.StepUp.Ways)
				}
				return
			}
			if len(got.StepUp.Ways) == 0 || got.StepUp.Ways[0].Steps[0].Action != c.first {
				t.Errorf("ways %+v, want one that begins with %s", got.StepUp.Ways, c.first)
			}
		})
	}
}

func none(c *Case) { c.Request.Prompts = []Prompt{PromptNone} }

// Asking for less never lowers a session: what was reached stays reached, and
// only the ID token's acr says what was asked.
func TestNext_AskingForLessIsIssuedAtWhatIsReached(t *testing.T) {
	c := baseCase()
	c.Rules = assurance.One(stepUpPolicy())
	confirmed(&c)
	used(assurance.MethodOTP, time.Minute)(&c)
	wishes("urn:test:basic")(&c)
	if got := Next(c); got.Kind != StepIssue || got.Granted.Level != "substantial" {
		t.Errorf("Next = %s at %s", got.Kind, got.Granted.Level)
	}
}
