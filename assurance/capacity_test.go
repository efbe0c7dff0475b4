package assurance_test

import (
	"slices"
	"testing"

	"surety/assurance"
)

var (
	head  = assurance.Acting{Capacity: assurance.CapacityOrganisation, Role: "head"}
	clerk = assurance.Acting{Capacity: assurance.CapacityOrganisation, Role: "clerk"}
)

// forHeads takes heads of organisations, who log in as well as a level asks.
func forHeads(level assurance.LevelName) assurance.Requirement {
	return assurance.Requirement{Level: level, Capacities: []assurance.CapacityTerm{
		{Capacity: assurance.CapacityOrganisation, Roles: []string{"head"}},
	}}
}

func TestR9_WhoeverHasTheRightIsAskedToChooseItFirst(t *testing.T) {
	t.Parallel()
	s := having(person(assurance.StageConfirmed, used(assurance.MethodPassword, 0)), assurance.MethodPassword, assurance.MethodOTP)
	s.Rights = []assurance.Acting{clerk, head}
	w := waysOf(t, forHeads(basic), s)
	if len(w.Ways) != 1 || len(w.Ways[0].Steps) != 1 || w.Ways[0].Steps[0].Acting != head || w.Ways[0].Soonest != 0 || !w.Ways[0].AtOnce() {
		t.Errorf("ways %+v, want the choice alone", w.Ways)
	}
	if w.Gap != (assurance.Gap{Required: basic, Held: checked, Capacity: true}) {
		t.Errorf("gap %+v", w.Gap)
	}
	w = waysOf(t, forHeads(substantial), s)
	for _, way := range w.Ways {
		if way.Steps[0].Action != assurance.ActionAct {
			t.Errorf("%+v does not begin with the choice", way)
		}
	}
	if got := told(w.Ways); got[0] != "act , login otp" {
		t.Errorf("ways %q, want the app after the choice", got)
	}
	s.Acting = head
	if g := granted(t, forHeads(basic), s); g.Level != checked {
		t.Errorf("level %s, want the person's own", g.Level)
	}
}

func TestR9_WhoeverLacksTheRightIsRefusedForIt(t *testing.T) {
	t.Parallel()
	s := person(assurance.StageConfirmed, used(assurance.MethodIDCard, 0))
	s.Rights = []assurance.Acting{clerk, {Capacity: assurance.CapacityGuardian}}
	if f := refused(t, forHeads(basic), s); f.Reason != assurance.ReasonCapacity || !f.Capacity || f.Held != high {
		t.Errorf("refused %+v", f)
	}
	s.Acting = assurance.Acting{Capacity: "king"}
	if f := refused(t, forHeads(basic), s); f.Reason != assurance.ReasonCapacity {
		t.Errorf("refused %+v", f)
	}
	if assurance.Requirement.Accepts(assurance.Requirement{}, s.Acting) {
		t.Error("where any capacity will do an unknown one does")
	}
}

func TestR9_ActingForOthersTakesNoLessThanThePolicySays(t *testing.T) {
	t.Parallel()
	p := fourLevels()
	p.Capacities = []assurance.CapacityRule{{Capacity: assurance.CapacityOrganisation, Level: substantial}}
	s := having(person(assurance.StageConfirmed, used(assurance.MethodPassword, 0)), assurance.MethodPassword, assurance.MethodOTP)
	s.Acting = head
	w, ok := assurance.Decide(p, forHeads(basic), s).(assurance.Ways)
	if !ok || w.Required != substantial || told(w.Ways)[0] != "login otp" {
		t.Fatalf("decided %+v, want substantial by the app", w)
	}
	// Where any capacity will do, acting for oneself takes less.
	w, ok = assurance.Decide(p, assurance.Requirement{Level: basic}, s).(assurance.Ways)
	if !ok || w.Ways[0].Steps[0].Action != assurance.ActionAct || w.Ways[0].Steps[0].Acting != (assurance.Acting{}) {
		t.Errorf("decided %+v, want to act for oneself", w)
	}
	s.Uses = append(s.Uses, used(assurance.MethodOTP, 0))
	if !isGranted(assurance.Decide(p, forHeads(basic), s)) {
		t.Error("not granted at the level that acting takes")
	}
	p.Capacities[0].Level = "gone"
	if f, ok := assurance.Decide(p, forHeads(basic), s).(assurance.Refuse); !ok || f.Reason != assurance.ReasonCapacity {
		t.Error("a capacity whose level nobody knows opens something")
	}
}

