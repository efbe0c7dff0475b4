package assurance

// BoundLevelFor is up to where an authenticator counts that is added now: the
// level that the session proves, or without limit ("") when the addition is
// anchored, that is made sure of by a code to a contact which was confirmed
// with the identity and is unchanged since, by a letter, at a counter, or by a
// signature or card (DESIGN §3, b and c). It is false when the session proves
// nothing: then nothing may be added, anchored or not.
func BoundLevelFor(r Rules, s Situation, anchored bool) (LevelName, bool) {
	return boundBy(r.Held(s), anchored)
}

// boundBy is BoundLevelFor a session that holds the level.
func boundBy(held LevelName, anchored bool) (LevelName, bool) {
	if held == "" || anchored {
		return "", held != ""
	}
	return held, true
}

// Raise is the bound level of an authenticator after it was used in a session
// (DESIGN §3, a). others is the situation without the uses of that very
// authenticator: whoever proved a higher level by them vouches for it. The
// result is never lower than before, and without limit stays without limit.
func Raise(r Rules, bound LevelName, others Situation) LevelName {
	held := r.Held(others)
	if bound == "" || held == "" || r.Compare(held, bound) <= 0 {
		return bound
	}
	for _, other := range r.Also {
		if other.Compare(held, bound) < 0 {
			return bound // the other policy orders them otherwise
		}
	}
	return held
}
