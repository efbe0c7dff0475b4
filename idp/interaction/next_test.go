package interaction

import (
	"testing"
	"time"

	"surety/assurance"
	"surety/idp"
)

var received = time.Date(2026, 5, 3, 12, 0, 0, 0, time.UTC)

func testPolicy() assurance.Policy {
	return assurance.Policy{Version: 1,
		Levels: []assurance.Level{
			{Name: "basic", ACR: "urn:test:basic", Identity: assurance.StageSimplified, Login: []assurance.Alternative{{{Method: assurance.MethodPassword}}}},
			{Name: "high", ACR: "urn:test:high", Identity: assurance.StageConfirmed, Login: []assurance.Alternative{{{Method: assurance.MethodIDCard}}}},
		},
		Steps: []assurance.Step{{Action: assurance.ActionLogin, Method: assurance.MethodPassword}},
	}
}

func password(at time.Time) assurance.Use {
	return assurance.Use{Method: assurance.MethodPassword, At: at, AMR: []string{"pwd"}}
}

// known is somebody who logged in ten minutes before the request came.
func known() Visitor {
	return Visitor{
		SessionID:      "session",
		Account:        idp.Account{ID: "anna", State: idp.AccountActive, Stage: assurance.StageSimplified, TermsVersion: "1"},
		Uses:           []assurance.Use{password(received.Add(-10 * time.Minute))},
		Authenticators: []assurance.Authenticator{{Method: assurance.MethodPassword}},
	}
}

func seconds(n int) *time.Duration {
	d := time.Duration(n) * time.Second
	return &d
}

// fresh adds a login that was made for this request.
func fresh(c *Case, after time.Duration) {
	c.Visitor.Uses = append(c.Visitor.Uses, password(received.Add(after)))
}

func TestNext(t *testing.T) {
	here := func(i Interaction) *Interaction { i.AccountID = "anna"; return &i }
	for name, c := range map[string]struct {
		change func(*Case)
		want   Step
	}{
		"live session, consent on file": {func(*Case) {}, Step{Kind: StepIssue}},
		"nobody":                        {func(c *Case) { c.Visitor = Visitor{} }, Step{Kind: StepSignIn}},
		"frozen account is nobody":      {func(c *Case) { c.Visitor.Account.State = idp.AccountFrozen }, Step{Kind: StepSignIn}},
		"closed account is nobody":      {func(c *Case) { c.Visitor.Account.State = idp.AccountClosed }, Step{Kind: StepSignIn}},
		"new terms":                     {func(c *Case) { c.Terms = "2" }, Step{Kind: StepTerms}},
		"no consent":                    {func(c *Case) { c.ConsentCovers = false }, Step{Kind: StepConsent}},
		"terms before consent":          {func(c *Case) { c.Terms, c.ConsentCovers = "2", false }, Step{Kind: StepTerms}},
		"prompt=consent asks again":     {func(c *Case) { c.Request.Prompts = []Prompt{PromptConsent} }, Step{Kind: StepConsent}},
		"prompt=consent asked": {func(c *Case) {
			c.Request.Prompts = []Prompt{PromptConsent}
			c.Interaction = here(Interaction{ConsentedAt: received})
		}, Step{Kind: StepIssue}},
		"prompt=login with live session": {func(c *Case) { c.Request.Prompts = []Prompt{PromptLogin} }, Step{Kind: StepSignIn, Reason: ReasonAgain}},
		"prompt=login done":              {func(c *Case) { c.Request.Prompts = []Prompt{PromptLogin}; fresh(c, time.Second) }, Step{Kind: StepIssue}},
		"max_age=0":                      {func(c *Case) { c.Request.MaxAge = seconds(0) }, Step{Kind: StepSignIn, Reason: ReasonAgain}},
		"max_age=0 done":                 {func(c *Case) { c.Request.MaxAge = seconds(0); fresh(c, 0) }, Step{Kind: StepIssue}},
		"max_age=0 and an hour's pause":  {func(c *Case) { c.Request.MaxAge = seconds(0); fresh(c, 0); c.Now = received.Add(50 * time.Minute) }, Step{Kind: StepSignIn, Reason: ReasonAgain}},
		"max_age satisfied":              {func(c *Case) { c.Request.MaxAge = seconds(900) }, Step{Kind: StepIssue}},
		"max_age too old":                {func(c *Case) { c.Request.MaxAge = seconds(300) }, Step{Kind: StepSignIn, Reason: ReasonAgain}},
		"max_age=1 on a slow phone":      {func(c *Case) { c.Request.MaxAge = seconds(1); fresh(c, 0); c.Now = received.Add(30 * time.Second) }, Step{Kind: StepIssue}},
		"max_age=1 and an hour's pause":  {func(c *Case) { c.Request.MaxAge = seconds(1); fresh(c, 0); c.Now = received.Add(50 * time.Minute) }, Step{Kind: StepSignIn, Reason: ReasonAgain}},
		"max_age=1 with an old session":  {func(c *Case) { c.Request.MaxAge = seconds(1) }, Step{Kind: StepSignIn, Reason: ReasonAgain}},
		"select_account":                 {func(c *Case) { c.Request.Prompts = []Prompt{PromptSelectAccount} }, Step{Kind: StepSelectAccount}},
		"select_account, nobody there":   {func(c *Case) { c.Request.Prompts = []Prompt{PromptSelectAccount}; c.Visitor = Visitor{} }, Step{Kind: StepSignIn}},
		"select_account done": {func(c *Case) {
			c.Request.Prompts = []Prompt{PromptSelectAccount}
			c.Interaction = here(Interaction{AccountChosenAt: received})
		}, Step{Kind: StepIssue}},
		"select_account by logging in":  {func(c *Case) { c.Request.Prompts = []Prompt{PromptSelectAccount}; fresh(c, time.Second) }, Step{Kind: StepIssue}},
		"hint of the same person":       {func(c *Case) { c.Request.HintSubject = "anna-here" }, Step{Kind: StepIssue}},
		"hint of another":               {func(c *Case) { c.Request.HintSubject = "boris-here" }, Step{Kind: StepSignIn, Reason: ReasonOtherAccount}},
		"hint of another, logged in":    {func(c *Case) { c.Request.HintSubject = "boris-here"; fresh(c, time.Second) }, Step{Kind: StepFail, Failure: FailLoginRequired}},
		"voluntary acr out of reach":    {func(c *Case) { c.Request.ACRValues = []string{"urn:test:high"} }, Step{Kind: StepIssue}},
		"essential acr out of reach":    {func(c *Case) { c.Request.EssentialACR = []string{"urn:test:high"} }, Step{Kind: StepFail, Failure: FailUnmet}},
		"essential acr, one in reach":   {func(c *Case) { c.Request.EssentialACR = []string{"urn:test:high", "urn:test:basic"} }, Step{Kind: StepIssue}},
		"essential acr unknown":         {func(c *Case) { c.Request.EssentialACR = []string{"urn:test:none"} }, Step{Kind: StepFail, Failure: FailUnmet}},
		"client's minimum out of reach": {func(c *Case) { c.Minimum = "high" }, Step{Kind: StepFail, Failure: FailUnmet}},
		"minimum beats an easier acr":   {func(c *Case) { c.Minimum = "high"; c.Request.EssentialACR = []string{"urn:test:basic"} }, Step{Kind: StepFail, Failure: FailUnmet}},
	} {
		t.Run(name, func(t *testing.T) {
			cs := baseCase()
			c.change(&cs)
			got := Next(cs)
			if got.Kind != c.want.Kind || got.Reason != c.want.Reason || got.Failure != c.want.Failure {
				t.Errorf("Next = %s %q %q, want %s %q %q", got.Kind, got.Reason, got.Failure, c.want.Kind, c.want.Reason, c.want.Failure)
			}
			if got.Kind == StepIssue && (got.Granted.ACR != "urn:test:basic" || got.Granted.AuthTime.IsZero()) {
				t.Errorf("issue without a decision: %+v", got.Granted)
			}
		})
	}
}

