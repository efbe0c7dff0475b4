package assurance_test

import (
	"slices"
	"testing"
	"time"

	"surety/assurance"
)

func TestR1_ALetterDoesNotOpenTheTaxServiceAVisitDoes(t *testing.T) {
	t.Parallel()
	s := having(person(assurance.StageStandard, used(assurance.MethodPassword, time.Hour)), assurance.MethodPassword)
	w := waysOf(t, assurance.Requirement{Level: substantial}, s)
	others := []assurance.Requirement{
		{Level: substantial},
		{Level: substantial, ExcludedProofings: []assurance.ProofingMethod{assurance.ProofingLetter}}, // the tax service
		{Level: high},
		{Level: basic, MaxAge: time.Minute}, // opens by logging in again
		{Level: "utmost"},
		forHeads(substantial),
	}
	want := map[string][]int{
		"present idcard":           {4, 5},
		"prove counter, enrol otp": {2, 4, 5},
		"prove letter, enrol otp":  {1, 2, 4, 5},
	}
	for i, name := range told(w.Ways) {
		if got := assurance.One(fourLevels()).StayClosed(w.Ways[i], s, others); !slices.Equal(got, want[name]) {
			t.Errorf("after %q stay closed %v, want %v", name, got, want[name])
		}
	}
	s.Rights = []assurance.Acting{head}
	if got := assurance.One(fourLevels()).StayClosed(w.Ways[0], s, others[5:]); len(got) != 0 {
		t.Error("what takes no more than a choice is told to stay closed")
	}
	impossible := assurance.Way{Steps: []assurance.Step{{Action: assurance.ActionLogin, Method: assurance.MethodEDS}}}
	if got := assurance.One(fourLevels()).StayClosed(impossible, s, others[:1]); len(got) != 1 {
		t.Error("a way that nobody can go opens something")
	}
	strict := fourLevels()
	strict.Levels[2].Login = strict.Levels[3].Login
	if got := (assurance.Rules{Policy: fourLevels(), Also: []assurance.Policy{strict}}).StayClosed(w.Ways[1], s, others[:1]); len(got) != 1 {
		t.Error("opened what stays closed under the policy that comes")
	}
}

func TestR1_AnAppIsOfferedWhileTheLetterTravels(t *testing.T) {
	t.Parallel()
	s := having(person(assurance.StageStandard, used(assurance.MethodPassword, 0)), assurance.MethodPassword)
	w := waysOf(t, assurance.Requirement{Level: substantial}, s)
	card, letter := w.Ways[0], w.Ways[2]
	if !card.AtOnce() || letter.AtOnce() {
		t.Error("a card waits for something, or a letter for nothing")
	}
	if got := letter.Meanwhile(); len(got) != 1 || got[0].Method != assurance.MethodOTP {
		t.Errorf("meanwhile %+v, want the app", got)
	}
	if got := card.Meanwhile(); len(got) != 0 {
		t.Errorf("meanwhile %+v", got)
	}
}

func TestAProofBindsWhatIsAddedAfterItAlsoForAnAnchoredAccount(t *testing.T) {
	t.Parallel()
	r := assurance.Requirement{Level: substantial}
	for _, anchored := range []bool{false, true} {
		s := having(person(assurance.StageStandard, used(assurance.MethodPassword, 0)), assurance.MethodPassword)
		s.Anchored = anchored
		want := []string{"present idcard", "prove counter, enrol otp", "prove letter, enrol otp"}
		if got := told(waysOf(t, r, s).Ways); !slices.Equal(got, want) {
			t.Errorf("anchored %v: ways %q, want %q", anchored, got, want)
		}
	}
	// A proof by a register alone binds nothing: it asks nobody who they are.
	p := fourLevels()
	p.Steps = []assurance.Step{p.Steps[0], p.Steps[1], p.Steps[6]}
	p.Steps[1].To = assurance.StageConfirmed
	s := having(person(assurance.StageSimplified, used(assurance.MethodPassword, 0)), assurance.MethodPassword)
	if d, ok := assurance.Decide(p, r, s).(assurance.Ways); ok && told(d.Ways)[0] != "prove registry, enrol otp" {
		t.Errorf("decided %+v", d)
	}
	s.Proofings, s.Stage = []assurance.Proofing{proven(assurance.StageConfirmed, assurance.ProofingCounter)}, assurance.StageConfirmed
	if _, ok := assurance.Decide(p, r, s).(assurance.Refuse); !ok {
		t.Error("a register bound an app that a password session added")
	}
}
