package lint_test

import (
	"slices"
	"testing"
	"time"

	"surety/assurance"
	"surety/assurance/lint"
)

func TestCheckFindsWhatShowsOnlyWhenPartsAreCompared(t *testing.T) {
	t.Parallel()
	level := func(i, a int) lint.Place { return lint.Place{Level: i, Alternative: a, Term: -1, Step: -1} }
	step := func(i int) lint.Place { return lint.Place{Level: -1, Alternative: -1, Term: -1, Step: i} }
	capacity := func(i int) lint.Place {
		return lint.Place{Level: -1, Alternative: -1, Term: -1, Step: -1, Capacity: i}
	}
	rules := func(p *assurance.Policy, rules ...assurance.CapacityRule) { p.Capacities = rules }
	org := assurance.CapacityRule{Capacity: assurance.CapacityOrganisation, Level: basic}
	cases := map[string]struct {
		change func(*assurance.Policy)
		code   lint.ProblemCode
		at     lint.Place
	}{
		"a higher level for one factor of two": {func(p *assurance.Policy) {
			p.Levels[1].Login = []assurance.Alternative{one(assurance.MethodPassword, assurance.MethodOTP)}
			p.Levels[2].Login = []assurance.Alternative{one(assurance.MethodPassword)}
		}, lint.ProblemWeaker, level(2, 0)},
		"a higher level for any key": {func(p *assurance.Policy) {
			p.Levels[0].Login = []assurance.Alternative{{{Method: assurance.MethodPasskey, AMR: []string{"hwk"}, MaxAge: time.Hour}}}
		}, lint.ProblemWeaker, level(2, 3)},
		"an unknown framework": {func(p *assurance.Policy) { p.Levels[3].Equals = "nist:aal2" }, lint.ProblemEquals, level(3, -1)},
		"claims upside down": {func(p *assurance.Policy) {
			p.Levels[2].Equals, p.Levels[3].Equals = "eidas:high", "eidas:substantial"
		}, lint.ProblemEqualsOrder, level(3, -1)},
		"a claim for one factor": {func(p *assurance.Policy) { p.Levels[2].Equals = "eidas:substantial" }, lint.ProblemEqualsFactor, level(2, 0)},
		"a claim for one factor of a level above": {func(p *assurance.Policy) {
			p.Levels[2].Equals = "eidas:substantial"
			p.Levels[2].Login = p.Levels[2].Login[1:]
		}, lint.ProblemEqualsFactor, level(3, 0)},
		"a claim without a proof": {func(p *assurance.Policy) { p.Levels[0].Equals = "eidas:low" }, lint.ProblemEqualsProof, level(0, -1)},
		"a claim by a letter to anywhere": {func(p *assurance.Policy) { p.Levels[3].Equals = "eidas:high" },
			lint.ProblemEqualsLetter, step(2)},
		"a checked address of no letter": {func(p *assurance.Policy) { p.Steps[3].AddressChecked = true }, lint.ProblemField, step(3)},
		"a login in a capacity":          {func(p *assurance.Policy) { p.Steps[0].Acting = head }, lint.ProblemField, step(0)},
		"a choice that is offered":       {func(p *assurance.Policy) { p.Steps[0].Action = assurance.ActionAct }, lint.ProblemAction, step(0)},
		"a proof that no level asks for": {func(p *assurance.Policy) {
			for i := range p.Levels {
				p.Levels[i].Identity = assurance.StageStandard
			}
		}, lint.ProblemLeadsNowhere, step(2)},
		"an unknown capacity":    {func(p *assurance.Policy) { rules(p, assurance.CapacityRule{Capacity: "king", Level: basic}) }, lint.ProblemCapacity, capacity(1)},
		"acting for oneself":     {func(p *assurance.Policy) { rules(p, org, assurance.CapacityRule{Capacity: "self", Level: basic}) }, lint.ProblemCapacity, capacity(2)},
		"a capacity twice":       {func(p *assurance.Policy) { rules(p, org, org) }, lint.ProblemDuplicate, capacity(2)},
		"a capacity at no level": {func(p *assurance.Policy) { rules(p, assurance.CapacityRule{Capacity: "guardian"}) }, lint.ProblemLevel, capacity(1)},
		"seven capacities":       {func(p *assurance.Policy) { p.Capacities = make([]assurance.CapacityRule, 7) }, lint.ProblemTooMany, capacity(7)},
		"a negative grace":       {func(p *assurance.Policy) { p.DocumentGrace = -1 }, lint.ProblemAge, level(-1, -1)},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := fourLevels()
			c.change(&p)
			found := slices.ContainsFunc(lint.Check(p), func(x lint.Problem) bool { return x.Code == c.code && x.Place == c.at })
			if !found {
				t.Errorf("not found: %s at %+v; found %+v", c.code, c.at, lint.Check(p))
			}
		})
	}
}