func baseCase() Case {
	return Case{
		Rules: assurance.One(testPolicy()), Request: Request{ClientID: "agency", ReceivedAt: received}, Visitor: known(), Subject: "anna-here",
		ConsentCovers: true, Terms: "1", Now: received.Add(time.Second), Civil: received.Add(time.Second),
	}
}

// TestPromptNoneNeverShowsAPage takes every step that is a page.
func TestPromptNoneNeverShowsAPage(t *testing.T) {
	for want, change := range map[Failure]func(*Case){
		FailLoginRequired:       func(c *Case) { c.Visitor = Visitor{} },
		FailInteractionRequired: func(c *Case) { c.Terms = "2" },
		FailConsentRequired:     func(c *Case) { c.ConsentCovers = false },
		FailUnmet:               func(c *Case) { c.Minimum = "high" },
	} {
		for name, also := range map[string]func(*Case){
			"":                     func(*Case) {},
			"and an old login":     func(c *Case) { c.Request.MaxAge = seconds(1) },
			"and another's hint":   func(c *Case) { c.Request.HintSubject = "boris-here" },
			"and a frozen account": func(c *Case) { c.Visitor.Account.State = idp.AccountFrozen },
		} {
			c := baseCase()
			c.Request.Prompts = []Prompt{PromptNone}
			change(&c)
			also(&c)
			if got := Next(c); got.Kind != StepFail {
				t.Errorf("%s %s: a page, %s", want, name, got.Kind)
			}
		}
		c := baseCase()
		c.Request.Prompts = []Prompt{PromptNone}
		change(&c)
		if got := Next(c); got.Kind != StepFail || got.Failure != want {
			t.Errorf("Next = %s %s, want %s", got.Kind, got.Failure, want)
		}
	}
	c := baseCase()
	c.Request.Prompts = []Prompt{PromptNone}
	if got := Next(c); got.Kind != StepIssue {
		t.Errorf("a live session with consent: %s", got.Kind)
	}
}

// TestFactsOfAnotherPersonCountForNothing: one person consents, another logs
// in to the same browser before the answer goes out.
func TestFactsOfAnotherPersonCountForNothing(t *testing.T) {
	for want, prompt := range map[StepKind]Prompt{StepConsent: PromptConsent, StepSelectAccount: PromptSelectAccount} {
		c := baseCase()
		c.Request.Prompts = []Prompt{prompt}
		c.Interaction = &Interaction{AccountID: "boris", ConsentedAt: received, AccountChosenAt: received}
		if got := Next(c); got.Kind != want {
			t.Errorf("with another person's facts Next = %s, want %s", got.Kind, want)
		}
	}
}
