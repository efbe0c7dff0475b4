package assurance_test

import (
	"fmt"
	"slices"
	"time"

	"surety/assurance"
)

// laws are the laws of DESIGN §3, for the million. Each says what is broken,
// and counts the cases of which it said something.
var laws = []struct {
	name string
	try  func(*world, tally) error
}{
	{"Decide is total and asserts nothing that did not happen", lawTotal},
	{"more evidence never lowers the level", lawMoreEvidence},
	{"a higher requirement is never easier", lawStrictest},
	{"adding an authenticator never raises the level above that of its session", lawAdding},
	{"raising never lifts the session", lawRaising},
	{"after any satisfied max_age the age fits it", lawMaxAge},
	{"an expired proofing counts for nothing", lawExpired},
	{"what is excluded counts for nothing and need not be absent", lawExcluded},
	{"a capacity takes no less than its level and lends nothing", lawCapacity},
	{"what two policies grant is held under each", lawRules},
	{"what Explain tells is what Decide decides", lawExplain},
	{"a way opens what it was shown for", lawOpens},
	{"what a session forgets never matters", lawRemember},
}

func lawTotal(w *world, seen tally) error {
	if meets(w.p, w.r, w.s) != isGranted(w.decision) {
		return fmt.Errorf("decided %+v", w.decision)
	}
	switch d := w.decision.(type) {
	case assurance.Granted:
		seen["granted"]++
		return honest(w.p, w.r, w.s, d)
	case assurance.Ways:
		seen["ways"]++
		return leads(w, d, seen)
	case assurance.Refuse:
		seen["refused"]++
		if d.Reason == assurance.ReasonConflict {
			seen["conflict"]++
		}
		if d.Document {
			seen["document ended"]++
		}
		if d.Reason == "" || d.Reachable != "" && w.p.Compare(d.Reachable, d.Required) >= 0 {
			return fmt.Errorf("refused by %+v", d)
		}
		return nil
	default:
		return fmt.Errorf("decided %T", d)
	}
}

// honest checks that a grant rests on what happened and counts.
func honest(p assurance.Policy, r assurance.Requirement, s assurance.Situation, g assurance.Granted) error {
	level, known := p.Level(g.Level)
	switch {
	case !known || level.ACR != g.ACR || p.Compare(g.Level, r.Level) < 0:
		return fmt.Errorf("granted %+v for %+v", g, r)
	case len(g.Uses) == 0 || len(g.Methods) != len(g.Uses) || g.AuthTime.After(s.Now):
		return fmt.Errorf("granted by %d uses and %d methods at %v", len(g.Uses), len(g.Methods), g.AuthTime)
	case slices.ContainsFunc(g.AMR, func(v string) bool { return !assurance.KnownAMR(v) }):
		return fmt.Errorf("amr %q is not of RFC 8176", g.AMR)
	}
	for i, u := range g.Uses {
		if !slices.ContainsFunc(s.Uses, func(o assurance.Use) bool { return sameUse(o, u) }) {
			return fmt.Errorf("use %+v did not happen", u)
		}
		if g.AuthTime.After(u.At) && g.AuthTime.After(s.Now) || u.At.Before(r.UsesAfter) || slices.ContainsFunc(r.ExcludedMethods, u.Method.Is) {
			return fmt.Errorf("use %+v counted, auth_time %v", u, g.AuthTime)
		}
		for _, limit := range []assurance.LevelName{u.BoundLevel, u.Cap} {
			if limit != "" && p.Compare(g.Level, limit) > 0 {
				return fmt.Errorf("%s by a use that may count for %s", g.Level, limit)
			}
		}
		for _, other := range g.Uses[:i] {
			if other.Method == u.Method || slices.ContainsFunc(u.DependsOn, func(c assurance.ContactID) bool { return slices.Contains(other.DependsOn, c) }) {
				return fmt.Errorf("%+v and %+v are one factor", other, u)
			}
		}
	}
	return nil
}

func sameUse(a, b assurance.Use) bool {
	return a.Method == b.Method && a.At.Equal(b.At) && a.BoundLevel == b.BoundLevel && a.Cap == b.Cap && a.Channel == b.Channel &&
		a.Issuer == b.Issuer && slices.Equal(a.AMR, b.AMR) && slices.Equal(a.DependsOn, b.DependsOn)
}

