package trace

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"surety/assurance"
	"surety/idp/flow/policy"
)

// Print tells a decision to somebody who was woken up: first the answer,
// then what it rests on, then what is missing.
func Print(w io.Writer, p assurance.Policy, a policy.Answer) error {
	t := teller{policy: p, answer: a}
	fmt.Fprintln(w, t.person())
	fmt.Fprintln(w, t.asked())
	fmt.Fprintln(w, t.verdict())
	t.section(w, "log-ins", t.uses(), "none")
	t.section(w, "identity", t.proofs(), "nothing proves it")
	t.section(w, "levels", t.levels(), "none")
	t.section(w, "ways", t.ways(), "")
	return nil
}

// teller puts a trace into words.
type teller struct {
	policy assurance.Policy
	answer policy.Answer
}

func (t teller) section(w io.Writer, title string, lines []string, otherwise string) {
	if len(lines) == 0 && otherwise != "" {
		lines = []string{otherwise}
	}
	for i, line := range lines {
		if i == 0 {
			fmt.Fprintf(w, "%s:\n", title)
		}
		fmt.Fprintln(w, "  "+line)
	}
}

func (t teller) person() string {
	who := "somebody made up"
	if t.answer.Account != "" {
		who = fmt.Sprintf("account %s, %s", t.answer.Account, t.answer.State)
	}
	s := t.answer.Situation
	if acting := capacity(s.Acting); acting != "" {
		who += ", acting as " + acting
	}
	return fmt.Sprintf("%s; stage %s", who, cmp.Or(string(s.Stage), "unknown: nobody has logged in"))
}

// asked says what the requirement is, in one line.
func (t teller) asked() string {
	q, parts := t.answer.Requirement, []string{}
	if q.Level != "" {
		parts = append(parts, "level "+string(q.Level))
	}
	if t.answer.Trace.Required != "" && t.answer.Trace.Required != q.Level && q.Level != "" {
		parts = append(parts, fmt.Sprintf("level %s to act for others", t.answer.Trace.Required))
	}
	if q.MaxAge > 0 {
		parts = append(parts, "a log-in of the last "+span(q.MaxAge))
	}
	if len(q.ExcludedMethods) > 0 {
		parts = append(parts, "not by "+commas(q.ExcludedMethods))
	}
	if len(q.ExcludedProofings) > 0 {
		parts = append(parts, "identity not from "+commas(q.ExcludedProofings))
	}
	if q.Document == assurance.DocumentCurrent {
		parts = append(parts, "a document that still holds")
	}
	if q.Renewal {
		parts = append(parts, "a renewal: an ended document does not matter")
	}
	var as []string
	for _, c := range q.Capacities {
		as = append(as, capacity(assurance.Acting{Capacity: c.Capacity, Role: strings.Join(c.Roles, " or ")}))
	}
	if len(as) > 0 {
		parts = append(parts, "acting as "+strings.Join(as, " or "))
	}
	if len(parts) == 0 {
		parts = []string{"any level"}
	}
	asked := fmt.Sprintf("policy %d; asked: %s", t.policy.Version, strings.Join(parts, ", "))
	if p := t.answer.Procedure; p.Code != "" {
		asked += fmt.Sprintf(" (procedure %s/%s, %s)", p.Agency, p.Code, p.Title("en"))
	}
	return asked
}

func (t teller) verdict() string {
	switch d := t.answer.Trace.Decision.(type) {
	case assurance.Granted:
		because := "identity " + string(d.Why.Stage)
		if d.Why.Proofing != "" {
			because += " by " + string(d.Why.Proofing)
		}
		return fmt.Sprintf("GRANTED: level %s, by %s (auth_time %s ago); %s; amr %s; acr %s", d.Level, strings.Join(words(d.Methods), " and "),
			span(t.answer.Situation.Now.Sub(d.AuthTime)), because, strings.Join(d.AMR, " "), d.ACR)
	case assurance.Ways:
		return fmt.Sprintf("NOT YET: held is %s. %s", held(d.Held), missing(d.Gap))
	case assurance.Refuse:
		return fmt.Sprintf("REFUSED: %s. Held is %s. %s%s", reasons[d.Reason], held(d.Held), missing(d.Gap), elsewhere(d.Reachable))
	}
	return "no decision"
}

