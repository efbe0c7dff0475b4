package lint_test

import (
	"testing"
	"time"

	"surety/assurance"
	"surety/assurance/lint"
)

func TestAGoodPolicyHasNoProblems(t *testing.T) {
	t.Parallel()
	if problems := lint.Check(fourLevels()); len(problems) != 0 {
		t.Errorf("problems %v", problems)
	}
}

func TestCheckFindsWhatCannotWork(t *testing.T) {
	t.Parallel()
	level := func(i int) lint.Place { return lint.Place{Level: i, Alternative: -1, Term: -1, Step: -1} }
	term := func(l, a, n int) lint.Place { return lint.Place{Level: l, Alternative: a, Term: n, Step: -1} }
	step := func(i int) lint.Place { return lint.Place{Level: -1, Alternative: -1, Term: -1, Step: i} }
	terms := func(t ...assurance.Term) []assurance.Alternative { return []assurance.Alternative{t} }

	cases := map[string]struct {
		change func(*assurance.Policy)
		code   lint.ProblemCode
		at     lint.Place
	}{
		"no levels":             {func(p *assurance.Policy) { p.Levels = nil }, lint.ProblemNoLevels, level(-1)},
		"seventeen levels":      {func(p *assurance.Policy) { p.Levels = make([]assurance.Level, 17) }, lint.ProblemTooMany, level(16)},
		"no name":               {func(p *assurance.Policy) { p.Levels[1].Name = "" }, lint.ProblemName, level(1)},
		"a name with a space":   {func(p *assurance.Policy) { p.Levels[1].Name = "very high" }, lint.ProblemName, level(1)},
		"a name twice":          {func(p *assurance.Policy) { p.Levels[1].Name = basic }, lint.ProblemDuplicate, level(1)},
		"an acr twice":          {func(p *assurance.Policy) { p.Levels[1].ACR = p.Levels[0].ACR }, lint.ProblemDuplicate, level(1)},
		"an acr that is a word": {func(p *assurance.Policy) { p.Levels[0].ACR = "basic" }, lint.ProblemACR, level(0)},
		"an acr with a space":   {func(p *assurance.Policy) { p.Levels[0].ACR = "urn:example:a b" }, lint.ProblemACR, level(0)},
		"an acr with a quote":   {func(p *assurance.Policy) { p.Levels[0].ACR = `urn:example:"` }, lint.ProblemACR, level(0)},
		"an unknown stage":      {func(p *assurance.Policy) { p.Levels[2].Identity = "sure" }, lint.ProblemStage, level(2)},
		"stages upside down": {func(p *assurance.Policy) {
			p.Levels[1].Identity = assurance.StageConfirmed
			p.Levels[2].Identity = assurance.StageStandard
		}, lint.ProblemStageOrder, level(2)},
		"the highest level has no login": {func(p *assurance.Policy) { p.Levels[3].Login = nil }, lint.ProblemUnreachable, level(3)},
		"a level like the next one":      {func(p *assurance.Policy) { p.Levels[2].Login = nil }, lint.ProblemUnreachable, level(2)},
		"a login that cannot be": {func(p *assurance.Policy) {
			p.Levels[3].Login = []assurance.Alternative{one(assurance.MethodEDS, assurance.MethodEDS)}
		}, lint.ProblemUnreachable, level(3)},
		"no terms": {func(p *assurance.Policy) { p.Levels[0].Login = []assurance.Alternative{{}} }, lint.ProblemNoTerms, term(0, 0, -1)},
		"five terms": {func(p *assurance.Policy) {
			p.Levels[0].Login = []assurance.Alternative{one("eds", "sms", "otp", "passkey", "password")}
		}, lint.ProblemTooMany, term(0, 0, -1)},
		"one method twice": {func(p *assurance.Policy) {
			p.Levels[0].Login = []assurance.Alternative{one(assurance.MethodOTP, assurance.MethodOTP)}
		}, lint.ProblemSameMethod, term(0, 0, 1)},
		"sms alone":         {func(p *assurance.Policy) { p.Levels[2].Login = []assurance.Alternative{one(assurance.MethodSMS)} }, lint.ProblemSMSAlone, term(2, 0, -1)},
		"an unknown method": {func(p *assurance.Policy) { p.Levels[2].Login[1][1].Method = "totp" }, lint.ProblemMethod, term(2, 1, 1)},
		"an invented amr": {func(p *assurance.Policy) {
			p.Levels[0].Login = terms(assurance.Term{Method: assurance.MethodPassword, AMR: []string{"password"}})
		}, lint.ProblemAMR, term(0, 0, 0)},
		"an amr of another": {func(p *assurance.Policy) {
			p.Levels[0].Login = terms(assurance.Term{Method: assurance.MethodPassword, AMR: []string{"otp"}})
		}, lint.ProblemAMRNeverProven, term(0, 0, 0)},
		"a negative age": {func(p *assurance.Policy) {
			p.Levels[0].Login = terms(assurance.Term{Method: assurance.MethodPassword, MaxAge: -1})
		}, lint.ProblemAge, term(0, 0, 0)},
		"an unknown action":  {func(p *assurance.Policy) { p.Steps[0].Action = "hope" }, lint.ProblemAction, step(0)},
		"a login by nothing": {func(p *assurance.Policy) { p.Steps[0].Method = "" }, lint.ProblemMethod, step(0)},
		"a login for nothing": {func(p *assurance.Policy) {
			p.Steps[0].Method = "federated:bank"
			p.Levels[0].Login = p.Levels[0].Login[:1]
		}, lint.ProblemLeadsNowhere, step(0)},
		"a login that proves":   {func(p *assurance.Policy) { p.Steps[0].Proofing = assurance.ProofingLetter }, lint.ProblemField, step(0)},
		"a letter that logs in": {func(p *assurance.Policy) { p.Steps[2].Method = assurance.MethodOTP }, lint.ProblemField, step(2)},
		"a card with a before":  {func(p *assurance.Policy) { p.Steps[7].From = assurance.StageStandard }, lint.ProblemField, step(7)},
		"an unknown proofing":   {func(p *assurance.Policy) { p.Steps[2].Proofing = "rumour" }, lint.ProblemProofing, step(2)},
		"to an unknown stage":   {func(p *assurance.Policy) { p.Steps[2].To = "" }, lint.ProblemStage, step(2)},
		"down the stairs":       {func(p *assurance.Policy) { p.Steps[2].To = assurance.StageStandard }, lint.ProblemLeadsNowhere, step(2)},
		"sooner than soonest":   {func(p *assurance.Policy) { p.Steps[2].Latest = time.Minute }, lint.ProblemAge, step(2)},
		"thirty-three steps":    {func(p *assurance.Policy) { p.Steps = append(p.Steps, make([]assurance.Step, 25)...) }, lint.ProblemTooMany, step(32)},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := fourLevels()
			c.change(&p)
			for _, problem := range lint.Check(p) {
				if problem.Code == c.code && problem.Place == c.at {
					return
				}
			}
			t.Errorf("not found: %s at %+v; found %+v", c.code, c.at, lint.Check(p))
		})
	}
}

func TestAProblemNamesItsValue(t *testing.T) {
	t.Parallel()
	p := lint.Problem{Code: lint.ProblemMethod, Value: "totp"}
	if got := p.Error(); got != `unknown method: "totp"` {
		t.Errorf("told as %s", got)
	}
	p.Value = ""
	if got := p.Error(); got != "unknown method" {
		t.Errorf("told as %s", got)
	}
}
