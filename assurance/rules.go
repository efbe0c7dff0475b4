package assurance

// Rules are the policy in force and, around a change, the others that must
// agree with it: the one that is about to come into force, or that just was.
// Two processes may switch a moment apart; a token issued meanwhile must be
// true under whichever policy its reader knows (DESIGN §3).
type Rules struct {
	Policy          // in force: names, acr values, ways
	Also   []Policy // what is granted must be granted under each of these as well; usually empty
}

// One returns the rules that are a single policy.
func One(p Policy) Rules { return Rules{Policy: p} }

// Decide is the package's Decide under all policies at once: granted is what
// all of them grant, and the level is the highest of the policy in force that
// the others' levels cover. Where one does not grant, its answer stands.
func (r Rules) Decide(q Requirement, s Situation) Decision {
	decision := Decide(r.Policy, q, s)
	granted, ok := decision.(Granted)
	for _, other := range r.Also {
		if !ok {
			break
		}
		switch d := Decide(other, q, s).(type) {
		case Granted:
			granted, ok = r.lower(granted, other, d, q)
			if !ok {
				return Refuse{Gap: Gap{Required: q.Level, Held: granted.Level}, Reason: ReasonNoWay}
			}
			decision = granted
		default:
			return d
		}
	}
	return decision
}

// Held is the level that all evidence of the situation reaches under every
// policy of the rules, whatever is required; empty means none.
func (r Rules) Held(s Situation) LevelName {
	g, _ := r.Decide(Requirement{}, s).(Granted)
	return g.Level
}

// lower brings the granted level down to one that the other policy's answer
// covers, by name. It fails when that leaves less than is required.
func (r Rules) lower(g Granted, other Policy, d Granted, q Requirement) (Granted, bool) {
	for rank := r.rank(g.Level); rank >= 0; rank-- {
		l := r.Levels[rank]
		if other.rank(l.Name) < 0 || other.Compare(l.Name, d.Level) > 0 {
			continue
		}
		g.Level, g.ACR = l.Name, l.ACR
		return g, q.Level == "" || r.rank(q.Level) <= rank
	}
	return g, false
}
