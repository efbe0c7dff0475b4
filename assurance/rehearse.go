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
// stolen password could add what it lacks.
func (x *explorer) enrol(step Step, s Situation, anchored bool) (Situation, bool) {
	has := func(a Authenticator) bool { return a.Method.Is(step.Method) }
	if x.anyone || slices.ContainsFunc(s.Authenticators, has) {
		return s, false
	}
	added := Authenticator{Method: step.Method}
	if !anchored {
		added.BoundLevel = held(x.policy, s)
		if added.BoundLevel == "" {
			return s, false
		}
	}
	return logIn(s, added), true
}

// logIn adds the use that the authenticator would make now.
func logIn(s Situation, a Authenticator) Situation {
	proven := a.AMR
	if len(proven) == 0 {
		proven = usualAMR[a.Method]
	}
	s.Uses = append(slices.Clip(s.Uses), Use{
		Method: a.Method, At: s.Now, Issuer: a.Issuer, AMR: proven, DependsOn: a.DependsOn,
		BoundLevel: a.BoundLevel, Cap: a.Cap, NotBefore: a.NotBefore,
	})
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
		return step.proves() && !slices.Contains(x.requirement.ExcludedProofings, step.Proofing)
	}
	return false
}