func TestR9_EverybodyMayActForThemselves(t *testing.T) {
	t.Parallel()
	s := person(assurance.StageSimplified, used(assurance.MethodPassword, 0))
	s.Acting = head
	r := assurance.Requirement{Capacities: []assurance.CapacityTerm{{Capacity: assurance.CapacitySelf}}}
	w := waysOf(t, r, s)
	if len(w.Ways) != 1 || w.Ways[0].Steps[0].Acting != (assurance.Acting{}) {
		t.Errorf("ways %+v", w.Ways)
	}
	s.Acting = assurance.Acting{Capacity: assurance.CapacitySelf}
	granted(t, r, s)
}

func TestR9_AStrangerLogsInBeforeTheyChoose(t *testing.T) {
	t.Parallel()
	w := waysOf(t, forHeads(basic), assurance.Situation{Now: now})
	if got := told(w.Ways); got[0] != "login password, act " || w.Capacity {
		t.Errorf("ways %q, gap %+v", got, w.Gap)
	}
}

func TestR9_TogetherProceduresTakeWhatEachAccepts(t *testing.T) {
	t.Parallel()
	term := func(c assurance.Capacity, roles ...string) assurance.CapacityTerm {
		return assurance.CapacityTerm{Capacity: c, Roles: roles}
	}
	of := func(terms ...assurance.CapacityTerm) assurance.Requirement {
		return assurance.Requirement{Capacities: terms}
	}
	org, self := assurance.CapacityOrganisation, assurance.CapacitySelf
	cases := map[string]struct {
		a, b assurance.Requirement
		want []assurance.CapacityTerm
	}{
		"any and any":      {of(), of(), nil},
		"any and one":      {of(), of(term(org)), []assurance.CapacityTerm{term(org)}},
		"one and any role": {of(term(org)), of(term(org, "head")), []assurance.CapacityTerm{term(org, "head")}},
		"roles in common":  {of(term(org, "head", "clerk")), of(term(org, "head")), []assurance.CapacityTerm{term(org, "head")}},
		"self by its name": {of(term("")), of(term(self), term(org)), []assurance.CapacityTerm{term(self)}},
		"other roles":      {of(term(org, "clerk")), of(term(org, "head")), []assurance.CapacityTerm{term(assurance.CapacityNone)}},
		"others":           {of(term(org)), of(term(self)), []assurance.CapacityTerm{term(assurance.CapacityNone)}},
	}
	for name, c := range cases {
		for _, both := range []assurance.Requirement{fourLevels().Strictest(c.a, c.b), fourLevels().Strictest(c.b, c.a)} {
			if !slices.EqualFunc(both.Capacities, c.want, func(x, y assurance.CapacityTerm) bool {
				return (x.Capacity == y.Capacity || x.Capacity == "") && slices.Equal(x.Roles, y.Roles)
			}) {
				t.Errorf("%s: %+v, want %+v", name, both.Capacities, c.want)
			}
		}
	}
	s := person(assurance.StageConfirmed, used(assurance.MethodIDCard, 0))
	s.Rights = []assurance.Acting{head}
	none := fourLevels().Strictest(of(term(org)), of(term(self)))
	if f := refused(t, none, s); f.Reason != assurance.ReasonConflict {
		t.Errorf("refused %+v, want that they exclude each other", f)
	}
	if f := refused(t, fourLevels().Strictest(none, of(term(org))), s); f.Reason != assurance.ReasonConflict {
		t.Errorf("refused %+v, want that they exclude each other", f)
	}
}
