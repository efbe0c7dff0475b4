package assurance_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"surety/assurance"
)

// told writes ways as a person would read them: "letter, otp".
func told(ways []assurance.Way) []string {
	var all []string
	for _, w := range ways {
		var steps []string
		for _, s := range w.Steps {
			what := string(s.Method)
			if what == "" {
				what = string(s.Proofing)
			}
			steps = append(steps, fmt.Sprintf("%s %s", s.Action, what))
		}
		all = append(all, strings.Join(steps, ", "))
	}
	return all
}

// waysOf decides and demands ways.
func waysOf(t *testing.T, r assurance.Requirement, s assurance.Situation) assurance.Ways {
	t.Helper()
	d := assurance.Decide(fourLevels(), r, s)
	w, ok := d.(assurance.Ways)
	if !ok {
		t.Fatalf("decided %T %+v, want Ways", d, d)
	}
	return w
}

// refused decides and demands a refusal.
func refused(t *testing.T, r assurance.Requirement, s assurance.Situation) assurance.Refuse {
	t.Helper()
	d := assurance.Decide(fourLevels(), r, s)
	f, ok := d.(assurance.Refuse)
	if !ok {
		t.Fatalf("decided %T %+v, want Refuse", d, d)
	}
	return f
}

// having adds authenticators to a person.
func having(s assurance.Situation, methods ...assurance.Method) assurance.Situation {
	for _, m := range methods {
		s.Authenticators = append(s.Authenticators, assurance.Authenticator{Method: m})
	}
	return s
}

func TestR1_AWayIsAnOrderedListOfStepsSoonestFirst(t *testing.T) {
	t.Parallel()
	s := having(person(assurance.StageStandard, used(assurance.MethodPassword, time.Minute)), assurance.MethodPassword)
	w := waysOf(t, assurance.Requirement{Level: substantial}, s)
	want := []string{"present idcard", "prove counter, enrol otp", "prove letter, enrol otp"}
	if got := told(w.Ways); !slices.Equal(got, want) {
		t.Errorf("ways %q, want %q", got, want)
	}
	if got := (w.Gap); got != (assurance.Gap{Required: substantial, Held: checked, Login: true, Identity: assurance.StageConfirmed}) {
		t.Errorf("gap %+v", got)
	}
	if letter := w.Ways[2]; letter.Soonest != 14*day+3*time.Minute || letter.Latest != 35*day+10*time.Minute {
		t.Errorf("the letter takes %v to %v", letter.Soonest, letter.Latest)
	}
}

func TestR1_ACardIsOneStepThatDoesBoth(t *testing.T) {
	t.Parallel()
	s := having(person(assurance.StageSimplified, used(assurance.MethodPassword, 0)), assurance.MethodPassword)
	if got := told(waysOf(t, assurance.Requirement{Level: high}, s).Ways); !slices.Equal(got, []string{"present idcard"}) {
		t.Errorf("ways to high %q", got)
	}
}

func TestR1_NoWayIsShownThatDoesNotEndInTheProcedure(t *testing.T) {
	t.Parallel()
	// An app that was added in a session of a simplified account stays bound to
	// it: with a letter alone it would not open what needs substantial.
	s := having(person(assurance.StageStandard, used(assurance.MethodPassword, 0)), assurance.MethodPassword)
	s.Authenticators = append(s.Authenticators, assurance.Authenticator{Method: assurance.MethodOTP, BoundLevel: basic})
	got := told(waysOf(t, assurance.Requirement{Level: substantial}, s).Ways)
	if want := []string{"present idcard", "prove counter, enrol otp", "prove letter, enrol otp"}; !slices.Equal(got, want) {
		t.Errorf("ways %q, want %q: the limited app has to be bound anew", got, want)
	}
	// The tax service's procedures exclude the letter.
	noLetter := assurance.Requirement{Level: checked, ExcludedProofings: []assurance.ProofingMethod{assurance.ProofingLetter, assurance.ProofingRegistry}}
	simplified := having(person(assurance.StageSimplified, used(assurance.MethodPassword, 0)), assurance.MethodPassword)
	if got := told(waysOf(t, noLetter, simplified).Ways); !slices.Equal(got, []string{"present idcard", "prove counter"}) {
		t.Errorf("ways without letter and registry %q", got)
	}
}

func TestAnAppAddedInAPasswordSessionIsNoWayByItself(t *testing.T) {
	t.Parallel()
	s := having(person(assurance.StageConfirmed, used(assurance.MethodPassword, 0)), assurance.MethodPassword)
	r := assurance.Requirement{Level: substantial}
	want := []string{"present idcard", "prove counter, enrol otp", "prove letter, enrol otp"}
	if got := told(waysOf(t, r, s).Ways); !slices.Equal(got, want) {
		t.Errorf("ways %q, want %q: only a letter or a counter binds an app", got, want)
	}
	noLetter := r
	noLetter.ExcludedProofings = []assurance.ProofingMethod{assurance.ProofingLetter}
	if got := told(waysOf(t, noLetter, s).Ways); !slices.Equal(got, want[:2]) {
		t.Errorf("ways %q, want %q: what is excluded binds nothing", got, want[:2])
	}
	s.Anchored = true // a code to the telephone that was confirmed at the counter
	want = []string{"present idcard", "enrol otp"}
	if got := told(waysOf(t, r, s).Ways); !slices.Equal(got, want) {
		t.Errorf("ways %q, want %q: the telephone binds it as well", got, want)
	}
}

