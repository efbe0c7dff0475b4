package assurance_test

import (
	"slices"
	"testing"
	"time"

	"surety/assurance"
)

func TestCheckFindsWhatShowsOnlyWhenPartsAreCompared(t *testing.T) {
	t.Parallel()
	level := func(i, a int) assurance.Place { return assurance.Place{Level: i, Alternative: a, Term: -1, Step: -1} }
	step := func(i int) assurance.Place { return assurance.Place{Level: -1, Alternative: -1, Term: -1, Step: i} }
	capacity := func(i int) assurance.Place {
		return assurance.Place{Level: -1, Alternative: -1, Term: -1, Step: -1, Capacity: i}
	}
	rules := func(p *assurance.Policy, rules ...assurance.CapacityRule) { p.Capacities = rules }
	org := assurance.CapacityRule{Capacity: assurance.CapacityOrganisation, Level: basic}
	cases := map[string]struct {
		change func(*assurance.Policy)
		code   assurance.ProblemCode
		at     assurance.Place
	}{
		"a higher level for one factor of two": {func(p *assurance.Policy) {
			p.Levels[1].Login = []assurance.Alternative{one(assurance.MethodPassword, assurance.MethodOTP)}
			p.Levels[2].Login = []assurance.Alternative{one(assurance.MethodPassword)}
		}, assurance.ProblemWeaker, level(2, 0)},
		"a higher level for any key": {func(p *assurance.Policy) {
			p.Levels[0].Login = []assurance.Alternative{{{Method: assurance.MethodPasskey, AMR: []string{"hwk"}, MaxAge: time.Hour}}}
		}, assurance.ProblemWeaker, level(2, 3)},
		"an unknown framework": {func(p *assurance.Policy) { p.Levels[3].Equals = "nist:aal2" }, assurance.ProblemEquals, level(3, -1)},
		"claims upside down": {func(p *assurance.Policy) {
			p.Levels[2].Equals, p.Levels[3].Equals = "eidas:high", "eidas:substantial"
		}, assurance.ProblemEqualsOrder, level(3, -1)},
		"a claim for one factor": {func(p *assurance.Policy) { p.Levels[2].Equals = "eidas:substantial" }, assurance.ProblemEqualsFactor, level(2, 0)},
		"a claim for one factor of a level above": {func(p *assurance.Policy) {
			p.Levels[2].Equals = "eidas:substantial"
			p.Levels[2].Login = p.Levels[2].Login[1:]
		}, assurance.ProblemEqualsFactor, level(3, 0)},
		"a claim without a proof": {func(p *assurance.Policy) { p.Levels[0].Equals = "eidas:low" }, assurance.ProblemEqualsProof, level(0, -1)},
		"a claim by a letter to anywhere": {func(p *assurance.Policy) { p.Levels[3].Equals = "eidas:high" },
			assurance.ProblemEqualsLetter, step(2)},
		"a checked address of no letter": {func(p *assurance.Policy) { p.Steps[3].AddressChecked = true }, assurance.ProblemField, step(3)},
		"a login in a capacity":          {func(p *assurance.Policy) { p.Steps[0].Acting = head }, assurance.ProblemField, step(0)},
		"a choice that is offered":       {func(p *assurance.Policy) { p.Steps[0].Action = assurance.ActionAct }, assurance.ProblemAction, step(0)},
		"a proof that no level asks for": {func(p *assurance.Policy) {
			for i := range p.Levels {
				p.Levels[i].Identity = assurance.StageStandard
			}
		}, assurance.ProblemLeadsNowhere, step(2)},
		"an unknown capacity":    {func(p *assurance.Policy) { rules(p, assurance.CapacityRule{Capacity: "king", Level: basic}) }, assurance.ProblemCapacity, capacity(1)},
		"acting for oneself":     {func(p *assurance.Policy) { rules(p, org, assurance.CapacityRule{Capacity: "self", Level: basic}) }, assurance.ProblemCapacity, capacity(2)},
		"a capacity twice":       {func(p *assurance.Policy) { rules(p, org, org) }, assurance.ProblemDuplicate, capacity(2)},
		"a capacity at no level": {func(p *assurance.Policy) { rules(p, assurance.CapacityRule{Capacity: "guardian"}) }, assurance.ProblemLevel, capacity(1)},
		"seven capacities":       {func(p *assurance.Policy) { p.Capacities = make([]assurance.CapacityRule, 7) }, assurance.ProblemTooMany, capacity(7)},
		"a negative grace":       {func(p *assurance.Policy) { p.DocumentGrace = -1 }, assurance.ProblemAge, level(-1, -1)},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := fourLevels()
			c.change(&p)
			found := slices.ContainsFunc(p.Check(), func(x assurance.Problem) bool { return x.Code == c.code && x.Place == c.at })
			if !found {
				t.Errorf("not found: %s at %+v; found %+v", c.code, c.at, p.Check())
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
	if problems := p.Check(); len(problems) != 0 {
		t.Errorf("problems %v", problems)
	}
}

func TestALevelThatNoStepLeadsToIsRemarked(t *testing.T) {
	t.Parallel()
	if got := fourLevels().Remarks(); len(got) != 0 {
		t.Errorf("remarks %v", got)
	}
	p := fourLevels()
	p.Steps = p.Steps[:len(p.Steps)-1] // no card
	if got := p.Remarks(); len(got) != 1 || got[0].Code != assurance.ProblemNoStep || got[0].Value != string(high) {
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
		want assurance.ProblemCode
	}{
		"nothing":                 {assurance.Requirement{}, ""},
		"all at once":             {assurance.Requirement{Level: high, MaxAge: time.Minute, ExcludedProofings: offered[:3], Document: "current", Capacities: organisation}, ""},
		"an unknown level":        {assurance.Requirement{Level: "utmost"}, assurance.ProblemLevel},
		"a negative age":          {assurance.Requirement{MaxAge: -1}, assurance.ProblemAge},
		"an unknown method":       {assurance.Requirement{ExcludedMethods: []assurance.Method{"totp"}}, assurance.ProblemMethod},
		"an unknown proofing":     {assurance.Requirement{ExcludedProofings: []assurance.ProofingMethod{"rumour"}}, assurance.ProblemProofing},
		"every log-in":            {assurance.Requirement{Level: high, ExcludedMethods: strong}, assurance.ProblemExcludesLogin},
		"what the capacity needs": {assurance.Requirement{Level: basic, ExcludedMethods: strong, Capacities: organisation}, assurance.ProblemExcludesLogin},
		"every proof":             {assurance.Requirement{Level: checked, ExcludedProofings: offered}, assurance.ProblemExcludesProofing},
		"a proof nobody needs":    {assurance.Requirement{Level: basic, ExcludedProofings: offered}, ""},
		"an unknown document":     {assurance.Requirement{Document: "new"}, assurance.ProblemDocument},
		"a renewal of the valid":  {assurance.Requirement{Document: "current", Renewal: true}, assurance.ProblemRenewal},
		"an unknown capacity":     {assurance.Requirement{Capacities: []assurance.CapacityTerm{{Capacity: "none"}}}, assurance.ProblemUnknownCapacity},
		"a capacity twice":        {assurance.Requirement{Capacities: append(organisation, organisation...)}, assurance.ProblemDuplicate},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := assurance.CheckRequirement(p, c.r)
			if c.want == "" && len(got) > 0 || c.want != "" && (len(got) == 0 || got[0].Code != c.want) {
				t.Errorf("found %v, want %q", got, c.want)
			}
		})
	}
	// Where no proof is offered at all, people are brought in otherwise.
	none := p
	none.Steps = p.Steps[:1]
	if got := assurance.CheckRequirement(none, assurance.Requirement{Level: checked, ExcludedProofings: offered}); len(got) != 0 {
		t.Errorf("found %v", got)
	}
}
