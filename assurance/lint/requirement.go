package lint

import (
	"slices"

	"surety/assurance"
)

// The kinds of problems of a requirement.
const (
	ProblemExcludesLogin    ProblemCode = "excludes every log-in that is good enough"
	ProblemExcludesProofing ProblemCode = "excludes every proof of identity that is good enough"
	ProblemDocument         ProblemCode = "unknown rule for documents"
	ProblemRenewal          ProblemCode = "a renewal that asks for a document that still holds"
	ProblemUnknownCapacity  ProblemCode = "unknown capacity"
)

// CheckRequirement finds what makes a requirement one that nobody can satisfy
// under the policy, or that contradicts itself. All places in it are -1.
func CheckRequirement(p assurance.Policy, r assurance.Requirement) []Problem {
	c, at := checker{policy: p}, atLevel(-1)
	_, known := p.Level(r.Level)
	if known = known || r.Level == "" && len(p.Levels) > 0; !known {
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
	case r.Document != assurance.DocumentAny && r.Document != assurance.DocumentCurrent:
		c.report(ProblemDocument, string(r.Document), at)
	case r.Document == assurance.DocumentCurrent && r.Renewal:
		c.report(ProblemRenewal, "", at)
	}
	c.acceptable(r)
	if least, ok := p.Least(r); ok && known { // no capacity that anybody acts in has been told
		c.satisfiable(r, least)
	}
	return c.problems
}

// acceptable checks the capacities that a requirement accepts.
func (c *checker) acceptable(r assurance.Requirement) {
	for i, t := range r.Capacities {
		if !t.Capacity.Known() {
			c.report(ProblemUnknownCapacity, string(t.Capacity), atLevel(-1))
		}
		if slices.ContainsFunc(r.Capacities[:i], func(o assurance.CapacityTerm) bool {
			return o.Capacity == t.Capacity && slices.Equal(o.Roles, t.Roles)
		}) {
			c.report(ProblemDuplicate, string(t.Capacity), atLevel(-1))
		}
	}
}

// satisfiable looks for a log-in and a proof of that level, or of one above,
// that the requirement leaves.
func (c *checker) satisfiable(r assurance.Requirement, least assurance.LevelName) {
	p, login := c.policy, false
	var needed assurance.Stage
	for _, l := range p.Levels {
		if p.Compare(l.Name, least) < 0 {
			continue
		}
		login = login || slices.ContainsFunc(l.Login, func(a assurance.Alternative) bool { return leaves(r, a) })
		if l.Identity.Known() && (needed == "" || l.Identity.Compare(needed) < 0) {
			needed = l.Identity
		}
	}
	if !login {
		c.report(ProblemExcludesLogin, string(least), atLevel(-1))
	}
	if needed.Compare(assurance.StageSimplified) > 0 && !leavesProof(p, r, needed) {
		c.report(ProblemExcludesProofing, string(least), atLevel(-1))
	}
}

// leaves reports whether the alternative can be met without what r excludes.
func leaves(r assurance.Requirement, a assurance.Alternative) bool {
	return canBeMet(a) && !slices.ContainsFunc(a, func(t assurance.Term) bool {
		return slices.ContainsFunc(r.ExcludedMethods, t.Method.Is)
	})
}

// leavesProof reports whether r leaves a proof of the stage: one that is
// offered, or, where the policy offers none at all, any.
func leavesProof(p assurance.Policy, r assurance.Requirement, needed assurance.Stage) bool {
	offered := false
	for _, s := range p.Steps {
		if !s.Proves() || s.To.Compare(needed) < 0 {
			continue
		}
		offered = true
		if !slices.Contains(r.ExcludedProofings, s.Proofing) {
			return true
		}
	}
	return !offered && slices.ContainsFunc(assurance.ProofingMethods(), func(m assurance.ProofingMethod) bool { return !slices.Contains(r.ExcludedProofings, m) })
}