// leads goes the ways, by its own reading of the steps, and checks that each
// ends in the procedure and holds no step in vain.
func leads(w *world, d assurance.Ways, seen tally) error {
	if len(d.Ways) == 0 {
		return fmt.Errorf("no way among the ways")
	}
	if d.Capacity {
		seen["acting first"]++
	}
	for i, way := range d.Ways[:min(len(d.Ways), 3)] {
		if len(way.Steps) == 0 || i > 0 && way.Soonest < d.Ways[i-1].Soonest {
			return fmt.Errorf("way %d is %+v", i, way)
		}
		if acts := way.Steps[0].Action == assurance.ActionAct; d.Capacity && !acts {
			return fmt.Errorf("%+v does not begin with the capacity", way)
		}
		if slices.ContainsFunc(way.Steps, func(s assurance.Step) bool { return s.Action == assurance.ActionEnrol }) {
			seen["enrols"]++
		}
		if !walk(w, way.Steps) {
			return fmt.Errorf("%+v does not end in the procedure", way)
		}
		for n := range way.Steps {
			if walk(w, slices.Concat(way.Steps[:n], way.Steps[n+1:])) {
				return fmt.Errorf("%+v has step %d in vain", way, n)
			}
		}
	}
	return nil
}

// walk goes a way and reports whether it ends in the procedure. It knows what
// the actions mean and asks Decide; it shares nothing with the search.
func walk(w *world, steps []assurance.Step) bool {
	s := w.s
	stranger := s.Stage == "" && len(s.Uses) == 0
	if stranger { // somebody whose identity is confirmed, and who has whatever is asked for
		s.Stage, s.Civil = assurance.StageConfirmed, s.Now
		s.Proofings = []assurance.Proofing{{Stage: assurance.StageConfirmed}}
	}
	bound := s.Anchored
	use := func(a assurance.Authenticator) { s.Uses = append(slices.Clip(s.Uses), a.UsedAt(s.Now)) }
	for _, step := range steps {
		proves := step.Action == assurance.ActionProve || step.Action == assurance.ActionPresent
		switch step.Action {
		case assurance.ActionAct:
			s.Acting = step.Acting
		case assurance.ActionLogin:
			had := stranger
			if stranger {
				use(assurance.Authenticator{Method: step.Method})
			}
			for _, a := range s.Authenticators {
				if a.Method.Is(step.Method) {
					use(a)
					had = true
				}
			}
			if !had {
				return false
			}
		case assurance.ActionEnrol:
			level, ok := assurance.BoundLevelFor(assurance.One(w.p), s, bound)
			if !ok {
				return false
			}
			use(assurance.Authenticator{Method: step.Method, BoundLevel: level})
		case assurance.ActionPresent:
			use(assurance.Authenticator{Method: step.Method})
		}
		if !proves {
			continue
		}
		if step.Action == assurance.ActionProve && s.Stage.Compare(step.From) < 0 {
			return false
		}
		s.Proofings = append(slices.Clip(s.Proofings), assurance.Proofing{Method: step.Proofing, Stage: step.To})
		if step.To.Compare(s.Stage) > 0 {
			s.Stage = step.To
		}
		bound = bound || step.Proofing != assurance.ProofingRegistry && !slices.Contains(w.r.ExcludedProofings, step.Proofing)
	}
	return meets(w.p, w.r, s)
}

func lawMoreEvidence(w *world, _ tally) error {
	r, s := w.r, w.s
	r.Level = ""
	less, _ := assurance.Grant(w.p, r, s)
	s.Uses = append(slices.Clip(s.Uses), some(w, 2, w.use)...)
	s.Proofings = append(slices.Clip(s.Proofings), some(w, 2, w.proof)...)
	s.Authenticators = append(slices.Clip(s.Authenticators), w.authenticator())
	s.Rights = append(slices.Clip(s.Rights), w.acting())
	if more, _ := assurance.Grant(w.p, r, s); w.p.Compare(more.Level, less.Level) < 0 {
		return fmt.Errorf("fell from %q to %q", less.Level, more.Level)
	}
	return nil
}

