package profile_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"surety/assurance"
)

// The sentences of DESIGN §9 about the Russian profile, one test each.

func TestRU_SimplifiedStandardConfirmedEachByPasswordOrMore(t *testing.T) {
	t.Parallel()
	p := load(t, "ru")
	for _, stage := range stages {
		for _, by := range [][]assurance.Method{
			{assurance.MethodPassword}, {assurance.MethodPasskey}, {assurance.MethodEDS}, {assurance.MethodIDCard},
			{assurance.MethodPassword, assurance.MethodOTP}, {assurance.MethodPassword, assurance.MethodSMS},
		} {
			if got := level(p, person(stage, by...)); string(got) != string(stage) {
				t.Errorf("%s by %v reaches %q", stage, by, got)
			}
		}
		// Less than a password is less than the lowest level.
		for _, m := range []assurance.Method{assurance.MethodSMS, assurance.MethodOTP} {
			if got := level(p, person(stage, m)); got != "" {
				t.Errorf("%s by %s alone reaches %q", stage, m, got)
			}
		}
	}
}

func TestRU_PensionFundAndMigrationServiceCheckSNILSAndPassport(t *testing.T) {
	t.Parallel()
	p := load(t, "ru")
	found := ways(p, assurance.Requirement{Level: "standard"}, person(assurance.StageSimplified, assurance.MethodPassword))
	if len(found) == 0 {
		t.Fatal("there is no way to the standard level")
	}
	i := slices.IndexFunc(found, func(w assurance.Way) bool { return w.Steps[0].Proofing == assurance.ProofingRegistry })
	if i < 0 {
		t.Fatalf("no registry is asked: %+v", found)
	}
	step := found[i].Steps[0]
	if len(found[i].Steps) != 1 || !slices.Equal(step.Needs, []string{"passport", "snils"}) || step.To != assurance.StageStandard ||
		step.Soonest != 5*time.Minute || step.Latest != 5*24*time.Hour {
		t.Errorf("registries are asked by %+v", found[i].Steps)
	}
}

func TestRU_OneIsConfirmedByLetterServiceCentreEDSOrCard(t *testing.T) {
	t.Parallel()
	p := load(t, "ru")
	var by []assurance.ProofingMethod
	for _, w := range ways(p, assurance.Requirement{Level: "confirmed"}, person(assurance.StageStandard, assurance.MethodPassword)) {
		if len(w.Steps) != 1 {
			t.Errorf("a way of %d steps: %+v", len(w.Steps), w.Steps)
		}
		by = append(by, w.Steps[0].Proofing)
		if w.Steps[0].Proofing == assurance.ProofingLetter && (w.Soonest != 14*24*time.Hour || w.Latest != 35*24*time.Hour || !w.Steps[0].AddressChecked) {
			t.Errorf("the letter: %+v", w)
		}
	}
	slices.Sort(by)
	if !slices.Equal(by, []assurance.ProofingMethod{assurance.ProofingCounter, assurance.ProofingEDS, assurance.ProofingIDCard, assurance.ProofingLetter}) {
		t.Errorf("ways by %v", by)
	}
	for _, proof := range by {
		s := person(assurance.StageConfirmed, assurance.MethodPassword)
		s.Proofings[0].Method = proof
		if got := level(p, s); got != "confirmed" {
			t.Errorf("confirmed by %s reaches %q", proof, got)
		}
	}
	// A letter goes to somebody whom the registries know already.
	for _, w := range ways(p, assurance.Requirement{Level: "confirmed"}, person(assurance.StageSimplified, assurance.MethodPassword)) {
		letter := slices.IndexFunc(w.Steps, func(s assurance.Step) bool { return s.Proofing == assurance.ProofingLetter })
		if letter == 0 {
			t.Error("a letter is offered before the registries were asked")
		}
	}
}

func TestRU_ACardWhoseIssueHasEndedCountsUntilItExpires(t *testing.T) {
	t.Parallel()
	p := load(t, "ru")
	ends := noon.Add(24 * time.Hour)
	s := person(assurance.StageConfirmed, assurance.MethodIDCard)
	s.Proofings = []assurance.Proofing{{Method: assurance.ProofingIDCard, Stage: assurance.StageConfirmed, At: noon, ExpiresAt: ends}}
	for _, c := range []struct {
		civil time.Time
		want  assurance.LevelName
	}{{noon, "confirmed"}, {ends.Add(-time.Second), "confirmed"}, {ends, "simplified"}} {
		s.Civil = c.civil
		if got := level(p, s); got != c.want {
			t.Errorf("at %s the card reaches %q", c.civil, got)
		}
	}
	// Whoever has one is offered to use it, and everybody reads that there are no new ones.
	offered := func(step assurance.Step) bool {
		return step.Action == assurance.ActionPresent && step.Method == assurance.MethodIDCard && slices.Contains(step.Needs, "universal_card")
	}
	if !slices.ContainsFunc(p.Policy.Steps, offered) {
		t.Error("the card is not offered")
	}
}

func TestRU_TheTaxServiceExcludesLetters(t *testing.T) {
	t.Parallel()
	p := load(t, "ru")
	var seen int
	for _, one := range procedures(t, p) {
		if !strings.HasPrefix(one.Code, "tax.") {
			continue
		}
		seen++
		for _, proof := range []assurance.ProofingMethod{assurance.ProofingLetter, assurance.ProofingCounter, assurance.ProofingEDS, assurance.ProofingIDCard} {
			s := person(assurance.StageConfirmed, assurance.MethodPassword)
			s.Proofings[0].Method = proof
			if got, want := opens(p, one.Requirement, s), proof != assurance.ProofingLetter; got != want {
				t.Errorf("%s opens to somebody confirmed by %s: %v", one.Code, proof, got)
			}
		}
		// It counts for nothing; it need not be absent.
		s := person(assurance.StageConfirmed, assurance.MethodPassword)
		s.Proofings = append(s.Proofings, assurance.Proofing{Method: assurance.ProofingLetter, Stage: assurance.StageConfirmed, At: noon})
		if !opens(p, one.Requirement, s) {
			t.Errorf("%s is closed to somebody who had a letter besides", one.Code)
		}
		// Nobody is sent to the post for it.
		for _, w := range ways(p, one.Requirement, person(assurance.StageStandard, assurance.MethodPassword)) {
			if slices.ContainsFunc(w.Steps, func(s assurance.Step) bool { return s.Proofing == assurance.ProofingLetter }) {
				t.Errorf("%s offers a letter", one.Code)
			}
		}
	}
	if seen < 2 {
		t.Errorf("the tax service has %d procedures", seen)
	}
}
