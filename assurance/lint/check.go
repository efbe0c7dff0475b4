package lint

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"surety/assurance"
)

// What bounds a policy. Deciding is linear in these; a policy beyond them is a
// mistake rather than a need.
const (
	maxLevels       = 16
	maxAlternatives = 32
)

// Problem is one mistake in a policy. Its place is told by positions, so that
// whoever read the policy from a file can name the line.
type Problem struct {
	Code  ProblemCode
	Value string // what is wrong, as it stands in the policy; may be empty
	Place Place
}

// Place is a position in a policy. What does not apply is -1: a problem of a
// whole level has Alternative and Term -1, a problem of the policy all four.
type Place struct {
	Level, Alternative, Term int
	Step                     int
	// Capacity is counted from 1; 0 where it does not apply.
	Capacity int
}

// ProblemCode is the kind of a problem.
type ProblemCode string

// The kinds of problems.
const (
	ProblemNoLevels       ProblemCode = "no levels"
	ProblemTooMany        ProblemCode = "too many"
	ProblemName           ProblemCode = "not a level name"
	ProblemACR            ProblemCode = "not an absolute URI"
	ProblemDuplicate      ProblemCode = "appears twice"
	ProblemStage          ProblemCode = "unknown stage"
	ProblemStageOrder     ProblemCode = "asks for less identity than the level below"
	ProblemUnreachable    ProblemCode = "level that nobody can reach"
	ProblemNoTerms        ProblemCode = "alternative without terms"
	ProblemSameMethod     ProblemCode = "one method is one factor"
	ProblemSMSAlone       ProblemCode = "sms is never the only factor above the lowest level"
	ProblemMethod         ProblemCode = "unknown method"
	ProblemAMR            ProblemCode = "not an amr value of RFC 8176"
	ProblemAMRNeverProven ProblemCode = "amr value that the method never proves"
	ProblemAge            ProblemCode = "negative time"
	ProblemAction         ProblemCode = "unknown action"
	ProblemProofing       ProblemCode = "unknown proofing"
	ProblemField          ProblemCode = "does not belong to this action"
	ProblemLeadsNowhere   ProblemCode = "step that leads nowhere"
)

// Error names the problem for an operator.
func (p Problem) Error() string {
	if p.Value == "" {
		return string(p.Code)
	}
	return fmt.Sprintf("%s: %q", p.Code, p.Value)
}

// checker collects problems.
type checker struct {
	policy   assurance.Policy
	problems []Problem
}

func (c *checker) report(code ProblemCode, value string, at Place) {
	c.problems = append(c.problems, Problem{Code: code, Value: value, Place: at})
}

// Places of each kind.
func atLevel(i int) Place        { return Place{Level: i, Alternative: -1, Term: -1, Step: -1} }
func atStep(i int) Place         { return Place{Level: -1, Alternative: -1, Term: -1, Step: i} }
func atCapacity(i int) Place     { p := atLevel(-1); p.Capacity = i + 1; return p }
func (p Place) alt(i int) Place  { p.Alternative = i; return p }
func (p Place) term(i int) Place { p.Term = i; return p }

// Check finds what is malformed, contradicts itself or cannot work, in the
// order of the policy. A policy without problems decides as its author reads
// it; Decide needs no such promise, but what is malformed counts for nothing.
func Check(p assurance.Policy) []Problem {
	c := checker{policy: p}
	switch n := len(p.Levels); {
	case n == 0:
		c.report(ProblemNoLevels, "", atLevel(-1))
	case n > maxLevels:
		c.report(ProblemTooMany, fmt.Sprint(n), atLevel(maxLevels))
	}
	for i := range p.Levels {
		c.level(i)
	}
	c.unreachable()
	c.weaker()
	c.equals()
	c.capacities()
	if n := len(p.Steps); n > assurance.MaxOffered {
		c.report(ProblemTooMany, fmt.Sprint(n), atStep(assurance.MaxOffered))
	}
	for i := range p.Steps {
		c.step(i)
	}
	return c.problems
}