func lawStrictest(w *world, seen tally) error {
	both := w.p.Strictest(w.r, w.also)
	if meets(w.p, both, w.s) {
		seen["both met"]++
		for _, r := range []assurance.Requirement{w.r, w.also} {
			if !meets(w.p, r, w.s) {
				return fmt.Errorf("%+v is met but %+v is not", both, r)
			}
		}
	}
	least := w.p.AtLeast(w.r, w.also.Level)
	if meets(w.p, least, w.s) && !meets(w.p, w.r, w.s) {
		return fmt.Errorf("%+v is met but %+v is not", least, w.r)
	}
	return nil
}

func lawAdding(w *world, seen tally) error {
	rules, s := assurance.One(w.p), w.s
	session := rules.Held(s)
	for range 1 + w.IntN(2) {
		bound, ok := assurance.BoundLevelFor(rules, s, false)
		if !ok {
			return nil
		}
		seen["added"]++
		u := w.use()
		u.BoundLevel = bound
		s.Uses = append(slices.Clip(s.Uses), u)
	}
	if got := rules.Held(s); w.p.Compare(got, session) > 0 {
		return fmt.Errorf("rose from %q to %q", session, got)
	}
	return nil
}

func lawRaising(w *world, seen tally) error {
	if len(w.s.Uses) == 0 {
		return nil
	}
	rules := assurance.Rules{Policy: w.p}
	if w.often(3) {
		rules.Also = []assurance.Policy{w.other}
	}
	s := w.s
	before := rules.Held(s)
	s.Uses = slices.Clone(s.Uses)
	for i := range s.Uses {
		others := s
		others.Uses = slices.Delete(slices.Clone(s.Uses), i, i+1)
		was := s.Uses[i].BoundLevel
		got := assurance.Raise(rules, was, others)
		if got != was {
			seen["raised"]++
		}
		for _, p := range append([]assurance.Policy{w.p}, rules.Also...) {
			if got != was && (was == "" || p.Compare(got, was) < 0) {
				return fmt.Errorf("from %q down to %q", was, got)
			}
		}
		s.Uses[i].BoundLevel = got
	}
	if after := rules.Held(s); after != before && w.p.Compare(after, before) >= 0 {
		return fmt.Errorf("the session rose from %q to %q", before, after)
	}
	return nil
}

func lawMaxAge(w *world, seen tally) error {
	r, s := w.r, w.s
	seconds := 1 + w.IntN(600)
	r.MaxAge = time.Duration(seconds) * time.Second
	s.Now = now.Add(w.age() / 4)
	g, ok := assurance.Grant(w.p, r, s)
	if !ok {
		return nil
	}
	seen["fresh enough"]++
	// On the wire both times are whole seconds; it must fit there as well.
	age, wire := s.Now.Sub(g.AuthTime), s.Now.Unix()-g.AuthTime.Unix()
	if age < 0 || age > r.MaxAge || wire < 0 || wire > int64(seconds) || g.AuthTime.Before(r.UsesAfter) {
		return fmt.Errorf("age %v, %d on the wire, for %v", age, wire, r.MaxAge)
	}
	return nil
}

func lawExpired(w *world, seen tally) error {
	expired := w.proof()
	r, s := w.r, w.s
	if w.often(2) {
		expired.ExpiresAt = now.Add(-w.age())
	} else { // by its document, and the time after it
		r.Renewal = false
		expired.DocumentUntil = now.Add(-w.age() - max(0, w.p.DocumentGrace))
	}
	without := w.decision
	if r.Renewal != w.r.Renewal {
		without = assurance.Decide(w.p, r, s)
	}
	s.Proofings = slices.Insert(slices.Clone(s.Proofings), w.IntN(len(s.Proofings)+1), expired)
	if with := assurance.Decide(w.p, r, s); outcome(with) != outcome(without) {
		return fmt.Errorf("with it %+v, without it %+v", with, without)
	}
	return lawGrace(w, seen)
}

