package assurance

import (
	"cmp"
	"slices"
)

// maxSteps and MaxOffered bound the search for ways: a longer way is no help to
// a person, and no policy should offer more steps.
const (
	maxSteps   = 4
	MaxOffered = 32
)

// search answers a requirement that is not met: with ways if there are any.
func search(p Policy, r Requirement, s Situation) Decision {
	acts := p.acts(r, s)
	gap, target := p.gap(r, s, acts)
	if reason := impossible(p, r, acts); reason != "" {
		return Refuse{Gap: gap, Reason: reason}
	}
	if ways := waysOf(p, r, s, acts); len(ways) > 0 {
		return Ways{Gap: gap, Ways: ways}
	}
	return Refuse{Gap: gap, Reason: refusal(p, r, s, target), Reachable: reachable(p, r, s, target)}
}

// impossible says why no evidence would help; empty means that some might.
func impossible(p Policy, r Requirement, acts []act) Reason {
	switch {
	case p.required(&r) < 0:
		return ReasonUnknownLevel
	case len(acts) > 0:
		return ""
	case r.contradicts():
		return ReasonConflict
	}
	return ReasonCapacity
}

// gap tells what is missing, and the rank at which it is: where the person acts
// in no accepted capacity, that of the easiest one that they could act in.
func (p Policy) gap(r Requirement, s Situation, acts []act) (Gap, int) {
	gap := Gap{Required: r.Level, Held: held(&p, &s), Capacity: !r.Accepts(s.Acting) && !s.anonymous()}
	target := p.required(&r)
	if target < 0 {
		return gap, target
	}
	for i, a := range acts {
		if i == 0 || a.target < target {
			target = a.target
		}
		if a.acting.same(s.Acting) {
			break // the capacity stays: its own level is what is missing
		}
	}
	gap.Required = p.Levels[target].Name
	var noIdentity bool
	gap.Login, noIdentity = missing(&p, &r, &s, target)
	if noIdentity && !s.anonymous() {
		gap.Identity = p.leastIdentity(target)
		r.Document, r.Renewal = DocumentAny, true
		gap.Document = identify(&p, &r, &s).rank >= target
	}
	return gap, target
}

// waysOf finds the ways in every capacity that could help. Whoever acts in an
// accepted one keeps it, unless another takes less.
func waysOf(p Policy, r Requirement, s Situation, acts []act) []Way {
	var ways []Way
	var here []trail              // what helps in the capacity in which the person acts already
	explored := map[int][]trail{} // by target
	for _, a := range acts {
		same := a.acting.same(s.Acting)
		if stays := acts[0].acting.same(s.Acting); stays && !same && a.target >= acts[0].target {
			continue
		}
		found, known := explored[a.target]
		if !known {
			found = explore(p, r, s, a.target)
			explored[a.target] = found
		}
		if same {
			here = found
		}
		for _, t := range found {
			if same || !t.inVain(here) && !slices.ContainsFunc(here, func(o trail) bool { return o.set == t.set }) {
				ways = append(ways, newWay(t.steps).in(a.acting, same, s.anonymous()))
			}
		}
	}
	slices.SortStableFunc(ways, func(a, b Way) int {
		return cmp.Or(cmp.Compare(a.Soonest, b.Soonest), cmp.Compare(a.Latest, b.Latest),
			cmp.Compare(len(a.Steps), len(b.Steps)))
	})
	return ways
}

// in returns the way with the choice of a capacity: first of all, but of
// somebody who has not logged in yet only after they have.
func (w Way) in(a Acting, same, anonymous bool) Way {
	choice := Step{Action: ActionAct, Acting: a}
	switch {
	case same:
	case anonymous:
		w.Steps = append(slices.Clip(w.Steps), choice)
	default:
		w.Steps = append([]Step{choice}, w.Steps...)
	}
	return w
}

// anybody is the best case of a person who has not logged in yet: their
// identity is confirmed. If even they cannot get there, nobody needs to be
// asked for a password first. The civil time cannot matter to a proofing that
// is not a real one, so it need not be known.
func anybody(s Situation) Situation {
	s.Civil = s.Now
	s.Stage = StageConfirmed
	s.Proofings = []Proofing{{Stage: StageConfirmed, At: s.Now}}
	return s
}

// missing reports which axes do not reach the target.
func missing(p *Policy, r *Requirement, s *Situation, target int) (login, identity bool) {
	var few [8]candidate
	m := matcher{uses: s.Uses, now: s.Now, counting: counting(few[:0], p, r, s), best: new(choice)}
	return !m.match(p, target), identify(p, r, s).rank < target
}

