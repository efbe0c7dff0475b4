package assurance

import (
	"slices"
	"time"
)

// Cause is why evidence does not count, or not further. The codes are stable:
// texts are kept by them.
type Cause string

// The causes.
const (
	CauseFuture       Cause = "future"             // from further ahead than clocks differ
	CauseTooOld       Cause = "too_old"            // older than the requirement's maximum age
	CauseBefore       Cause = "before_interaction" // from before the log-in that was asked for
	CauseNotYet       Cause = "not_yet"            // begins to count later
	CauseExcluded     Cause = "excluded"           // the requirement excludes it
	CauseBound        Cause = "bound"              // counts up to the level of the session that added it
	CauseCapped       Cause = "capped"             // counts up to its cap
	CauseUnknownLevel Cause = "unknown_level"      // limited by a level that the policy does not know
	CauseExpired      Cause = "expired"            // the proofing has ended
	CauseDocument     Cause = "document"           // the document has ended, and a current one is asked for
	CauseGrace        Cause = "grace"              // the document has ended, and so has the time after it
	CauseStage        Cause = "stage"              // the account does not hold the stage, or it is none
	CauseNoCivil      Cause = "no_civil_time"      // nobody knows the day

	CauseNoUse       Cause = "no_use"       // the person did not log in by this
	CauseAMR         Cause = "amr"          // does not prove what the term asks for
	CauseChannel     Cause = "channel"      // came another way than the term asks for
	CauseIssuer      Cause = "issuer"       // vouched for by another than the term asks for
	CauseTermAge     Cause = "term_age"     // older than the term allows
	CauseSameContact Cause = "same_contact" // depends on a contact of another use that counts: one factor
	CauseSameMethod  Cause = "same_method"  // of the method of another use that counts: one factor
)

// Trace is how a decision came about, as plain values: for every piece of
// evidence whether and how far it counts, and for every level what is missing.
type Trace struct {
	Decision Decision
	Required LevelName // the least level that will do, the capacity considered
	Acting   Acting
	Accepted bool // the capacity is one that the requirement accepts
	Uses     []UseTrace
	Proofs   []ProofTrace
	Levels   []LevelTrace // in the order of the policy, lowest first
}

// Note is one thing that keeps evidence from counting, or from counting higher.
type Note struct {
	Cause Cause
	Level LevelName // with CauseBound, CauseCapped and CauseUnknownLevel
	Use   int       // with CauseSameContact and CauseSameMethod: the other use; else -1
}

// UseTrace is what became of one use, in the order of the situation.
type UseTrace struct {
	Use    Use
	Counts bool
	UpTo   LevelName // up to where it may count
	Notes  []Note
}

// ProofTrace is what became of one proofing, in the order of the situation.
type ProofTrace struct {
	Proofing Proofing
	Counts   bool
	UpTo     LevelName // the highest level whose identity it supports
	Notes    []Note
}

// LevelTrace says which axis of a level holds.
type LevelTrace struct {
	Level    LevelName
	Identity bool
	Login    bool
	// Missing is the stage that the identity lacks; empty when it holds.
	Missing Stage
	// Nearest is the log-in that lacks least. It holds when Login does.
	Nearest AlternativeTrace
}

// AlternativeTrace is an alternative with what fills its terms.
type AlternativeTrace struct {
	Level LevelName // the level whose alternative it is; empty when there is none
	Terms []TermTrace
}

// TermTrace is a term with the use that fills it, or why none does.
type TermTrace struct {
	Term Term
	Use  int  // position among the uses; -1 when nothing fills it
	Note Note // why nothing does
}

// Explain tells how Decide comes to its answer, by the same rules.
func Explain(p Policy, r Requirement, s Situation) Trace {
	t := Trace{Decision: Decide(p, r, s), Acting: s.Acting, Accepted: r.Accepts(s.Acting)}
	if target := p.target(&r, s.Acting); target >= 0 {
		t.Required = p.Levels[target].Name
	}
	for i := range s.Uses {
		t.Uses = append(t.Uses, p.traceUse(&s.Uses[i], &r, s.Now))
	}
	for i := range s.Proofings {
		t.Proofs = append(t.Proofs, p.traceProof(&s.Proofings[i], &r, s))
	}
	x := nearest{uses: s.Uses, traces: t.Uses, now: s.Now, counting: counting(nil, &p, &r, &s)}
	id := identify(&p, &r, &s)
	for rank := range p.Levels {
		level := LevelTrace{Level: p.Levels[rank].Name, Identity: id.rank >= rank}
		if !level.Identity {
			level.Missing = p.leastIdentity(rank)
		}
		level.Nearest, level.Login = x.find(p, rank)
		t.Levels = append(t.Levels, level)
	}
	return t
}

// about is a note that names no level and no other use.
func about(c Cause) Note { return Note{Cause: c, Use: -1} }

// traceUse tells what becomes of one use.
func (p Policy) traceUse(u *Use, r *Requirement, now time.Time) UseTrace {
	t := UseTrace{Use: *u}
	if cause := r.drops(u, now); cause != "" {
		t.Notes = append(t.Notes, about(cause))
	}
	t.Notes = append(t.Notes, p.limits(u.BoundLevel, CauseBound)...)
	t.Notes = append(t.Notes, p.limits(u.Cap, CauseCapped)...)
	rank := p.limit(u.BoundLevel, u.Cap)
	if t.Counts = r.drops(u, now) == "" && rank >= 0; t.Counts {
		t.UpTo = p.Levels[rank].Name
	}
	return t
}