// lawGrace: a document that ended within the grace changes nothing, unless the
// requirement asks for a current one; and a renewal never minds.
func lawGrace(w *world, seen tally) error {
	if len(w.s.Proofings) == 0 {
		return nil
	}
	r, s, p := w.r, w.s, w.p
	r.Document = assurance.DocumentAny
	s.Proofings = slices.Clone(s.Proofings)
	for i := range s.Proofings {
		s.Proofings[i].DocumentUntil = time.Time{}
	}
	never := granted0(p, r, s)
	p.DocumentGrace = w.age() + 1
	for i := range s.Proofings {
		s.Proofings[i].DocumentUntil = now.Add(-time.Duration(w.Int64N(int64(p.DocumentGrace))))
	}
	if never != "" {
		seen["within grace"]++
	}
	if got := granted0(p, r, s); got != never {
		return fmt.Errorf("within the grace %q, with a document without end %q", got, never)
	}
	p.DocumentGrace, r.Renewal = 0, true
	if got := granted0(p, r, s); w.p.Compare(got, never) < 0 {
		return fmt.Errorf("a renewal has %q, with a document without end %q", got, never)
	}
	return nil
}

// meets reports whether the requirement is met.
func meets(p assurance.Policy, r assurance.Requirement, s assurance.Situation) bool {
	_, ok := assurance.Grant(p, r, s)
	return ok
}

// granted0 is the level that is granted, "" for none.
func granted0(p assurance.Policy, r assurance.Requirement, s assurance.Situation) assurance.LevelName {
	g, _ := assurance.Grant(p, r, s)
	return g.Level
}

// outcome writes a decision down so that two can be compared, but for what is
// only told of a document that has ended.
func outcome(d assurance.Decision) string {
	switch d := d.(type) {
	case assurance.Granted:
		return fmt.Sprint("granted ", d.Level, d.AuthTime.UnixNano(), d.AMR, d.Why)
	case assurance.Ways:
		d.Document = false
		return fmt.Sprint("ways ", d.Gap, len(d.Ways), d.Ways[0].Soonest)
	case assurance.Refuse:
		d.Document = false
		return fmt.Sprint(d)
	}
	return ""
}

func lawExcluded(w *world, _ tally) error {
	without, _ := assurance.Grant(w.p, w.r, w.s)
	s := w.s
	for _, m := range w.r.ExcludedMethods {
		u := w.use()
		u.Method = m
		s.Uses = slices.Insert(slices.Clone(s.Uses), w.IntN(len(s.Uses)+1), u)
	}
	for _, m := range w.r.ExcludedProofings {
		f := w.proof()
		f.Method = m
		s.Proofings = slices.Insert(slices.Clone(s.Proofings), w.IntN(len(s.Proofings)+1), f)
	}
	with, _ := assurance.Grant(w.p, w.r, s)
	if with.Level != without.Level || !with.AuthTime.Equal(without.AuthTime) || with.Why != without.Why {
		return fmt.Errorf("with it %+v, without it %+v", with, without)
	}
	return nil
}

func lawCapacity(w *world, seen tally) error {
	s := w.s
	s.Acting = w.acting()
	g, ok := assurance.Grant(w.p, w.r, s)
	if ok && !w.r.Accepts(s.Acting) {
		return fmt.Errorf("granted to %+v", s.Acting)
	}
	if !w.r.Accepts(s.Acting) {
		seen["wrong capacity"]++
		return nil
	}
	for _, rule := range w.p.Capacities {
		own := rule.Capacity == "" || rule.Capacity == assurance.CapacitySelf
		mine := s.Acting.Capacity == rule.Capacity || own && (s.Acting.Capacity == "" || s.Acting.Capacity == assurance.CapacitySelf)
		if ok && mine && (rule.Level == "" || w.p.Compare(g.Level, rule.Level) < 0) {
			return fmt.Errorf("%+v at %s, which takes %s", s.Acting, g.Level, rule.Level)
		}
	}
	// The level is the human's own, whomever they act for.
	plain := w.p
	plain.Capacities = nil
	r := w.r
	r.Capacities = nil
	alone := s
	alone.Acting = assurance.Acting{}
	if own := granted0(plain, r, alone); ok && own != g.Level {
		return fmt.Errorf("%s for another, %s for oneself", g.Level, own)
	}
	return nil
}
