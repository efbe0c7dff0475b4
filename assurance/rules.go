package assurance

import "slices"

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
// is no more than was reached under any of them, by its name and by its acr
// value. Where one does not grant, its answer stands: by the time a person has
// gone a way, one policy is in force again.
func (r Rules) Decide(q Requirement, s Situation) Decision {
	decision := Decide(r.Policy, q, s)
	granted, ok := decision.(Granted)
	if !ok || len(r.Also) == 0 {
		return decision
	}
	answers := make([]Granted, len(r.Also))
	for i, other := range r.Also {
		d := Decide(other, q, s)
		if answers[i], ok = d.(Granted); !ok {
			return d
		}
	}
	agreed, ok := r.agree(granted, answers, func(p Policy) int { return p.target(&q, s.Acting) })
	if !ok {
		// One of them has no such level, or orders the levels otherwise.
		return Refuse{Gap: Gap{Required: q.Level, Held: r.Held(s)}, Reason: ReasonUnknownLevel}
	}
	return agreed
}

// Held is the level that all evidence of the situation reaches under every
// policy of the rules, whatever is required and in whatever capacity the person
// acts; empty means none.
func (r Rules) Held(s Situation) LevelName {
	if len(r.Also) == 0 {
		return held(&r.Policy, &s)
	}
	granted, ok := reach(&r.Policy, &Requirement{}, &s, 0)
	answers := make([]Granted, len(r.Also))
	for i := 0; ok && i < len(r.Also); i++ {
		answers[i], ok = reach(&r.Also[i], &Requirement{}, &s, 0)
	}
	if !ok {
		return ""
	}
	granted, _ = r.agree(granted, answers, func(Policy) int { return 0 })
	return granted.Level
}

// ACRFor is Policy.ACRFor under all policies: a requested value is stated only
// where no policy reads more into it than was reached.
func (r Rules) ACRFor(requested []string, reached LevelName) string {
	top := r.rank(reached)
	for i := top; i >= 0; i-- {
		acr := r.Levels[i].ACR
		if slices.Contains(requested, acr) && !slices.ContainsFunc(r.Also, func(p Policy) bool { return p.overstates(acr, p.rank(reached)) }) {
			return acr
		}
	}
	if top < 0 {
		return ""
	}
	return r.Levels[top].ACR
}

// overstates reports whether the policy reads an acr value as a level above
// that rank. A value that it does not know says nothing to its readers.
func (p Policy) overstates(acr string, rank int) bool {
	i := slices.IndexFunc(p.Levels, func(l Level) bool { return l.ACR == acr })
	return i > rank
}

// agree brings the granted level down to one that all answers cover, and rests
// it on what counted under any of them. It fails when that leaves less than
// the rank that some policy asks for at least.
func (r Rules) agree(g Granted, answers []Granted, least func(Policy) int) (Granted, bool) {
	for rank := r.rank(g.Level); rank >= least(r.Policy); rank-- {
		if l := r.Levels[rank]; r.covered(l, answers, least) {
			g.Level, g.ACR = l.Name, l.ACR
			for _, a := range answers {
				g = g.restingOn(a)
			}
			return g, true
		}
	}
	return Granted{}, false
}

// covered reports whether every other policy has the level, asks for no more
// and reached no less, whether its readers go by the name or by the acr value.
func (r Rules) covered(l Level, answers []Granted, least func(Policy) int) bool {
	for i, other := range r.Also {
		rank, reached := other.rank(l.Name), other.rank(answers[i].Level)
		if rank < 0 || rank > reached || rank < least(other) || other.overstates(l.ACR, reached) {
			return false
		}
	}
	return true
}

// restingOn adds what counted under another policy: the uses, so that a refresh
// can decide anew under either, and the older of the two times, because under
// one of them the level is no fresher. What neither calls two factors is not
// told as such.
func (g Granted) restingOn(other Granted) Granted {
	if other.AuthTime.Before(g.AuthTime) {
		g.AuthTime = other.AuthTime
	}
	for _, u := range other.Uses {
		if slices.ContainsFunc(g.Uses, func(v Use) bool { return u.replaces(v) && v.replaces(u) }) {
			continue
		}
		g.Uses = append(slices.Clip(g.Uses), u)
		g.Methods = append(slices.Clip(g.Methods), u.Method)
	}
	two := slices.Contains(g.AMR, "mfa") || slices.Contains(other.AMR, "mfa")
	g.AMR = slices.DeleteFunc(amr(g.Uses), func(value string) bool { return value == "mfa" && !two })
	return g
}
