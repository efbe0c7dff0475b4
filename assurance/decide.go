package assurance

import (
	"slices"
	"time"
)

// Skew is how far the clocks of two of our machines may be apart (DESIGN §4).
// A use from further in the future than that counts for nothing.
const Skew = 10 * time.Second

// MaxTerms bounds the terms of an alternative, and with them the work of
// matching. Nobody logs in by more than this many methods at once; an
// alternative that asks for more is never met, and Check says so.
const MaxTerms = 4

// Decide answers whether the situation meets the requirement under the policy
// and, if not, how it can (DESIGN §3). It is total: any input has an answer,
// and what is malformed counts for nothing. It neither changes nor keeps its
// arguments; the result shares the memory of the uses and steps it names.
//
// It runs in every token request. Granted costs well under a microsecond per
// use; only the other answers search.
func Decide(p Policy, r Requirement, s Situation) Decision {
	if g, ok := grant(&p, &r, &s); ok {
		return g
	}
	return search(p, r, s)
}

// grant answers a requirement that is met.
func grant(p *Policy, r *Requirement, s *Situation) (Granted, bool) {
	target := p.target(r, s.Acting)
	if target < 0 || !r.Accepts(s.Acting) {
		return Granted{}, false
	}
	return reach(p, r, s, target)
}

// target is the rank of the least level that will do for whoever acts so: what
// the requirement asks for, and no less than acting so takes. It is -1 if the
// policy does not have the level.
func (p *Policy) target(r *Requirement, a Acting) int {
	target := p.required(r)
	for i := range p.Capacities {
		if target >= 0 && p.Capacities[i].Capacity.same(a.Capacity) {
			least := p.rank(p.Capacities[i].Level)
			if least < 0 {
				return -1
			}
			target = max(target, least)
		}
	}
	return target
}

// required is the rank of the level that r itself asks for, -1 if the policy
// does not have it.
func (p *Policy) required(r *Requirement) int {
	if r.Level != "" {
		return p.rank(r.Level)
	}
	return min(0, len(p.Levels)-1)
}

// held is the level that all evidence reaches, whatever is required.
func held(p *Policy, s *Situation) LevelName {
	g, _ := reach(p, &Requirement{}, s, 0)
	return g.Level
}

// reach finds the highest level, not below target, at which both axes hold.
// Each level is tried with the evidence that may count that high, from the
// top down, so that neither axis can lend the other what it lacks.
func reach(p *Policy, r *Requirement, s *Situation, target int) (Granted, bool) {
	id := identify(p, r, s)
	if id.rank < target {
		return Granted{}, false
	}
	var few [8]candidate
	var best choice
	m := matcher{uses: s.Uses, now: s.Now, counting: counting(few[:0], p, r, s), best: &best}
	for rank := id.rank; rank >= target; rank-- {
		if m.match(p, rank) {
			return best.granted(p, rank, id, s), true
		}
	}
	return Granted{}, false
}

// identity is how far the identity axis reaches, and by what.
type identity struct {
	rank     int
	stage    Stage
	proofing ProofingMethod
}

// identify finds the highest level whose identity the account fulfils. It
// starts from simplified, which needs no proofing, and lets every proofing
// that counts carry it up to its own stage, but never above the account's.
func identify(p *Policy, r *Requirement, s *Situation) identity {
	best := identity{rank: p.identityRank(StageSimplified), stage: StageSimplified}
	for i := range s.Proofings {
		proof := &s.Proofings[i]
		if p.drops(proof, r, s.Civil) != "" {
			continue
		}
		stage := lower(proof.Stage, s.Stage)
		rank := min(p.identityRank(stage), p.limit(proof.Cap))
		if rank > best.rank || (rank == best.rank && stage.rank() > best.stage.rank()) {
			best = identity{rank: rank, stage: stage, proofing: proof.Method}
		}
	}
	return best
}

// identityRank is the highest level whose own identity the stage fulfils; the
// levels below accept it too, because they accept what a higher one accepts.
func (p *Policy) identityRank(held Stage) int {
	for i := len(p.Levels) - 1; i >= 0; i-- {
		if needed := p.Levels[i].Identity; needed.Known() && needed.rank() <= held.rank() {
			return i
		}
	}
	return -1
}

// drops says why a proofing supports nothing under r; empty means that it
// counts. One whose document has ended counts for a while longer, without end
// for a renewal, and not at all where the document must still hold (RULES R3).
// Without a civil time nothing can be told.
func (p *Policy) drops(f *Proofing, r *Requirement, civil time.Time) Cause {
	switch {
	case civil.IsZero():
		return CauseNoCivil
	case civil.Before(f.NotBefore):
		return CauseNotYet
	case !f.ExpiresAt.IsZero() && !civil.Before(f.ExpiresAt):
		return CauseExpired
	case r.Document == DocumentCurrent && f.documentEnded(civil):
		return CauseDocument
	case !r.Renewal && p.graceOver(f, civil):
		return CauseGrace
	case slices.Contains(r.ExcludedProofings, f.Method):
		return CauseExcluded
	}
	return ""
}

// documentEnded reports whether the document shown holds no more: a register
// said so, or its day is over. Valid until 3 May is valid all of 3 May.
func (f *Proofing) documentEnded(civil time.Time) bool {
	return f.DocumentExpired || !f.DocumentUntil.IsZero() && !civil.Before(f.DocumentUntil)
}

// graceOver reports whether the document ended longer ago than the policy
// bears. Nobody's proofing ends by this whose document's day is not known.
func (p *Policy) graceOver(f *Proofing, civil time.Time) bool {
	return !f.DocumentUntil.IsZero() && !civil.Before(f.DocumentUntil.Add(max(0, p.DocumentGrace)))
}

