package assurance_test

import (
	"fmt"
	"slices"

	"surety/assurance"
)

func lawRules(w *world, seen tally) error {
	if w.often(4) {
		if got := assurance.One(w.p).Decide(w.r, w.s); outcome(got) != outcome(w.decision) {
			return fmt.Errorf("alone it decides %+v, not %+v", got, w.decision)
		}
	}
	rules := assurance.Rules{Policy: w.p, Also: []assurance.Policy{w.other}}
	if w.often(8) {
		rules.Also = append(rules.Also, w.changed(w.p))
	}
	g, ok := rules.Decide(w.r, w.s).(assurance.Granted)
	if !ok {
		return nil
	}
	seen["two policies grant"]++
	if granted0(w.p, w.r, w.s) != g.Level {
		seen["two policies lower"]++
	}
	requested := some(w, 2, func() string { return "urn:example:" + string(pick(w, drawnLevels)) })
	for _, acr := range []string{g.ACR, rules.ACRFor(requested, g.Level)} {
		for _, p := range append([]assurance.Policy{w.p}, rules.Also...) {
			if err := heldUnder(w, p, g, acr); err != nil {
				return err
			}
		}
	}
	if held := rules.Held(w.s); !w.r.Renewal && w.p.Compare(held, g.Level) < 0 {
		return fmt.Errorf("granted %s, held %q", g.Level, held)
	}
	return nil
}

// heldUnder checks that a reader who knows only p is told nothing but the truth.
func heldUnder(w *world, p assurance.Policy, g assurance.Granted, acr string) error {
	alone, ok := assurance.Grant(p, w.r, w.s)
	if !ok {
		return fmt.Errorf("%s is granted under one policy only", g.Level)
	}
	if _, known := p.Level(g.Level); !known || p.Compare(g.Level, alone.Level) > 0 || p.Compare(g.Level, w.r.Level) < 0 {
		return fmt.Errorf("level %s, where %s was reached for %s", g.Level, alone.Level, w.r.Level)
	}
	if l, known := p.LevelByACR(acr); known && p.Compare(l.Name, alone.Level) > 0 {
		return fmt.Errorf("acr %s is read as %s, where %s was reached", acr, l.Name, alone.Level)
	}
	if g.AuthTime.After(alone.AuthTime) {
		return fmt.Errorf("auth_time %v, where the level is of %v", g.AuthTime, alone.AuthTime)
	}
	// What the grant keeps is enough to decide anew, under either.
	s := w.s
	s.Uses = g.Uses
	if !meets(p, w.r, s) {
		return fmt.Errorf("the uses of the grant do not grant")
	}
	return nil
}

// lawExplain reads the trace alone and comes to the same answer.
func lawExplain(w *world, _ tally) error {
	t := assurance.Explain(w.p, w.r, w.s)
	if outcome(w.decision) != outcome(t.Decision) {
		return fmt.Errorf("decided %+v, told %+v", w.decision, t.Decision)
	}
	var told assurance.LevelName
	for _, l := range t.Levels {
		whole := len(l.Nearest.Terms) > 0
		for _, term := range l.Nearest.Terms {
			filled := term.Use >= 0
			whole = whole && filled
			if filled && !t.Uses[term.Use].Counts || !filled && term.Note.Cause == "" {
				return fmt.Errorf("term %+v of %s", term, l.Level)
			}
			if filled && w.p.Compare(t.Uses[term.Use].UpTo, l.Level) < 0 {
				return fmt.Errorf("%s filled by a use up to %s", l.Level, t.Uses[term.Use].UpTo)
			}
		}
		if whole != l.Login || l.Identity != (l.Missing == "") && !slices.Contains(missingNowhere, l.Missing) {
			return fmt.Errorf("level %+v", l)
		}
		if l.Login && l.Identity {
			told = l.Level
		}
	}
	if !t.Accepted || t.Required == "" || w.p.Compare(told, t.Required) < 0 {
		told = ""
	}
	g, _ := t.Decision.(assurance.Granted)
	if g.Level != told {
		return fmt.Errorf("granted %q, told %q", g.Level, told)
	}
	for _, u := range t.Uses {
		if !u.Counts && len(u.Notes) == 0 && len(w.p.Levels) > 0 || u.Counts != (u.UpTo != "") {
			return fmt.Errorf("use %+v", u)
		}
	}
	for _, f := range t.Proofs {
		if f.Counts != (f.UpTo != "") {
			return fmt.Errorf("proofing %+v", f)
		}
	}
	return nil
}

// missingNowhere is what is missing of a level whose stage nobody can hold.
var missingNowhere = []assurance.Stage{""}

func lawOpens(w *world, seen tally) error {
	d, ok := w.decision.(assurance.Ways)
	if !ok {
		return nil
	}
	rules := assurance.One(w.p)
	for _, way := range d.Ways[:min(len(d.Ways), 2)] {
		closed := rules.StayClosed(way, w.s, []assurance.Requirement{w.r, w.also})
		if slices.Contains(closed, 0) {
			return fmt.Errorf("%+v is told not to open what it leads to", way)
		}
		if slices.Contains(closed, 1) {
			seen["stays closed"]++
			// Then it is closed now as well: nothing that is open closes by it.
			if meets(w.p, w.also, w.s) {
				return fmt.Errorf("%+v is told to close what is open", way)
			}
		}
	}
	return nil
}

func lawRemember(w *world, _ tally) error {
	var kept []assurance.Use
	s := w.s
	s.Uses = slices.Clone(s.Uses)
	for i := range s.Uses {
		if s.Uses[i].At.After(now) {
			s.Uses[i].At = now // a session remembers what happened, not what will
		}
		if i > 0 && w.often(2) {
			at := s.Uses[i].At
			s.Uses[i] = s.Uses[i-1]
			s.Uses[i].At = at
		}
		kept = assurance.Remember(kept, s.Uses[i])
	}
	all, _ := assurance.Grant(w.p, w.r, s)
	s.Uses = kept
	few, _ := assurance.Grant(w.p, w.r, s)
	if all.Level != few.Level || !all.AuthTime.Equal(few.AuthTime) {
		return fmt.Errorf("all %+v, kept %+v", all, few)
	}
	return nil
}