var reasons = map[assurance.Reason]string{
	assurance.ReasonUnknownLevel: "the policy does not have this level",
	assurance.ReasonExcluded:     "without what the requirement excludes there would be a way",
	assurance.ReasonNoWay:        "nothing that the policy offers leads this person there",
	assurance.ReasonCapacity:     "the person has no right to act in a capacity that is accepted",
	assurance.ReasonConflict:     "what is asked for together accepts no capacity in common",
}

func held(level assurance.LevelName) string { return cmp.Or(string(level), "no level") }

func missing(g assurance.Gap) string {
	var parts []string
	if g.Login {
		parts = append(parts, "a log-in that counts for "+string(g.Required))
	}
	if g.Identity != "" {
		parts = append(parts, "an identity that is "+string(g.Identity))
	}
	if g.Document {
		parts = append(parts, "a document that still holds")
	}
	if g.Capacity {
		parts = append(parts, "a capacity that is accepted")
	}
	if len(parts) == 0 {
		return ""
	}
	return "Missing: " + strings.Join(parts, "; ") + "."
}

func elsewhere(level assurance.LevelName) string {
	if level == "" {
		return ""
	}
	return fmt.Sprintf(" Level %s can still be reached.", level)
}

func (t teller) uses() []string {
	var lines []string
	for _, u := range t.answer.Trace.Uses {
		line := fmt.Sprintf("%s, %s ago: %s", u.Use.Method, span(t.answer.Situation.Now.Sub(u.Use.At)), counts(u.Counts, u.UpTo))
		lines = append(lines, line+t.notes(u.Notes))
	}
	return lines
}

func (t teller) proofs() []string {
	var lines []string
	for _, f := range t.answer.Trace.Proofs {
		line := fmt.Sprintf("%s by %s", f.Proofing.Stage, f.Proofing.Method)
		if !f.Proofing.At.IsZero() {
			line += " of " + f.Proofing.At.UTC().Format(time.DateOnly)
		}
		if !f.Proofing.DocumentUntil.IsZero() {
			line += ", document until " + f.Proofing.DocumentUntil.UTC().Add(-time.Nanosecond).Format(time.DateOnly)
		}
		lines = append(lines, line+": "+counts(f.Counts, f.UpTo)+t.notes(f.Notes))
	}
	return lines
}

func counts(yes bool, upTo assurance.LevelName) string {
	if !yes {
		return "counts for nothing"
	}
	return "counts up to " + string(upTo)
}

func (t teller) notes(list []assurance.Note) string {
	var out strings.Builder
	for _, n := range list {
		out.WriteString("; " + t.note(n))
	}
	return out.String()
}

// levels says for each level which axis holds, from the highest down: that is
// how one looks for the place where it stops.
func (t teller) levels() []string {
	var lines []string
	for i := len(t.answer.Trace.Levels) - 1; i >= 0; i-- {
		l := t.answer.Trace.Levels[i]
		identity, login := "identity holds", "log-in holds"
		if !l.Identity {
			identity = "identity must be " + string(l.Missing)
			if l.Missing == "" {
				identity = "identity does not reach it"
			}
		}
		if !l.Login {
			login = "log-in lacks: " + t.lacks(l.Nearest)
		} else if by := t.terms(l.Nearest); by != "" {
			login = "log-in holds by " + by
		}
		mark := "-"
		if l.Identity && l.Login {
			mark = "+"
		}
		lines = append(lines, fmt.Sprintf("%s %s: %s; %s", mark, l.Level, identity, login))
	}
	return lines
}

// terms names what an alternative asks for.
func (t teller) terms(a assurance.AlternativeTrace) string {
	var names []string
	for _, one := range a.Terms {
		names = append(names, term(one.Term))
	}
	return strings.Join(names, " and ")
}

// lacks names the nearest alternative and what is missing in it.
func (t teller) lacks(a assurance.AlternativeTrace) string {
	if len(a.Terms) == 0 {
		return "the policy has no log-in for it"
	}
	var why []string
	for _, one := range a.Terms {
		if one.Use < 0 {
			why = append(why, fmt.Sprintf("%s %s", term(one.Term), t.note(one.Note)))
		}
	}
	nearest := t.terms(a)
	if len(a.Terms) == 1 {
		return strings.Join(why, ", ")
	}
	return fmt.Sprintf("%s (for %s)", strings.Join(why, ", "), nearest)
}

