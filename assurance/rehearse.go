package assurance

import "slices"

// take does a step on paper: it returns the situation after it, or false if
// this person cannot take it. Evidence of the past is taken to last: who waits
// for a letter logs in again afterwards, and that is no step of its own.
func (x *explorer) take(step Step, s Situation, anchored bool) (Situation, bool) {
	switch step.Action {
	case ActionLogin:
		return x.login(step, s)
	case ActionEnrol:
		return x.enrol(step, s, anchored)
	case ActionProve:
		if x.anyone || s.Stage.rank() < step.From.rank() {
			return s, false
		}
		return prove(step, s), true
	case ActionPresent:
		return prove(step, logIn(s, Authenticator{Method: step.Method})), true
	case ActionAct:
		s.Rights = append(slices.Clip(s.Rights), s.Acting) // what one acted in one may go back to
		s.Acting = step.Acting
		return s, true
	}
	return s, false
}

// login logs in by every authenticator of the step's method that the account
// has. Before anybody has logged in, whoever comes may have it.
func (x *explorer) login(step Step, s Situation) (Situation, bool) {
	if x.anyone {
		return logIn(s, Authenticator{Method: step.Method}), true
	}
	had := false
	for _, a := range s.Authenticators {
		if a.Method.Is(step.Method) {
			s, had = logIn(s, a), true
		}
	}
	return s, had
}

// enrol adds an authenticator, bound to the level that the session proves by
// then, and logs in by it. A session that proves nothing adds nothing: else a
// stolen password could add what it lacks. Who has one already adds another
// only where that one may not count far enough.
func (x *explorer) enrol(step Step, s Situation, anchored bool) (Situation, bool) {
	enough := func(a Authenticator) bool {
		return a.Method.Is(step.Method) && x.policy.limit(a.BoundLevel) >= x.target
	}
	if x.anyone || slices.ContainsFunc(s.Authenticators, enough) {
		return s, false
	}
	bound, ok := boundBy(held(&x.policy, &s), anchored)
	if !ok {
		return s, false
	}
	return logIn(s, Authenticator{Method: step.Method, BoundLevel: bound}), true
}

// logIn adds the use that the authenticator would make now.
func logIn(s Situation, a Authenticator) Situation {
	s.Uses = append(slices.Clip(s.Uses), a.UsedAt(s.Now))
	return s
}

// prove adds the proofing that the step would leave, and raises the account.
func prove(step Step, s Situation) Situation {
	s.Proofings = append(slices.Clip(s.Proofings), Proofing{Method: step.Proofing, Stage: step.To, At: s.Civil})
	if step.To.rank() > s.Stage.rank() {
		s.Stage = step.To
	}
	return s
}

// binds reports whether the step makes sure who adds an authenticator after
// it, so that the authenticator may count for more than the session that adds
// it (DESIGN §3, c). A proofing that the requirement excludes binds nothing.
func (x *explorer) binds(step Step) bool {
	switch step.Proofing {
	case ProofingLetter, ProofingCounter, ProofingEDS, ProofingIDCard:
		return step.Proves() && !slices.Contains(x.requirement.ExcludedProofings, step.Proofing)
	}
	return false
}

// rehearse takes steps one after the other on paper. It is false when the
// person cannot take one of them. What binds an authenticator does so whatever
// a requirement makes of the proof itself: the steps are those of a way that
// somebody really goes.
func rehearse(p Policy, s Situation, steps []Step) (Situation, bool) {
	x := explorer{policy: p, target: len(p.Levels), anyone: s.anonymous()}
	if x.anyone {
		s = anybody(s)
	}
	anchored := s.Anchored
	for _, step := range steps {
		next, ok := x.take(step, s, anchored)
		if !ok {
			return s, false
		}
		s, anchored = next, anchored || x.binds(step)
	}
	return s, true
}
