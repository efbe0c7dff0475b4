package lint

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"surety/assurance"
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
	if n := len(c.policy.Capacities); n > len(assurance.Capacities()) {
		c.report(ProblemTooMany, fmt.Sprint(n), atCapacity(len(assurance.Capacities())))
	}
	for i, rule := range c.policy.Capacities {
		at := atCapacity(i)
		if !rule.Capacity.Known() || rule.Capacity == "" || rule.Capacity == assurance.CapacitySelf {
			c.report(ProblemCapacity, string(rule.Capacity), at)
		}
		if slices.ContainsFunc(c.policy.Capacities[:i], func(o assurance.CapacityRule) bool { return o.Capacity == rule.Capacity }) {
			c.report(ProblemDuplicate, string(rule.Capacity), at)
		}
		if _, known := c.policy.Level(rule.Level); !known {
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
				if slices.ContainsFunc(below.Login, func(b assurance.Alternative) bool { return implies(b, a) && !implies(a, b) }) {
					c.report(ProblemWeaker, string(below.Name), atLevel(i).alt(n))
					break
				}
			}
		}
	}
}

// implies reports whether whoever fulfils a has fulfilled b, each of its terms
// by another one of a.
func implies(a, b assurance.Alternative) bool {
	var taken [assurance.MaxTerms]bool
	if len(b) == 0 || len(b) > len(a) || len(a) > assurance.MaxTerms {
		return false
	}
	for _, t := range b {
		i := -1
		for n := range a {
			if !taken[n] && termImplies(a[n], t) {
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

// termImplies reports whether whatever fills t fills u.
func termImplies(t, u assurance.Term) bool {
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
		if slices.ContainsFunc(c.policy.Levels[:i], func(below assurance.Level) bool {
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
			if !a.TwoFactors() {
				c.report(ProblemEqualsFactor, claim, atLevel(i).alt(n))
			}
		}
	}
}

// claimedIdentity looks at how the identity of the claiming level can come about.
func (c *checker) claimedIdentity(claiming int) {
	level := c.policy.Levels[claiming]
	if level.Identity.Compare(assurance.StageSimplified) <= 0 {
		c.report(ProblemEqualsProof, level.Equals, atLevel(claiming))
	}
	for i, s := range c.policy.Steps {
		if s.Proves() && s.Proofing == assurance.ProofingLetter && !s.AddressChecked && s.To.Compare(level.Identity) >= 0 {
			c.report(ProblemEqualsLetter, level.Equals, atStep(i))
		}
	}
}

// Remarks finds what works but may be meant otherwise: levels that no offered
// step leads to, not even for somebody whose identity is confirmed. Who asks
// for such a level is refused, unless they hold it already.
func Remarks(p assurance.Policy) []Problem {
	c, anyTime := checker{policy: p}, assurance.Situation{Now: time.Unix(0, 0)}
	for i := range min(len(p.Levels), maxLevels) {
		name := p.Levels[i].Name
		if _, ok := assurance.Decide(p, assurance.Requirement{Level: name}, anyTime).(assurance.Ways); !ok {
			c.report(ProblemNoStep, string(name), atLevel(i))
		}
	}
	return c.problems
}