// limits notes a limit that lies below the highest level.
func (p Policy) limits(name LevelName, cause Cause) []Note {
	switch rank := p.rank(name); {
	case name == "":
		return nil
	case rank < 0:
		cause = CauseUnknownLevel
	case rank == len(p.Levels)-1:
		return nil
	}
	return []Note{{Cause: cause, Level: name, Use: -1}}
}

// traceProof tells what becomes of one proofing.
func (p Policy) traceProof(f *Proofing, r *Requirement, s Situation) ProofTrace {
	t := ProofTrace{Proofing: *f}
	cause := p.drops(f, r, s.Civil)
	if cause != "" {
		t.Notes = append(t.Notes, about(cause))
	}
	if !f.Stage.Known() || f.Stage.Compare(s.Stage) > 0 {
		t.Notes = append(t.Notes, about(CauseStage))
	}
	t.Notes = append(t.Notes, p.limits(f.Cap, CauseCapped)...)
	rank := min(p.identityRank(lower(f.Stage, s.Stage)), p.limit(f.Cap))
	if t.Counts = cause == "" && rank >= 0; t.Counts {
		t.UpTo = p.Levels[rank].Name
	}
	return t
}

// nearest looks for the alternative that lacks least. Unlike matcher it also
// fills alternatives in part, and does not care which of two uses is fresher.
type nearest struct {
	uses     []Use
	traces   []UseTrace
	now      time.Time
	counting []candidate
}

// find returns the nearest alternative to a log-in of the level of that rank,
// and whether it is one.
func (x *nearest) find(p Policy, rank int) (AlternativeTrace, bool) {
	var best AlternativeTrace
	lacks := MaxTerms + 1
	for level := rank; level < len(p.Levels); level++ {
		for _, a := range p.Levels[level].Login {
			if len(a) == 0 || len(a) > MaxTerms {
				continue
			}
			picked, missing := x.assign(a, rank)
			if missing > lacks {
				continue
			}
			terms := x.tell(a, rank, picked)
			if missing < lacks || nearer(terms, best.Terms) {
				best, lacks = AlternativeTrace{Level: p.Levels[level].Name, Terms: terms}, missing
			}
		}
	}
	return best, lacks == 0
}

// nearer reports whether a is nearer than b, of two that lack as many terms:
// it has more of them already, or a use that almost fills one.
func nearer(a, b []TermTrace) bool {
	if len(a) != len(b) {
		return len(a) > len(b)
	}
	unused := func(t TermTrace) bool { return t.Note.Cause == CauseNoUse }
	return !slices.ContainsFunc(a, unused) && slices.ContainsFunc(b, unused)
}

// assign fills as many terms of the alternative as it can, and counts those
// that are left.
func (x *nearest) assign(a Alternative, rank int) (best []int, missing int) {
	missing = len(a) + 1
	picked := make([]int, 0, MaxTerms)
	var try func(left int)
	try = func(left int) {
		n := len(picked)
		if left >= missing {
			return
		}
		if n == len(a) {
			best, missing = append([]int(nil), picked...), left
			return
		}
		for _, c := range x.counting {
			if u := &x.uses[c.use]; c.rank >= rank && a[n].accepts(u, x.now) && x.clash(u, picked[:n]).Cause == "" {
				picked = append(picked[:n], c.use)
				try(left)
			}
		}
		picked = append(picked[:n], -1)
		try(left + 1)
		picked = picked[:n]
	}
	try(0)
	return best, missing
}

// clash names the picked use with which this one is one factor.
func (x *nearest) clash(u *Use, picked []int) Note {
	for _, i := range picked {
		if i < 0 {
			continue
		}
		if cause := u.shares(&x.uses[i]); cause != "" {
			return Note{Cause: cause, Use: i}
		}
	}
	return Note{}
}

// tell writes down what fills each term, or why nothing does.
func (x *nearest) tell(a Alternative, rank int, picked []int) []TermTrace {
	terms := make([]TermTrace, len(a))
	for n := range a {
		terms[n] = TermTrace{Term: a[n], Use: picked[n]}
		if picked[n] < 0 {
			terms[n].Note = x.whyNot(&a[n], rank, picked)
		}
	}
	return terms
}

// whyNot says why no use fills the term: of the use of its method that came
// furthest through the rules.
func (x *nearest) whyNot(t *Term, rank int, picked []int) Note {
	note, furthest := about(CauseNoUse), 0
	for i := range x.uses {
		u := &x.uses[i]
		if !u.Method.Is(t.Method) {
			continue
		}
		why, stage := x.stops(t, i, rank, picked)
		if stage > furthest {
			note, furthest = why, stage
		}
	}
	return note
}

// stops says at which rule a use of the term's method stops, counted in the
// order in which Decide looks at them.
func (x *nearest) stops(t *Term, use, rank int, picked []int) (Note, int) {
	u, trace := &x.uses[use], &x.traces[use]
	at := -1
	for _, c := range x.counting {
		if c.use == use {
			at = c.rank
		}
	}
	switch {
	case !trace.Counts:
		return trace.Notes[0], 1
	case at < rank:
		return trace.Notes[len(trace.Notes)-1], 2
	}
	if cause := t.lacks(u, x.now); cause != "" {
		return about(cause), 3
	}
	return x.clash(u, picked), 4
}