// level checks one level by itself and against those below it.
func (c *checker) level(i int) {
	l, below, at := c.policy.Levels[i], c.policy.Levels[:i], atLevel(i)
	if !validName(string(l.Name)) {
		c.report(ProblemName, string(l.Name), at)
	}
	if slices.ContainsFunc(below, func(b assurance.Level) bool { return b.Name == l.Name }) {
		c.report(ProblemDuplicate, string(l.Name), at)
	}
	if !validACR(l.ACR) {
		c.report(ProblemACR, l.ACR, at)
	}
	if slices.ContainsFunc(below, func(b assurance.Level) bool { return b.ACR == l.ACR }) {
		c.report(ProblemDuplicate, l.ACR, at)
	}
	if !l.Identity.Known() {
		c.report(ProblemStage, string(l.Identity), at)
	} else if i > 0 && l.Identity.Compare(below[i-1].Identity) < 0 {
		// The level below would accept that little too, and mean nothing.
		c.report(ProblemStageOrder, string(l.Identity), at)
	}
	if n := len(l.Login); n > maxAlternatives {
		c.report(ProblemTooMany, fmt.Sprint(n), at)
	}
	for n, alternative := range l.Login {
		c.alternative(alternative, at.alt(n))
	}
}

// alternative checks the terms of one alternative, one by one and together.
func (c *checker) alternative(a assurance.Alternative, at Place) {
	if len(a) == 0 {
		c.report(ProblemNoTerms, "", at)
	}
	if len(a) > assurance.MaxTerms {
		c.report(ProblemTooMany, fmt.Sprint(len(a)), at)
	}
	if len(a) == 1 && a[0].Method == assurance.MethodSMS && at.Level > 0 {
		c.report(ProblemSMSAlone, "", at)
	}
	for n := range a {
		c.term(a, n, at.term(n))
	}
}

// term checks one term against what its method can be, and against the terms
// before it.
func (c *checker) term(a assurance.Alternative, n int, at Place) {
	t := a[n]
	if !t.Method.Known() {
		c.report(ProblemMethod, string(t.Method), at)
	}
	if t.Method != assurance.MethodFederated && slices.ContainsFunc(a[:n], func(o assurance.Term) bool { return o.Method == t.Method }) {
		c.report(ProblemSameMethod, string(t.Method), at)
	}
	for _, value := range t.AMR {
		switch {
		case !assurance.KnownAMR(value):
			c.report(ProblemAMR, value, at)
		case t.Method.Known() && !t.Method.MayProve(value):
			c.report(ProblemAMRNeverProven, value, at)
		}
	}
	if t.MaxAge < 0 {
		c.report(ProblemAge, t.MaxAge.String(), at)
	}
}

// unreachable finds levels that are nobody's result. A level is reached when
// one axis stops at it and the other does not stop below. The login axis can
// stop only at a level with an alternative that can be met, the identity axis
// only at one that is the highest for some stage.
func (c *checker) unreachable() {
	p := c.policy
	login := make([]bool, len(p.Levels))
	identity := make([]bool, len(p.Levels))
	for i, l := range p.Levels {
		login[i] = slices.ContainsFunc(l.Login, canBeMet)
	}
	for _, stage := range []assurance.Stage{assurance.StageSimplified, assurance.StageStandard, assurance.StageConfirmed} {
		if rank := identityRank(p, stage); rank >= 0 {
			identity[rank] = true
		}
	}
	for i, l := range p.Levels {
		stops := (login[i] && slices.Contains(identity[i:], true)) || (identity[i] && slices.Contains(login[i:], true))
		if !stops {
			c.report(ProblemUnreachable, string(l.Name), atLevel(i))
		}
	}
}

