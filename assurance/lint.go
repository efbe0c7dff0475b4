package assurance

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The kinds of problems that show only when parts of a policy are compared.
const (
	ProblemLevel        ProblemCode = "unknown level"
	ProblemCapacity     ProblemCode = "not a capacity in which one acts for another"
	ProblemWeaker       ProblemCode = "asks for less than a level below"
	ProblemEquals       ProblemCode = "not a level of a known framework"
	ProblemEqualsOrder  ProblemCode = "claims less than the level below"
	ProblemEqualsFactor ProblemCode = "claims a level of another framework, but one factor is enough"
	ProblemEqualsProof  ProblemCode = "claims a level of another framework without a proof of identity"
	ProblemEqualsLetter ProblemCode = "claims a level of another framework, but a letter to an unchecked address is enough"
	ProblemNoStep       ProblemCode = "level that no offered step leads to"
)

// The kinds of problems of a requirement.
const (
	ProblemExcludesLogin    ProblemCode = "excludes every log-in that is good enough"
	ProblemExcludesProofing ProblemCode = "excludes every proof of identity that is good enough"
	ProblemDocument         ProblemCode = "unknown rule for documents"
	ProblemRenewal          ProblemCode = "a renewal that asks for a document that still holds"
	ProblemUnknownCapacity  ProblemCode = "unknown capacity"
)

// equals are the levels that one may claim to be, by framework, lowest first.
// eIDAS: Commission Implementing Regulation (EU) 2015/1502.
var equals = map[string][]string{"eidas": {"low", "substantial", "high"}}

// equalsRank reads a claim such as "eidas:substantial".
func equalsRank(claim string) (framework string, rank int) {
	framework, level, _ := strings.Cut(claim, ":")
	return framework, slices.Index(equals[framework], level)
}

// capacities checks what acting for others takes.
func (c *checker) capacities() {
	if n := len(c.policy.Capacities); n > len(Capacities()) {
		c.report(ProblemTooMany, fmt.Sprint(n), atCapacity(len(Capacities())))
	}
	for i, rule := range c.policy.Capacities {
		at := atCapacity(i)
		if !rule.Capacity.Known() || rule.Capacity.self() {
			c.report(ProblemCapacity, string(rule.Capacity), at)
		}
		if slices.ContainsFunc(c.policy.Capacities[:i], func(o CapacityRule) bool { return o.Capacity == rule.Capacity }) {
			c.report(ProblemDuplicate, string(rule.Capacity), at)
		}
		if c.policy.rank(rule.Level) < 0 {
			c.report(ProblemLevel, string(rule.Level), at)
		}
	}
	if c.policy.DocumentGrace < 0 {
		c.report(ProblemAge, c.policy.DocumentGrace.String(), atLevel(-1))
	}
}

// weaker finds alternatives that grant a level for less than a lower level
// asks for. The lower one would accept that little as well, and its own
// alternative would mean nothing.
func (c *checker) weaker() {
	for i, level := range c.policy.Levels {
		for n, a := range level.Login {
			for _, below := range c.policy.Levels[:i] {
				if slices.ContainsFunc(below.Login, func(b Alternative) bool { return b.implies(a) && !a.implies(b) }) {
					c.report(ProblemWeaker, string(below.Name), atLevel(i).alt(n))
					break
				}
			}
		}
	}
}

// implies reports whether whoever fulfils a has fulfilled b, each of its terms
// by another one of a.
func (a Alternative) implies(b Alternative) bool {
	var taken [maxTerms]bool
	if len(b) == 0 || len(b) > len(a) || len(a) > maxTerms {
		return false
	}
	for _, t := range b {
		i := -1
		for n := range a {
			if !taken[n] && a[n].implies(t) {
				i = n
				break
			}
		}
		if i < 0 {
			return false
		}
		taken[i] = true
	}
	return true
}

// implies reports whether whatever fills t fills u.
func (t Term) implies(u Term) bool {
	within := func(narrow, wide []string) bool {
		return len(wide) == 0 || len(narrow) > 0 && subset(narrow, wide)
	}
	return t.Method.Is(u.Method) && subset(u.AMR, t.AMR) && within(t.Channel, u.Channel) && within(t.Issuer, u.Issuer) &&
		(u.MaxAge <= 0 || t.MaxAge > 0 && t.MaxAge <= u.MaxAge)
}

// subset reports whether every element of a is one of b.
func subset(a, b []string) bool {
	return !slices.ContainsFunc(a, func(x string) bool { return !slices.Contains(b, x) })
}

// equals checks what the levels claim to be (RULES R1): nothing that one factor
// is enough for, and nothing that rests on no proof, or on a letter that
// anybody may have had sent to an address of their own.
func (c *checker) equals() {
	for i, level := range c.policy.Levels {
		if level.Equals == "" {
			continue
		}
		framework, rank := equalsRank(level.Equals)
		if rank < 0 {
			c.report(ProblemEquals, level.Equals, atLevel(i))
			continue
		}
		if slices.ContainsFunc(c.policy.Levels[:i], func(below Level) bool {
			f, r := equalsRank(below.Equals)
			return f == framework && r > rank
		}) {
			c.report(ProblemEqualsOrder, level.Equals, atLevel(i))
		}
		c.claimedLogin(i)
		c.claimedIdentity(i)
	}
}

