package profile_test

import (
	"slices"
	"testing"
	"time"

	"surety/assurance"
	"surety/assurance/lint"
)

// The sentence of DESIGN §9 about the demonstration profile, and what its ways
// promise.

const day = 24 * time.Hour

func TestDemo_TheNeutralDefaultHasAllMethodsAndFourLevels(t *testing.T) {
	t.Parallel()
	p := load(t, "demo")
	if len(p.Policy.Levels) != 4 || p.TrustFramework != "surety_demo" {
		t.Errorf("%d levels under %s", len(p.Policy.Levels), p.TrustFramework)
	}
	for _, m := range methods {
		offered := func(s assurance.Step) bool { return s.Action == assurance.ActionLogin && m.Is(s.Method) }
		if !slices.ContainsFunc(p.Policy.Steps, offered) {
			t.Errorf("nobody is offered to log in by %s", m)
		}
		fills := func(l assurance.Level) bool {
			return slices.ContainsFunc(l.Login, func(a assurance.Alternative) bool {
				return slices.ContainsFunc(a, func(t assurance.Term) bool { return m.Is(t.Method) })
			})
		}
		if !slices.ContainsFunc(p.Policy.Levels, fills) {
			t.Errorf("%s counts nowhere", m)
		}
	}
	for _, l := range p.Policy.Levels {
		if l.Equals != "" {
			t.Errorf("%s claims to equal %s, and nobody has looked at it", l.Name, l.Equals)
		}
	}
}

// Story 5: soonest first, the card now, the counter today, a letter in two to
// five weeks with an authenticator app meanwhile.
func TestR1_WaysAreSoonestFirstCardThenCounterThenLetterWithAnApp(t *testing.T) {
	t.Parallel()
	p := load(t, "demo")
	found := ways(p, procedureNamed(t, p, "3.30.01").Requirement, person(assurance.StageStandard, assurance.MethodPassword))
	place := func(proofing assurance.ProofingMethod, last assurance.Method) int {
		return slices.IndexFunc(found, func(w assurance.Way) bool {
			return w.Steps[0].Proofing == proofing && w.Steps[len(w.Steps)-1].Method == last
		})
	}
	card, counter, letter := place(assurance.ProofingIDCard, assurance.MethodIDCard), place(assurance.ProofingCounter, assurance.MethodOTP), place(assurance.ProofingLetter, assurance.MethodOTP)
	if card < 0 || counter < card || letter < counter {
		t.Fatalf("card %d, counter %d, letter %d of %+v", card, counter, letter, found)
	}
	if !found[card].AtOnce() || found[counter].AtOnce() || found[letter].AtOnce() {
		t.Error("only a card works without leaving the screen")
	}
	if app := found[letter].Meanwhile(); len(app) != 1 || app[0].Method != assurance.MethodOTP {
		t.Errorf("while the letter travels: %+v", app)
	}
	if w := found[letter]; w.Soonest < 14*day || w.Latest < 35*day || w.Latest > 36*day {
		t.Errorf("the letter takes %s to %s", w.Soonest, w.Latest)
	}
}

// A person whose identity is confirmed and whose telephone was confirmed with it
// is an app away; without such a contact an app of their own adds nothing.
func TestDemo_AnAppClosesTheGapOnlyWhereAContactOfTheProofingBindsIt(t *testing.T) {
	t.Parallel()
	p := load(t, "demo")
	app := func(w assurance.Way) bool {
		return len(w.Steps) == 1 && w.Steps[0].Action == assurance.ActionEnrol && w.Steps[0].Method == assurance.MethodOTP
	}
	for _, anchored := range []bool{true, false} {
		s := person(assurance.StageConfirmed, assurance.MethodPassword)
		s.Anchored = anchored
		found := ways(p, procedureNamed(t, p, "3.30.01").Requirement, s)
		if got := slices.ContainsFunc(found, app); got != anchored {
			t.Errorf("anchored %v: an app alone is a way: %v", anchored, got)
		}
	}
}

func TestR4_ALetterTakesFourteenToThirtyFiveDaysAndGoesToNoUncheckedAddress(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"demo", "ru"} {
		var seen bool
		for _, s := range load(t, name).Policy.Steps {
			if s.Proofing != assurance.ProofingLetter {
				continue
			}
			seen = true
			if s.Soonest != 14*day || s.Latest != 35*day || !s.AddressChecked || s.From != assurance.StageStandard {
				t.Errorf("%s: %+v", name, s)
			}
		}
		if !seen {
			t.Errorf("%s offers no letter", name)
		}
	}
}

// Whoever comes for a new document is not turned away because the old one has
// ended, however long ago (RULES R3).
func TestR3_ExpiredDocumentDoesNotLockOutRenewal(t *testing.T) {
	t.Parallel()
	for name, codes := range map[string]struct{ renewal, current string }{"demo": {"3.50.02", "3.50.01"}, "by": {"2.41.05", "2.41.02"}, "ru": {"30.03", "30.04"}} {
		p := load(t, name)
		s := person(assurance.StageConfirmed, assurance.MethodPassword, assurance.MethodOTP, assurance.MethodIdentifier)
		for _, c := range []struct {
			ended            time.Duration // how long ago
			renewal, current bool
		}{{-day, true, true}, {0, true, false}, {p.Policy.DocumentGrace - time.Second, true, false}, {p.Policy.DocumentGrace + 1000*day, true, false}} {
			s.Proofings[0].DocumentUntil = noon.Add(-c.ended)
			if got := opens(p, procedureNamed(t, p, codes.renewal).Requirement, s); got != c.renewal {
				t.Errorf("%s: a renewal %s after the end of the document: %v", name, c.ended, got)
			}
			if got := opens(p, procedureNamed(t, p, codes.current).Requirement, s); got != c.current {
				t.Errorf("%s: what needs a current document %s after its end: %v", name, c.ended, got)
			}
		}
	}
}

// The linter has nothing to remark about a profile of ours.
func TestEachLevelOfEachProfileHasAWayThatIsOffered(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"demo", "by", "ru", "ua"} {
		for _, remark := range lint.Remarks(load(t, name).Policy) {
			t.Errorf("%s: %v", name, remark)
		}
	}
}
