package assurance

import (
	"slices"
	"time"
)

// AtOnce reports whether the way can be gone without leaving the screen: it
// waits for no letter and no visit.
func (w Way) AtOnce() bool {
	return !slices.ContainsFunc(w.Steps, Step.waits)
}

// Meanwhile returns the steps that need not wait for those before them: an
// authenticator app or a passkey is offered while the letter travels (RULES
// R1). What is added so counts no further than its session until the letter
// binds it.
func (w Way) Meanwhile() []Step {
	var steps []Step
	waits := false
	for _, s := range w.Steps {
		if waits && s.Action == ActionEnrol {
			steps = append(steps, s)
		}
		waits = waits || s.waits()
	}
	return steps
}

// waits reports whether the step takes something beyond the screen. What is
// handed over at a counter does, even if it logs in as well.
func (s Step) waits() bool { return s.Action == ActionProve || s.Proofing == ProofingCounter }

// StayClosed returns the positions of those requirements that the way will not
// open: "A letter does not open the tax service" (RULES R1). Opened is also
// what then takes no more than logging in by what the person has, afresh if
// need be, and choosing a capacity. After a way that the person cannot go all
// of them stay closed.
func (r Rules) StayClosed(w Way, s Situation, others []Requirement) []int {
	open := make([]bool, len(others))
	for i := range open {
		open[i] = true
	}
	for _, p := range append([]Policy{r.Policy}, r.Also...) {
		after, ok := rehearse(p, s, w.Steps)
		after = loggedInAnew(after)
		for i, q := range others {
			open[i] = open[i] && ok && p.opens(q, after)
		}
	}
	var closed []int
	for i := range open {
		if !open[i] {
			closed = append(closed, i)
		}
	}
	return closed
}

// loggedInAnew is the person after logging in again by all that they have: by
// what they used before, and by what the account has besides.
func loggedInAnew(s Situation) Situation {
	s.Uses = slices.Clone(s.Uses)
	for i := range s.Uses {
		s.Uses[i].At = s.Now
	}
	for _, a := range s.Authenticators {
		s = logIn(s, a)
	}
	return s
}

// opens reports whether the evidence is enough, in whatever capacity the person
// may choose.
func (p Policy) opens(q Requirement, s Situation) bool {
	q.MaxAge, q.UsesAfter = 0, time.Time{}
	return slices.ContainsFunc(p.acts(q, s), func(a act) bool {
		_, ok := reach(&p, &q, &s, a.target)
		return ok
	})
}