// claimedLogin looks at every log-in that the claiming level accepts, which is
// those of the levels above it as well.
func (c *checker) claimedLogin(claiming int) {
	claim := c.policy.Levels[claiming].Equals
	for i := claiming; i < len(c.policy.Levels); i++ {
		for n, a := range c.policy.Levels[i].Login {
			if !a.twoFactors() {
				c.report(ProblemEqualsFactor, claim, atLevel(i).alt(n))
			}
		}
	}
}

// claimedIdentity looks at how the identity of the claiming level can come about.
func (c *checker) claimedIdentity(claiming int) {
	level := c.policy.Levels[claiming]
	if level.Identity.rank() == 0 {
		c.report(ProblemEqualsProof, level.Equals, atLevel(claiming))
	}
	for i, s := range c.policy.Steps {
		if s.proves() && s.Proofing == ProofingLetter && !s.AddressChecked && s.To.Compare(level.Identity) >= 0 {
			c.report(ProblemEqualsLetter, level.Equals, atStep(i))
		}
	}
}

// twoFactors reports whether every log-in by the alternative proves two kinds
// of factors: what a method may prove besides counts only where a term asks
// for it.
func (a Alternative) twoFactors() bool {
	var kinds factor
	for _, t := range a {
		if t.Method == MethodPasskey {
			kinds |= possession | inherence // its user is verified each time (DESIGN §6), by PIN or finger
		}
		for _, value := range append(slices.Clip(usualAMR[t.Method]), t.AMR...) {
			if value == "mfa" {
				return true
			}
			kinds |= factors[value]
		}
	}
	return kinds&(kinds-1) != 0
}

// Remarks finds what works but may be meant otherwise: levels that no offered
// step leads to, not even for somebody whose identity is confirmed. Who asks
// for such a level is refused, unless they hold it already.
func (p Policy) Remarks() []Problem {
	c, anyTime := checker{policy: p}, Situation{Now: time.Unix(0, 0)}
	for i := range min(len(p.Levels), maxLevels) {
		if len(explore(p, Requirement{}, anyTime, i)) == 0 {
			c.report(ProblemNoStep, string(p.Levels[i].Name), atLevel(i))
		}
	}
	return c.problems
}

// CheckRequirement finds what makes a requirement one that nobody can satisfy
// under the policy, or that contradicts itself. All places in it are -1.
func CheckRequirement(p Policy, r Requirement) []Problem {
	c, at := checker{policy: p}, atLevel(-1)
	rank := p.required(r)
	if rank < 0 {
		c.report(ProblemLevel, string(r.Level), at)
	}
	if r.MaxAge < 0 {
		c.report(ProblemAge, r.MaxAge.String(), at)
	}
	for _, m := range r.ExcludedMethods {
		if !m.Known() {
			c.report(ProblemMethod, string(m), at)
		}
	}
	for _, m := range r.ExcludedProofings {
		if !m.Known() {
			c.report(ProblemProofing, string(m), at)
		}
	}
	switch {
	case r.Document != DocumentAny && r.Document != DocumentCurrent:
		c.report(ProblemDocument, string(r.Document), at)
	case r.Document == DocumentCurrent && r.Renewal:
		c.report(ProblemRenewal, "", at)
	}
	c.acceptable(r)
	if rank >= 0 {
		c.satisfiable(r)
	}
	return c.problems
}

// acceptable checks the capacities that a requirement accepts.
func (c *checker) acceptable(r Requirement) {
	for i, t := range r.Capacities {
		if !t.Capacity.Known() {
			c.report(ProblemUnknownCapacity, string(t.Capacity), atLevel(-1))
		}
		if slices.ContainsFunc(r.Capacities[:i], t.equal) {
			c.report(ProblemDuplicate, string(t.Capacity), atLevel(-1))
		}
	}
}

// satisfiable looks for a log-in and a proof that the requirement leaves, in
// the easiest capacity that it accepts.
func (c *checker) satisfiable(r Requirement) {
	p, least := c.policy, len(c.policy.Levels)
	for _, a := range p.acts(r, Situation{}) {
		least = min(least, a.target)
	}
	if least == len(p.Levels) {
		return // no capacity that is known, which has been told
	}
	if !slices.ContainsFunc(p.Levels[least:], func(l Level) bool { return slices.ContainsFunc(l.Login, r.leaves) }) {
		c.report(ProblemExcludesLogin, string(p.Levels[least].Name), atLevel(-1))
	}
	needed := p.leastIdentity(least)
	if needed.rank() > 0 && !p.leavesProof(r, needed) {
		c.report(ProblemExcludesProofing, string(p.Levels[least].Name), atLevel(-1))
	}
}

// leaves reports whether the alternative can be met without what r excludes.
func (r Requirement) leaves(a Alternative) bool {
	return a.canBeMet() && !slices.ContainsFunc(a, func(t Term) bool {
		return slices.ContainsFunc(r.ExcludedMethods, t.Method.Is)
	})
}

// leavesProof reports whether r leaves a proof of the stage: one that is
// offered, or, where the policy offers none at all, any.
func (p Policy) leavesProof(r Requirement, needed Stage) bool {
	offered := false
	for _, s := range p.Steps {
		if !s.proves() || s.To.Compare(needed) < 0 {
			continue
		}
		offered = true
		if !slices.Contains(r.ExcludedProofings, s.Proofing) {
			return true
		}
	}
	return !offered && slices.ContainsFunc(proofings, func(m ProofingMethod) bool { return !slices.Contains(r.ExcludedProofings, m) })
}