func TestWhatTheAccountAlreadyHasIsTheShortestWay(t *testing.T) {
	t.Parallel()
	s := having(person(assurance.StageConfirmed, used(assurance.MethodPassword, 0)), assurance.MethodPassword, assurance.MethodOTP, assurance.MethodPasskey)
	want := []string{"login otp", "login passkey", "present idcard"}
	if got := told(waysOf(t, assurance.Requirement{Level: substantial}, s).Ways); !slices.Equal(got, want) {
		t.Errorf("ways %q, want %q", got, want)
	}
}

func TestAStepIsTakenOnlyFromTheStageItNeeds(t *testing.T) {
	t.Parallel()
	p := fourLevels()
	letterOnly := []assurance.Step{p.Steps[0], p.Steps[2]}
	p.Levels[1].Identity = assurance.StageConfirmed
	s := having(person(assurance.StageSimplified, used(assurance.MethodPassword, 0)), assurance.MethodPassword)
	r := assurance.Requirement{Level: checked}
	if w, ok := assurance.Decide(p, r, s).(assurance.Ways); !ok || !slices.Contains(told(w.Ways), "prove registry, prove letter") {
		t.Errorf("decided %+v, want the letter after the registry", w)
	}
	p.Steps = letterOnly
	if d, ok := assurance.Decide(p, r, s).(assurance.Refuse); !ok {
		t.Errorf("decided %+v: a letter needs a standard account", d)
	}
}

func TestAStaleLoginIsClosedByLoggingInAgain(t *testing.T) {
	t.Parallel()
	s := having(person(assurance.StageSimplified, used(assurance.MethodPassword, time.Hour)), assurance.MethodPassword)
	w := waysOf(t, assurance.Requirement{Level: basic, MaxAge: time.Minute}, s)
	if got := told(w.Ways); got[0] != "login password" {
		t.Errorf("ways %q, want the password first", got)
	}
	if w.Held != basic || !w.Login || w.Identity != "" {
		t.Errorf("gap %+v, want basic held and only the login missing", w.Gap)
	}
}

func TestBeforeAnybodyHasLoggedInWhoeverComesMayHoldAnything(t *testing.T) {
	t.Parallel()
	nobody := assurance.Situation{Now: now}
	w := waysOf(t, assurance.Requirement{}, nobody)
	if got := told(w.Ways); !slices.Equal(got, []string{"login password", "login passkey", "present idcard"}) {
		t.Errorf("ways %q", got)
	}
	if w.Gap != (assurance.Gap{Required: basic, Login: true}) {
		t.Errorf("gap %+v", w.Gap)
	}
	w = waysOf(t, assurance.Requirement{Level: substantial}, nobody)
	if got := told(w.Ways); !slices.Equal(got, []string{"login passkey", "login password, login otp", "present idcard"}) {
		t.Errorf("ways to substantial %q", got)
	}
	if w.Identity != "" {
		t.Errorf("identity %q is missing of somebody who is not known yet", w.Identity)
	}
}

func TestWhatNobodyCanReachIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	r := assurance.Requirement{Level: high, ExcludedMethods: []assurance.Method{assurance.MethodIDCard}}
	f := refused(t, r, assurance.Situation{Now: now})
	if f.Reason != assurance.ReasonExcluded || f.Reachable != substantial {
		t.Errorf("refused %+v, want excluded and substantial reachable", f)
	}
	p := fourLevels()
	p.Steps = p.Steps[:1] // the password is all there is
	d := assurance.Decide(p, assurance.Requirement{Level: high}, assurance.Situation{Now: now})
	if f, ok := d.(assurance.Refuse); !ok || f.Reason != assurance.ReasonNoWay || f.Reachable != checked {
		t.Errorf("decided %+v, want no way and checked reachable", d)
	}
}

func TestARefusalSaysWhatElseCanBeReached(t *testing.T) {
	t.Parallel()
	s := having(person(assurance.StageStandard, used(assurance.MethodPassword, 0)), assurance.MethodPassword)
	f := refused(t, assurance.Requirement{Level: high, ExcludedMethods: []assurance.Method{assurance.MethodIDCard}}, s)
	want := assurance.Refuse{
		Gap:       assurance.Gap{Required: high, Held: checked, Login: true, Identity: assurance.StageConfirmed},
		Reason:    assurance.ReasonExcluded,
		Reachable: substantial,
	}
	if f != want {
		t.Errorf("refused %+v, want %+v", f, want)
	}
}

func TestASearchIsBounded(t *testing.T) {
	t.Parallel()
	// Thousands of steps of which many fit together: with all of them tried
	// this test would not end.
	p := fourLevels()
	card := p.Steps[len(p.Steps)-1]
	p.Steps = p.Steps[:len(p.Steps)-1]
	for range 1000 {
		p.Steps = append(p.Steps,
			assurance.Step{Action: assurance.ActionEnrol, Method: assurance.MethodOTP},
			assurance.Step{Action: assurance.ActionProve, Proofing: assurance.ProofingLetter, To: assurance.StageConfirmed})
	}
	p.Steps = append(p.Steps, card)
	s := having(person(assurance.StageStandard, used(assurance.MethodPassword, 0)), assurance.MethodPassword)
	if d, ok := assurance.Decide(p, assurance.Requirement{Level: high}, s).(assurance.Refuse); !ok || d.Reason != assurance.ReasonNoWay {
		t.Errorf("decided %+v; Check refuses such a policy", d)
	}
}