func TestALevelMayClaimWhatItsEvidenceBears(t *testing.T) {
	t.Parallel()
	p := fourLevels()
	p.Levels[3].Equals = "eidas:high"
	p.Levels[3].Login = []assurance.Alternative{
		one(assurance.MethodIDCard), one(assurance.MethodResidencePermit), one(assurance.MethodPasskey), one(assurance.MethodPassword, assurance.MethodOTP),
		{{Method: assurance.MethodEDS, AMR: []string{"hwk"}}, {Method: assurance.MethodPassword}}, {{Method: "federated:bank", AMR: []string{"mfa"}}},
	}
	p.Levels[2].Login = append(p.Levels[2].Login, one("federated:bank"))
	p.Steps[2].AddressChecked = true // the letter
	if problems := lint.Check(p); len(problems) != 0 {
		t.Errorf("problems %v", problems)
	}
}

func TestALevelThatNoStepLeadsToIsRemarked(t *testing.T) {
	t.Parallel()
	if got := lint.Remarks(fourLevels()); len(got) != 0 {
		t.Errorf("remarks %v", got)
	}
	p := fourLevels()
	p.Steps = p.Steps[:len(p.Steps)-1] // no card
	if got := lint.Remarks(p); len(got) != 1 || got[0].Code != lint.ProblemNoStep || got[0].Value != string(high) {
		t.Errorf("remarks %v, want high", got)
	}
}

func TestARequirementThatNobodyCanSatisfyIsFound(t *testing.T) {
	t.Parallel()
	p := fourLevels()
	p.Capacities = []assurance.CapacityRule{{Capacity: assurance.CapacityOrganisation, Level: high}}
	offered := []assurance.ProofingMethod{assurance.ProofingRegistry, assurance.ProofingLetter, assurance.ProofingCounter, assurance.ProofingIDCard}
	strong := []assurance.Method{assurance.MethodEDS, assurance.MethodIDCard, assurance.MethodResidencePermit}
	organisation := []assurance.CapacityTerm{{Capacity: assurance.CapacityOrganisation}}
	cases := map[string]struct {
		r    assurance.Requirement
		want lint.ProblemCode
	}{
		"nothing":                 {assurance.Requirement{}, ""},
		"all at once":             {assurance.Requirement{Level: high, MaxAge: time.Minute, ExcludedProofings: offered[:3], Document: "current", Capacities: organisation}, ""},
		"an unknown level":        {assurance.Requirement{Level: "utmost"}, lint.ProblemLevel},
		"a negative age":          {assurance.Requirement{MaxAge: -1}, lint.ProblemAge},
		"an unknown method":       {assurance.Requirement{ExcludedMethods: []assurance.Method{"totp"}}, lint.ProblemMethod},
		"an unknown proofing":     {assurance.Requirement{ExcludedProofings: []assurance.ProofingMethod{"rumour"}}, lint.ProblemProofing},
		"every log-in":            {assurance.Requirement{Level: high, ExcludedMethods: strong}, lint.ProblemExcludesLogin},
		"what the capacity needs": {assurance.Requirement{Level: basic, ExcludedMethods: strong, Capacities: organisation}, lint.ProblemExcludesLogin},
		"every proof":             {assurance.Requirement{Level: checked, ExcludedProofings: offered}, lint.ProblemExcludesProofing},
		"a proof nobody needs":    {assurance.Requirement{Level: basic, ExcludedProofings: offered}, ""},
		"an unknown document":     {assurance.Requirement{Document: "new"}, lint.ProblemDocument},
		"a renewal of the valid":  {assurance.Requirement{Document: "current", Renewal: true}, lint.ProblemRenewal},
		"an unknown capacity":     {assurance.Requirement{Capacities: []assurance.CapacityTerm{{Capacity: "none"}}}, lint.ProblemUnknownCapacity},
		"a capacity twice":        {assurance.Requirement{Capacities: append(organisation, organisation...)}, lint.ProblemDuplicate},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := lint.CheckRequirement(p, c.r)
			if c.want == "" && len(got) > 0 || c.want != "" && (len(got) == 0 || got[0].Code != c.want) {
				t.Errorf("found %v, want %q", got, c.want)
			}
		})
	}
	// Where no proof is offered at all, people are brought in otherwise.
	none := p
	none.Steps = p.Steps[:1]
	if got := lint.CheckRequirement(none, assurance.Requirement{Level: checked, ExcludedProofings: offered}); len(got) != 0 {
		t.Errorf("found %v", got)
	}
}
