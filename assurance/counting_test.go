package assurance_test

import (
	"testing"
	"time"

	"surety/assurance"
)

// TestCountingLeavesOutWhatSupportsNothing and cuts the rest to what it is worth.
func TestCountingLeavesOutWhatSupportsNothing(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 3, 12, 0, 0, 0, time.UTC)
	all := []assurance.Proofing{
		{Method: assurance.ProofingRegistry, Stage: assurance.StageStandard},
		{Method: assurance.ProofingLetter, Stage: assurance.StageConfirmed},
		{Method: assurance.ProofingCounter, Stage: assurance.StageConfirmed, Cap: checked},
		{Method: assurance.ProofingEDS, Stage: assurance.StageConfirmed, ExpiresAt: now},
		{Method: assurance.ProofingImported, Stage: assurance.StageSimplified},
	}
	confirmed := assurance.Situation{Civil: now, Stage: assurance.StageConfirmed, Proofings: all}
	standard := confirmed
	standard.Stage = assurance.StageStandard
	for name, c := range map[string]struct {
		rules     assurance.Rules
		q         assurance.Requirement
		situation assurance.Situation
		want      map[assurance.ProofingMethod]assurance.Stage
	}{
		"as they are": {assurance.One(fourLevels()), assurance.Requirement{}, confirmed, map[assurance.ProofingMethod]assurance.Stage{
			assurance.ProofingRegistry: assurance.StageStandard, assurance.ProofingLetter: assurance.StageConfirmed, assurance.ProofingCounter: assurance.StageStandard,
		}},
		"the account has fallen": {assurance.One(fourLevels()), assurance.Requirement{}, standard, map[assurance.ProofingMethod]assurance.Stage{
			assurance.ProofingRegistry: assurance.StageStandard, assurance.ProofingLetter: assurance.StageStandard, assurance.ProofingCounter: assurance.StageStandard,
		}},
		"one is excluded": {
			assurance.One(fourLevels()), assurance.Requirement{ExcludedProofings: []assurance.ProofingMethod{assurance.ProofingLetter}}, confirmed,
			map[assurance.ProofingMethod]assurance.Stage{assurance.ProofingRegistry: assurance.StageStandard, assurance.ProofingCounter: assurance.StageStandard},
		},
		"another policy has no such cap": {
			during(func(p *assurance.Policy) { p.Levels[1].Name = "renamed" }), assurance.Requirement{}, confirmed,
			map[assurance.ProofingMethod]assurance.Stage{assurance.ProofingRegistry: assurance.StageStandard, assurance.ProofingLetter: assurance.StageConfirmed},
		},
		"no civil time": {assurance.One(fourLevels()), assurance.Requirement{}, assurance.Situation{Stage: assurance.StageConfirmed, Proofings: all}, nil},
	} {
		got := c.rules.Counting(c.q, c.situation)
		if len(got) != len(c.want) {
			t.Errorf("%s: %v", name, got)
		}
		for _, p := range got {
			if c.want[p.Method] != p.Stage {
				t.Errorf("%s: %s is worth %s", name, p.Method, p.Stage)
			}
		}
	}
	if all[2].Stage != assurance.StageConfirmed {
		t.Error("what was asked about was changed")
	}
}