// candidate is a use that counts, and the highest level it may count for.
type candidate struct {
	use  int // position in the situation
	rank int
}

// counting appends to list the uses that count under the requirement. What is
// stale, excluded or not yet valid is dropped before anything is decided, so
// that freshness is honest.
func counting(list []candidate, p *Policy, r *Requirement, s *Situation) []candidate {
	for i := range s.Uses {
		u := &s.Uses[i]
		if r.drops(u, s.Now) != "" {
			continue
		}
		if rank := p.limit(u.BoundLevel, u.Cap); rank >= 0 {
			list = append(list, candidate{use: i, rank: rank})
		}
	}
	return list
}

// drops says why a use counts for nothing under r; empty means that it counts.
func (r *Requirement) drops(u *Use, now time.Time) Cause {
	switch {
	case u.At.After(now.Add(Skew)):
		return CauseFuture
	case now.Before(u.NotBefore):
		return CauseNotYet
	case r.MaxAge > 0 && now.Sub(u.At) > r.MaxAge:
		return CauseTooOld
	case u.At.Before(r.UsesAfter):
		return CauseBefore
	case len(r.ExcludedMethods) > 0 && slices.ContainsFunc(r.ExcludedMethods, u.Method.Is):
		return CauseExcluded
	}
	return ""
}

// matcher fills the terms of alternatives with uses. It looks for the choice
// whose oldest use is youngest, and keeps the best one so far.
type matcher struct {
	uses     []Use
	now      time.Time
	counting []candidate
	best     *choice // apart, so that what is answered keeps none of the rest alive
}

// choice is an alternative with the uses that fill it. It names uses by their
// position, so that choosing allocates nothing.
type choice struct {
	found  bool
	level  int // the level whose alternative it is
	oldest time.Time
	uses   [MaxTerms]int // positions in the situation, one a term
	terms  int           // how many of them are filled
}

// match reports whether a login of the level of that rank or of a higher one
// happened, counting only uses that may count that high.
//
// Of two choices that are equally fresh, the one of the higher level stands:
// it is tried first, and only a fresher one replaces it.
func (m *matcher) match(p *Policy, rank int) bool {
	*m.best = choice{}
	for level := len(p.Levels) - 1; level >= rank; level-- {
		for _, alternative := range p.Levels[level].Login {
			if len(alternative) == 0 || len(alternative) > MaxTerms {
				continue
			}
			var picked [MaxTerms]int
			m.fill(alternative, level, rank, &picked, 0, time.Time{})
		}
	}
	return m.best.found
}

// fill tries every use for the n-th term, the ones before being filled by
// picked, whose oldest is given.
func (m *matcher) fill(a Alternative, level, rank int, picked *[MaxTerms]int, n int, oldest time.Time) {
	if n == len(a) {
		*m.best = choice{found: true, level: level, oldest: oldest, uses: *picked, terms: n}
		return
	}
	for _, c := range m.counting {
		u := &m.uses[c.use]
		if c.rank < rank || !a[n].accepts(u, m.now) || !m.independent(u, picked[:n]) {
			continue
		}
		age := oldest
		if n == 0 || u.At.Before(oldest) {
			age = u.At
		}
		// A choice that is no fresher than the best cannot replace it.
		if m.best.found && !age.After(m.best.oldest) {
			continue
		}
		picked[n] = c.use
		m.fill(a, level, rank, picked, n+1, age)
	}
}

// accepts reports whether the use fills the term.
func (t *Term) accepts(u *Use, now time.Time) bool {
	return u.Method.Is(t.Method) && t.lacks(u, now) == ""
}

// lacks says what keeps a use of the term's method from filling it; empty
// means that it fills it.
func (t *Term) lacks(u *Use, now time.Time) Cause {
	switch {
	case t.MaxAge > 0 && now.Sub(u.At) > t.MaxAge:
		return CauseTermAge
	case len(t.Channel) > 0 && !slices.Contains(t.Channel, u.Channel):
		return CauseChannel
	case len(t.Issuer) > 0 && !slices.Contains(t.Issuer, u.Issuer):
		return CauseIssuer
	}
	for _, value := range t.AMR {
		if !slices.Contains(u.AMR, value) {
			return CauseAMR
		}
	}
	return ""
}

// independent reports whether u is a factor of its own beside the uses picked
// so far.
func (m *matcher) independent(u *Use, picked []int) bool {
	for _, i := range picked {
		if u.shares(&m.uses[i]) != "" {
			return false
		}
	}
	return true
}

// shares says why two uses are one factor: they are of one method, or were set
// or recovered through the same contact. Who holds the telephone that reset the
// password and that gets the code holds one factor, not two.
func (u *Use) shares(other *Use) Cause {
	if other.Method == u.Method {
		return CauseSameMethod
	}
	for _, contact := range u.DependsOn {
		if slices.Contains(other.DependsOn, contact) {
			return CauseSameContact
		}
	}
	return ""
}

// granted builds the answer out of the choice.
func (c *choice) granted(p *Policy, rank int, id identity, s *Situation) Granted {
	g := Granted{
		Level:    p.Levels[rank].Name,
		ACR:      p.Levels[rank].ACR,
		Methods:  make([]Method, c.terms),
		Uses:     make([]Use, c.terms),
		AuthTime: c.oldest,
		Why: Why{
			PolicyVersion: p.Version,
			Alternative:   p.Levels[c.level].Name,
			Stage:         id.stage,
			Proofing:      id.proofing,
		},
	}
	if g.AuthTime.After(s.Now) { // by no more than Skew
		g.AuthTime = s.Now
	}
	for n, use := range c.uses[:c.terms] {
		g.Uses[n] = s.Uses[use]
		g.Methods[n] = s.Uses[use].Method
	}
	g.AMR = amr(g.Uses)
	return g
}
