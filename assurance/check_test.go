package assurance_test

import (
	"testing"
	"time"

	"surety/assurance"
)

func TestAGoodPolicyHasNoProblems(t *testing.T) {
	t.Parallel()
	if problems := fourLevels().Check(); len(problems) != 0 {
		t.Errorf("problems %v", problems)
	}
}

func TestCheckFindsWhatCannotWork(t *testing.T) {
	t.Parallel()
	level := func(i int) assurance.Place { return assurance.Place{Level: i, Alternative: -1, Term: -1, Step: -1} }
	term := func(l, a, n int) assurance.Place { return assurance.Place{Level: l, Alternative: a, Term: n, Step: -1} }
	step := func(i int) assurance.Place { return assurance.Place{Level: -1, Alternative: -1, Term: -1, Step: i} }
	terms := func(t ...assurance.Term) []assurance.Alternative { return []assurance.Alternative{t} }

	cases := map[string]struct {
		change func(*assurance.Policy)
		code   assurance.ProblemCode
		at     assurance.Place
	}{
		"no levels":             {func(p *assurance.Policy) { p.Levels = nil }, assurance.ProblemNoLevels, level(-1)},
		"seventeen levels":      {func(p *assurance.Policy) { p.Levels = make([]assurance.Level, 17) }, assurance.ProblemTooMany, level(16)},
		"no name":               {func(p *assurance.Policy) { p.Levels[1].Name = "" }, assurance.ProblemName, level(1)},
		"a name with a space":   {func(p *assurance.Policy) { p.Levels[1].Name = "very high" }, assurance.ProblemName, level(1)},
		"a name twice":          {func(p *assurance.Policy) { p.Levels[1].Name = basic }, assurance.ProblemDuplicate, level(1)},
		"an acr twice":          {func(p *assurance.Policy) { p.Levels[1].ACR = p.Levels[0].ACR }, assurance.ProblemDuplicate, level(1)},
		"an acr that is a word": {func(p *assurance.Policy) { p.Levels[0].ACR = "basic" }, assurance.ProblemACR, level(0)},
		"an acr with a space":   {func(p *assurance.Policy) { p.Levels[0].ACR = "urn:example:a b" }, assurance.ProblemACR, level(0)},
		"an acr with a quote":   {func(p *assurance.Policy) { p.Levels[0].ACR = `urn:example:"` }, assurance.ProblemACR, level(0)},
		"an unknown stage":      {func(p *assurance.Policy) { p.Levels[2].Identity = "sure" }, assurance.ProblemStage, level(2)},
		"stages upside down": {func(p *assurance.Policy) {
			p.Levels[1].Identity = assurance.StageConfirmed
			p.Levels[2].Identity = assurance.StageStandard
		}, assurance.ProblemStageOrder, level(2)},
		"the highest level has no login": {func(p *assurance.Policy) { p.Levels[3].Login = nil }, assurance.ProblemUnreachable, level(3)},
		"a level like the next one":      {func(p *assurance.Policy) { p.Levels[2].Login = nil }, assurance.ProblemUnreachable, level(2)},
		"a login that cannot be": {func(p *assurance.Policy) {
			p.Levels[3].Login = []assurance.Alternative{one(assurance.MethodEDS, assurance.MethodEDS)}
		}, assurance.ProblemUnreachable, level(3)},
		"no terms": {func(p *assurance.Policy) { p.Levels[0].Login = []assurance.Alternative{{}} }, assurance.ProblemNoTerms, term(0, 0, -1)},
		"five terms": {func(p *assurance.Policy) {
			p.Levels[0].Login = []assurance.Alternative{one("eds", "sms", "otp", "passkey", "password")}
		}, assurance.ProblemTooMany, term(0, 0, -1)},
		"one method twice": {func(p *assurance.Policy) {
			p.Levels[0].Login = []assurance.Alternative{one(assurance.MethodOTP, assurance.MethodOTP)}
		}, assurance.ProblemSameMethod, term(0, 0, 1)},
		"sms alone":         {func(p *assurance.Policy) { p.Levels[2].Login = []assurance.Alternative{one(assurance.MethodSMS)} }, assurance.ProblemSMSAlone, term(2, 0, -1)},
		"an unknown method": {func(p *assurance.Policy) { p.Levels[2].Login[1][1].Method = "totp" }, assurance.ProblemMethod, term(2, 1, 1)},
		"an invented amr": {func(p *assurance.Policy) {
			p.Levels[0].Login = terms(assurance.Term{Method: assurance.MethodPassword, AMR: []string{"password"}})
		}, assurance.ProblemAMR, term(0, 0, 0)},
		"an amr of another": {func(p *assurance.Policy) {
			p.Levels[0].Login = terms(assurance.Term{Method: assurance.MethodPassword, AMR: []string{"otp"}})
		}, assurance.ProblemAMRNeverProven, term(0, 0, 0)},
		"a negative age": {func(p *assurance.Policy) {
			p.Levels[0].Login = terms(assurance.Term{Method: assurance.MethodPassword, MaxAge: -1})
		}, assurance.ProblemAge, term(0, 0, 0)},
		"an unknown action":  {func(p *assurance.Policy) { p.Steps[0].Action = "hope" }, assurance.ProblemAction, step(0)},
		"a login by nothing": {func(p *assurance.Policy) { p.Steps[0].Method = "" }, assurance.ProblemMethod, step(0)},
		"a login for nothing": {func(p *assurance.Policy) {
			p.Steps[0].Method = "federated:bank"
			p.Levels[0].Login = p.Levels[0].Login[:1]
		}, assurance.ProblemLeadsNowhere, step(0)},
		"a login that proves":   {func(p *assurance.Policy) { p.Steps[0].Proofing = assurance.ProofingLetter }, assurance.ProblemField, step(0)},
		"a letter that logs in": {func(p *assurance.Policy) { p.Steps[2].Method = assurance.MethodOTP }, assurance.ProblemField, step(2)},
		"a card with a before":  {func(p *assurance.Policy) { p.Steps[7].From = assurance.StageStandard }, assurance.ProblemField, step(7)},
		"an unknown proofing":   {func(p *assurance.Policy) { p.Steps[2].Proofing = "rumour" }, assurance.ProblemProofing, step(2)},
		"to an unknown stage":   {func(p *assurance.Policy) { p.Steps[2].To = "" }, assurance.ProblemStage, step(2)},
		"down the stairs":       {func(p *assurance.Policy) { p.Steps[2].To = assurance.StageStandard }, assurance.ProblemLeadsNowhere, step(2)},
		"sooner than soonest":   {func(p *assurance.Policy) { p.Steps[2].Latest = time.Minute }, assurance.ProblemAge, step(2)},
		"thirty-three steps":    {func(p *assurance.Policy) { p.Steps = append(p.Steps, make([]assurance.Step, 25)...) }, assurance.ProblemTooMany, step(32)},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := fourLevels()
			c.change(&p)
			for _, problem := range p.Check() {
				if problem.Code == c.code && problem.Place == c.at {
					return
				}
			}
			t.Errorf("not found: %s at %+v; found %+v", c.code, c.at, p.Check())
		})
	}
}

func TestAProblemNamesItsValue(t *testing.T) {
	t.Parallel()
	p := assurance.Problem{Code: assurance.ProblemMethod, Value: "totp"}
	if got := p.Error(); got != `unknown method: "totp"` {
		t.Errorf("told as %s", got)
	}
	p.Value = ""
	if got := p.Error(); got != "unknown method" {
		t.Errorf("told as %s", got)
	}
}