func term(t assurance.Term) string {
	var more []string
	if len(t.AMR) > 0 {
		more = append(more, "amr "+strings.Join(t.AMR, " "))
	}
	if len(t.Channel) > 0 {
		more = append(more, "channel "+strings.Join(t.Channel, " or "))
	}
	if len(t.Issuer) > 0 {
		more = append(more, "issuer "+strings.Join(t.Issuer, " or "))
	}
	if t.MaxAge > 0 {
		more = append(more, "of the last "+span(t.MaxAge))
	}
	if len(more) == 0 {
		return string(t.Method)
	}
	return fmt.Sprintf("%s [%s]", t.Method, strings.Join(more, ", "))
}

// causes are the words of a note. %s is its level or the other use's method.
var causes = map[assurance.Cause]string{
	assurance.CauseFuture:       "is dated in the future: look at the machines' clocks",
	assurance.CauseTooOld:       "is older than is asked for",
	assurance.CauseBefore:       "is from before this request, which asks for a new log-in",
	assurance.CauseNotYet:       "begins to count later",
	assurance.CauseExcluded:     "is excluded by the requirement",
	assurance.CauseBound:        "is bound to %s: that was the level of the session that added it",
	assurance.CauseCapped:       "is capped at %s",
	assurance.CauseUnknownLevel: "is limited to level %s, which this policy does not have",
	assurance.CauseExpired:      "has expired",
	assurance.CauseDocument:     "rests on a document that has ended, and a current one is asked for",
	assurance.CauseGrace:        "rests on a document that has ended, and the time after it is over",
	assurance.CauseStage:        "is of a stage that the account does not hold",
	assurance.CauseNoCivil:      "cannot be told: no civil time is known",
	assurance.CauseNoUse:        "was not used",
	assurance.CauseAMR:          "did not prove the amr that is asked for",
	assurance.CauseChannel:      "came by another channel than is asked for",
	assurance.CauseIssuer:       "was vouched for by another issuer than is asked for",
	assurance.CauseTermAge:      "is older than this level allows",
	assurance.CauseSameContact:  "depends on the same contact as %s: together they are one factor",
	assurance.CauseSameMethod:   "is of the same method as %s: together they are one factor",
}

func (t teller) note(n assurance.Note) string {
	words, known := causes[n.Cause]
	if !known {
		return string(n.Cause)
	}
	if !strings.Contains(words, "%s") {
		return words
	}
	value := string(n.Level)
	if n.Use >= 0 && n.Use < len(t.answer.Situation.Uses) {
		value = string(t.answer.Situation.Uses[n.Use].Method)
	}
	return fmt.Sprintf(words, value)
}

func (t teller) ways() []string {
	d, ok := t.answer.Trace.Decision.(assurance.Ways)
	if !ok {
		return nil
	}
	var lines []string
	for i, way := range d.Ways {
		var steps []string
		for _, s := range way.Steps {
			steps = append(steps, action(s))
		}
		lines = append(lines, fmt.Sprintf("%d. %s (%s)", i+1, strings.Join(steps, ", then "), between(way.Soonest, way.Latest)))
	}
	return lines
}

func action(s assurance.Step) string {
	switch s.Action {
	case assurance.ActionLogin:
		return "log in by " + string(s.Method)
	case assurance.ActionEnrol:
		return "add " + string(s.Method)
	case assurance.ActionProve:
		return fmt.Sprintf("have the identity %s by %s", s.To, s.Proofing)
	case assurance.ActionPresent:
		return "show " + string(s.Method)
	case assurance.ActionAct:
		return "act as " + capacity(s.Acting)
	}
	return string(s.Action)
}

func between(soonest, latest time.Duration) string {
	if soonest == latest {
		return span(soonest)
	}
	return span(soonest) + " to " + span(latest)
}

// span writes a time without the units that are zero: 20m, 72h is 3d.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	d = d.Round(time.Second)
	days := ""
	if d >= 2*day {
		days, d = fmt.Sprintf("%dd", d/day), d%day
		if d == 0 {
			return days
		}
	}
	text := d.String()
	if d%time.Minute == 0 && d != 0 {
		text = strings.TrimSuffix(text, "0s")
	}
	if d%time.Hour == 0 && d != 0 {
		text = strings.TrimSuffix(text, "0m")
	}
	return days + text
}

func capacity(a assurance.Acting) string {
	if a.Capacity == "" || a.Role == "" {
		return string(a.Capacity)
	}
	return string(a.Capacity) + "/" + a.Role
}

func words[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, one := range list {
		out[i] = string(one)
	}
	return out
}

func commas[T ~string](list []T) string { return strings.Join(words(list), ", ") }
