package assurance_test

import (
	"slices"
	"testing"

	"surety/assurance"
)

// added adds an authenticator in the session and logs in by it.
func added(t *testing.T, s assurance.Situation, m assurance.Method, anchored bool) assurance.Situation {
	t.Helper()
	bound, ok := assurance.BoundLevelFor(assurance.One(fourLevels()), s, anchored)
	if !ok {
		t.Fatal("the session may add nothing")
	}
	u := used(m, 0)
	u.BoundLevel = bound
	s.Uses = append(slices.Clip(s.Uses), u)
	return s
}

func TestAttack_AStolenPasswordAddsTOTPAndAPasskeyAndTheLevelStays(t *testing.T) {
	t.Parallel()
	rules := assurance.One(fourLevels())
	thief := person(assurance.StageConfirmed, used(assurance.MethodPassword, 0))
	s := added(t, added(t, thief, assurance.MethodOTP, false), assurance.MethodPasskey, false)
	if got := rules.Held(s); got != checked {
		t.Fatalf("the thief reaches %q, want checked", got)
	}
	// Coming back, and using each beside the others, raises none of them.
	for round := range 5 {
		for i, u := range s.Uses {
			others := s
			others.Uses = slices.Delete(slices.Clone(s.Uses), i, i+1)
			s.Uses[i].BoundLevel = assurance.Raise(rules, u.BoundLevel, others)
		}
		if got := rules.Held(s); got != checked {
			t.Fatalf("in round %d the thief reaches %q, want checked", round, got)
		}
	}
}

func TestAttack_APasswordResetBySMSAndACodeToTheSamePhoneAreOneFactor(t *testing.T) {
	t.Parallel()
	reset, code := used(assurance.MethodPassword, 0), used(assurance.MethodSMS, 0)
	reset.DependsOn, code.DependsOn = []assurance.ContactID{phone}, []assurance.ContactID{phone}
	s := person(assurance.StageConfirmed, reset, code)
	g := granted(t, assurance.Requirement{}, s)
	if g.Level != checked || slices.Contains(g.AMR, "mfa") {
		t.Errorf("%s by %v, want checked by one factor", g.Level, g.AMR)
	}
	// What it adds counts no further, and does not vouch for the code.
	s = added(t, s, assurance.MethodOTP, false)
	if got := levelOf(fourLevels(), s); got != checked {
		t.Errorf("with an app of its own it reaches %q", got)
	}
	trace := assurance.Explain(fourLevels(), assurance.Requirement{Level: substantial}, person(assurance.StageConfirmed, reset, code))
	if note := missingTerm(trace, substantial); note.Cause != assurance.CauseSameContact {
		t.Errorf("it is told as %+v", note)
	}
}

func TestWhatIsAddedWithACodeToAnAnchoredContactIsNotLimited(t *testing.T) {
	t.Parallel()
	s := person(assurance.StageConfirmed, used(assurance.MethodPassword, 0))
	if got := levelOf(fourLevels(), added(t, s, assurance.MethodOTP, true)); got != substantial {
		t.Errorf("level %q, want substantial", got)
	}
	for _, anchored := range []bool{false, true} {
		if bound, ok := assurance.BoundLevelFor(assurance.One(fourLevels()), person(assurance.StageConfirmed), anchored); ok {
			t.Errorf("a session that proves nothing adds up to %q", bound)
		}
	}
}

func TestAnAuthenticatorIsRaisedByWhatElseTheSessionProves(t *testing.T) {
	t.Parallel()
	card, password := used(assurance.MethodIDCard, 0), used(assurance.MethodPassword, 0)
	swapped := fourLevels()
	swapped.Levels[1].Name, swapped.Levels[2].Name = substantial, checked
	cases := map[string]struct {
		also   []assurance.Policy
		bound  assurance.LevelName
		others assurance.Situation
		want   assurance.LevelName
	}{
		"beside a card":                    {nil, checked, person(assurance.StageConfirmed, card), high},
		"beside a password":                {nil, checked, person(assurance.StageConfirmed, password), checked},
		"never down":                       {nil, substantial, person(assurance.StageConfirmed, password), substantial},
		"without limit it stays":           {nil, "", person(assurance.StageConfirmed, card), ""},
		"beside nothing":                   {nil, basic, person(assurance.StageConfirmed), basic},
		"from a level of an older policy":  {nil, "gone", person(assurance.StageConfirmed, password), checked},
		"under two policies, as by both":   {[]assurance.Policy{fourLevels()}, basic, person(assurance.StageConfirmed, card), high},
		"under two that order them oddly":  {[]assurance.Policy{swapped}, substantial, person(assurance.StageConfirmed, password), substantial},
		"under one that proves it nothing": {[]assurance.Policy{{}}, basic, person(assurance.StageConfirmed, card), basic},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := assurance.Raise(assurance.Rules{Policy: fourLevels(), Also: c.also}, c.bound, c.others); got != c.want {
				t.Errorf("raised to %q, want %q", got, c.want)
			}
		})
	}
}

func TestALimitedAppIsBoundAnewRatherThanADeadEnd(t *testing.T) {
	t.Parallel()
	s := having(person(assurance.StageConfirmed, used(assurance.MethodPassword, 0)), assurance.MethodPassword)
	s.Authenticators = append(s.Authenticators, assurance.Authenticator{Method: assurance.MethodOTP, BoundLevel: checked})
	s.Anchored = true
	want := []string{"present idcard", "enrol otp"}
	if got := told(waysOf(t, assurance.Requirement{Level: substantial}, s).Ways); !slices.Equal(got, want) {
		t.Errorf("ways %q, want %q", got, want)
	}
	s.Authenticators[1].BoundLevel = substantial
	want = []string{"login otp", "present idcard"}
	if got := told(waysOf(t, assurance.Requirement{Level: substantial}, s).Ways); !slices.Equal(got, want) {
		t.Errorf("ways %q, want %q", got, want)
	}
}