// canBeMet reports whether some uses could fill the alternative.
func canBeMet(a assurance.Alternative) bool {
	var c checker
	c.alternative(a, Place{})
	return len(c.problems) == 0
}

// step checks one offered step.
func (c *checker) step(i int) {
	s, at := c.policy.Steps[i], atStep(i)
	if !s.LogsIn() && !s.Proves() {
		c.report(ProblemAction, string(s.Action), at)
		return
	}
	switch {
	case !s.LogsIn() && s.Method != "":
		c.report(ProblemField, string(s.Method), at)
	case s.LogsIn() && !s.Method.Known():
		c.report(ProblemMethod, string(s.Method), at)
	case s.LogsIn() && !fills(c.policy, s.Method):
		c.report(ProblemLeadsNowhere, string(s.Method), at)
	}
	switch {
	case !s.Proves() && (s.Proofing != "" || s.To != ""):
		c.report(ProblemField, string(s.Proofing)+string(s.To), at)
	case s.Action != assurance.ActionProve && s.From != "":
		c.report(ProblemField, string(s.From), at)
	case s.Proves() && !s.Proofing.Known():
		c.report(ProblemProofing, string(s.Proofing), at)
	case s.Proves() && (!s.To.Known() || (s.From != "" && !s.From.Known())):
		c.report(ProblemStage, string(s.From)+" to "+string(s.To), at)
	case s.Proves() && (s.To.Compare(s.From) <= 0 || !asksFor(c.policy, s)):
		c.report(ProblemLeadsNowhere, string(s.To), at)
	}
	if s.Acting != (assurance.Acting{}) {
		c.report(ProblemField, string(s.Acting.Capacity), at)
	}
	if s.AddressChecked && s.Proofing != assurance.ProofingLetter {
		c.report(ProblemField, string(s.Proofing), at)
	}
	if s.Soonest < 0 || s.Latest < s.Soonest {
		c.report(ProblemAge, s.Soonest.String()+" to "+s.Latest.String(), at)
	}
}

// asksFor reports whether some level asks for what the proving step adds. A
// policy with a stage that is misspelt gets the benefit of the doubt.
func asksFor(p assurance.Policy, s assurance.Step) bool {
	unclear := slices.ContainsFunc(p.Levels, func(l assurance.Level) bool { return !l.Identity.Known() })
	return unclear || identityRank(p, s.To) > identityRank(p, s.From)
}

// identityRank is the position of the highest level whose own identity the
// stage fulfils, -1 if there is none.
func identityRank(p assurance.Policy, held assurance.Stage) int {
	for i := len(p.Levels) - 1; i >= 0; i-- {
		if needed := p.Levels[i].Identity; needed.Known() && needed.Compare(held) <= 0 {
			return i
		}
	}
	return -1
}

// fills reports whether a use of the method could fill a term.
func fills(p assurance.Policy, m assurance.Method) bool {
	return slices.ContainsFunc(p.Levels, func(l assurance.Level) bool {
		return slices.ContainsFunc(l.Login, func(a assurance.Alternative) bool {
			return slices.ContainsFunc(a, func(t assurance.Term) bool { return m.Is(t.Method) || t.Method.Is(m) })
		})
	})
}

// validName reports whether a level's name can stand in files, addresses and
// text keys: small letters, digits and single hyphens or underscores inside.
func validName(name string) bool {
	if name == "" || len(name) > 40 || strings.Trim(name, "-_") != name {
		return false
	}
	return strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}

// validACR reports whether the value can stand in acr_values, a list divided
// by spaces and in a challenge between quotes (RFC 9470, section 3), and names
// its level beyond this installation. RFC 6711 would
// allow short registered names as well; ours are not registered.
func validACR(acr string) bool {
	u, err := url.Parse(acr)
	return err == nil && u.IsAbs() && (u.Host != "" || u.Opaque != "") && len(acr) <= 200 &&
		!strings.ContainsFunc(acr, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' })
}
