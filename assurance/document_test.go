package assurance_test

import (
	"testing"
	"time"

	"surety/assurance"
)

// shown is a person who was confirmed by a document that is valid until 3 May:
// the fourth is the first day on which it no longer holds.
func shown() (s assurance.Situation, ends time.Time) {
	ends = time.Date(2026, time.May, 4, 0, 0, 0, 0, time.UTC)
	s = person(assurance.StageConfirmed, used(assurance.MethodIDCard, 0))
	s.Proofings[0].DocumentUntil = ends
	return s, ends
}

func TestR3_ValidUntilThirdOfMayIsAllOfThirdOfMay(t *testing.T) {
	t.Parallel()
	s, ends := shown()
	current := assurance.Requirement{Document: assurance.DocumentCurrent}
	for at, want := range map[time.Time]assurance.LevelName{ends.Add(-1): high, ends: basic} {
		s.Civil = at
		if g := granted(t, current, s); g.Level != want {
			t.Errorf("%s at %v, want %s", g.Level, at, want)
		}
	}
}

func TestR3_AfterTheGraceTheStageFallsButNotForARenewal(t *testing.T) {
	t.Parallel()
	p := fourLevels()
	p.DocumentGrace = 180 * day
	s, ends := shown()
	cases := map[string]struct {
		at    time.Time
		r     assurance.Requirement
		grace time.Duration
		want  assurance.LevelName
	}{
		"the day after":             {ends.Add(day), assurance.Requirement{}, 180 * day, high},
		"the last moment":           {ends.Add(180*day - 1), assurance.Requirement{}, 180 * day, high},
		"after that":                {ends.Add(180 * day), assurance.Requirement{}, 180 * day, basic},
		"years later, a renewal":    {ends.AddDate(9, 0, 0), assurance.Requirement{Renewal: true}, 180 * day, high},
		"no grace":                  {ends, assurance.Requirement{}, 0, basic},
		"no grace, before":          {ends.Add(-1), assurance.Requirement{}, 0, high},
		"no grace, a renewal":       {ends, assurance.Requirement{Renewal: true}, 0, high},
		"a grace that is no time":   {ends.Add(-1), assurance.Requirement{}, -day, high},
		"a renewal that wants more": {ends, assurance.Requirement{Renewal: true, Document: assurance.DocumentCurrent}, 180 * day, basic},
	}
	for name, c := range cases {
		p.DocumentGrace, s.Civil = c.grace, c.at
		if g, _ := assurance.Decide(p, c.r, s).(assurance.Granted); g.Level != c.want {
			t.Errorf("%s: %q, want %q", name, g.Level, c.want)
		}
	}
	s.Proofings[0].DocumentUntil, s.Civil, p.DocumentGrace = time.Time{}, ends.AddDate(50, 0, 0), 0
	if got := levelOf(p, s); got != high {
		t.Errorf("%q where no document is known, want high", got)
	}
}

func TestR3_APersonIsToldThatItIsTheDocument(t *testing.T) {
	t.Parallel()
	s, ends := shown()
	s.Civil = ends.Add(day)
	if w := waysOf(t, assurance.Requirement{Level: substantial}, s); !w.Document || w.Identity != assurance.StageConfirmed || w.Login {
		t.Errorf("gap %+v", w.Gap)
	}
	s.Stage = assurance.StageStandard // more than the document is missing
	if w := waysOf(t, assurance.Requirement{Level: substantial}, s); w.Document {
		t.Errorf("gap %+v", w.Gap)
	}
}

func TestR3_ARenewalBesideAnotherProcedureIsNone(t *testing.T) {
	t.Parallel()
	p, renewal := fourLevels(), assurance.Requirement{Level: checked, Renewal: true}
	if !p.Strictest(renewal).Renewal || !p.Strictest(renewal, renewal).Renewal || p.Strictest().Renewal {
		t.Error("renewals alone are no renewal, or nothing is one")
	}
	if p.Strictest(renewal, assurance.Requirement{Level: checked}).Renewal {
		t.Error("another procedure lost its rule for documents")
	}
	if r := p.AtLeast(renewal, substantial); !r.Renewal || r.Level != substantial {
		t.Errorf("with a client's minimum it is %+v", r)
	}
	if r := p.AtLeast(renewal, basic); r.Level != checked {
		t.Errorf("a lower minimum loosened it to %+v", r)
	}
}