// leastIdentity is the lowest stage that will do for the level of that rank.
func (p Policy) leastIdentity(rank int) Stage {
	var least Stage
	for _, l := range p.Levels[rank:] {
		if l.Identity.Known() && (least == "" || l.Identity.rank() < least.rank()) {
			least = l.Identity
		}
	}
	return least
}

// refusal names what stands in the way.
func refusal(p Policy, r Requirement, s Situation, target int) Reason {
	if len(r.ExcludedMethods) == 0 && len(r.ExcludedProofings) == 0 {
		return ReasonNoWay
	}
	r.ExcludedMethods, r.ExcludedProofings = nil, nil
	if attainable(p, r, s, target) {
		return ReasonExcluded
	}
	return ReasonNoWay
}

// reachable is the highest level below the target that is held or has a way.
func reachable(p Policy, r Requirement, s Situation, target int) LevelName {
	for rank := target - 1; rank >= 0; rank-- {
		if attainable(p, r, s, rank) {
			return p.Levels[rank].Name
		}
	}
	return ""
}

// attainable reports whether the level is held or has a way.
func attainable(p Policy, r Requirement, s Situation, target int) bool {
	return len(explore(p, r, s, target)) > 0
}

// trail is a set of steps that ends in the procedure. The set has one bit a
// step, its position in the policy, so that one trail can be told to hold
// another.
type trail struct {
	set   uint32
	steps []Step
}

// explorer tries steps out, in the order in which the policy lists them, by
// doing each on paper: the evidence that it would leave is added to the
// situation and decided about by the same rules as real evidence. So no way is
// shown that does not end in the procedure (RULES R1).
type explorer struct {
	policy      Policy
	requirement Requirement
	target      int
	anyone      bool // nobody has logged in yet
	found       []trail
	looks       int // situations looked at so far
}

// maxLooks bounds one search. The profiles' policies need some hundreds; one
// that is made to need millions offers what was found until then, and every
// way among that still ends in the procedure.
const maxLooks = 2000

// explore returns all ways to the target that hold no step in vain: the one
// without steps where it is held.
func explore(p Policy, r Requirement, s Situation, target int) []trail {
	x := explorer{policy: p, requirement: r, target: target, anyone: s.anonymous()}
	if x.anyone {
		s = anybody(s)
	}
	x.grow(s, trail{}, 0, s.Anchored)
	return slices.DeleteFunc(slices.Clone(x.found), func(t trail) bool { return t.inVain(x.found) })
}

// newWay adds up what the steps take.
func newWay(steps []Step) Way {
	w := Way{Steps: steps}
	for _, s := range steps {
		w.Soonest += s.Soonest
		w.Latest += s.Latest
	}
	return w
}

// inVain reports whether some of the trail's steps are enough by themselves.
func (t trail) inVain(found []trail) bool {
	return slices.ContainsFunc(found, func(other trail) bool {
		return other.set != t.set && other.set&t.set == other.set
	})
}

// grow extends the trail by each step from the given one on that still helps.
// anchored says that something on the trail binds a new authenticator.
func (x *explorer) grow(s Situation, t trail, from int, anchored bool) {
	x.looks++
	noLogin, noIdentity := missing(&x.policy, &x.requirement, &s, x.target)
	if !noLogin && !noIdentity {
		x.found = append(x.found, t)
		return
	}
	if len(t.steps) == maxSteps || x.looks >= maxLooks {
		return
	}
	for i := from; i < min(len(x.policy.Steps), MaxOffered); i++ {
		step := x.policy.Steps[i]
		binds := x.binds(step)
		helps := noIdentity && step.Proves() || noLogin && (step.LogsIn() && x.fills(step.Method) || binds && !anchored)
		if !helps {
			continue
		}
		next, ok := x.take(step, s, anchored)
		if !ok {
			continue
		}
		longer := trail{set: t.set | 1<<i, steps: append(slices.Clip(t.steps), step)}
		x.grow(next, longer, i+1, anchored || binds)
	}
}

// fills reports whether a use of the method could fill a term at the target.
func (x *explorer) fills(m Method) bool {
	for _, level := range x.policy.Levels[x.target:] {
		for _, alternative := range level.Login {
			if slices.ContainsFunc(alternative, func(t Term) bool { return m.Is(t.Method) || t.Method.Is(m) }) {
				return true
			}
		}
	}
	return false
}
