package assurance

import "slices"

// Capacity says for whom a person acts (RULES R9). What they log in with and
// how their identity is known stay their own; the capacity is a third thing
// that a procedure may ask for.
type Capacity string

// The capacities. The empty one is the same as CapacitySelf.
const (
	CapacitySelf         Capacity = "self"
	CapacityEntrepreneur Capacity = "entrepreneur"
	CapacityOrganisation Capacity = "organisation"
	CapacityStateBody    Capacity = "state_body"
	CapacityGuardian     Capacity = "guardian"
	CapacityProfession   Capacity = "profession"
)

// CapacityNone is what is left when requirements that must all be met accept
// no capacity in common: nobody acts in it, and Decide says ReasonConflict. It
// is not one of Capacities, so no procedure can be published with it.
const CapacityNone Capacity = "none"

// Capacities lists them all, self first.
func Capacities() []Capacity {
	return []Capacity{CapacitySelf, CapacityEntrepreneur, CapacityOrganisation, CapacityStateBody, CapacityGuardian, CapacityProfession}
}

// Known reports whether c is one of the capacities; empty is self.
func (c Capacity) Known() bool { return c == "" || slices.Contains(Capacities(), c) }

// Acting is in what capacity a person acts, or could act. The zero value is
// acting as oneself.
type Acting struct {
	Capacity Capacity `json:"capacity,omitempty"`
	Role     string   `json:"role,omitempty"` // for example "head"; empty when the capacity knows no roles
}

// CapacityTerm is one capacity that a procedure accepts.
type CapacityTerm struct {
	Capacity Capacity `json:"capacity"`
	Roles    []string `json:"roles,omitempty"` // any of them; empty accepts every role
}

// CapacityRule is what a policy asks of whoever acts in a capacity: a right to
// speak for others is worth no more than the login that claims it.
type CapacityRule struct {
	Capacity Capacity
	Level    LevelName // the least level at which it counts
}

// same reports whether both are one capacity; empty is self.
func (c Capacity) same(d Capacity) bool {
	return c == d || c.self() && d.self()
}

// self reports whether a person acts for nobody else.
func (c Capacity) self() bool { return c == "" || c == CapacitySelf }

// same reports whether both act alike.
func (a Acting) same(b Acting) bool {
	return a.Capacity.same(b.Capacity) && a.Role == b.Role
}

// accepts reports whether whoever acts so fulfils the term.
func (t CapacityTerm) accepts(a Acting) bool {
	return t.Capacity.same(a.Capacity) && (len(t.Roles) == 0 || slices.Contains(t.Roles, a.Role))
}

// Accepts reports whether the requirement takes whoever acts so. A capacity
// that Surety does not know is accepted by nobody, not even where any will do.
func (r Requirement) Accepts(a Acting) bool {
	return a.Capacity.Known() && (len(r.Capacities) == 0 ||
		slices.ContainsFunc(r.Capacities, func(t CapacityTerm) bool { return t.accepts(a) }))
}

// contradicts reports whether nothing but CapacityNone is accepted.
func (r Requirement) contradicts() bool {
	return len(r.Capacities) > 0 &&
		!slices.ContainsFunc(r.Capacities, func(t CapacityTerm) bool { return t.Capacity != CapacityNone })
}

// inCommon returns what both lists accept. An empty list accepts everything;
// two lists that accept nothing in common make one that accepts nothing.
func inCommon(a, b []CapacityTerm) []CapacityTerm {
	switch {
	case len(a) == 0:
		return slices.Clone(b)
	case len(b) == 0:
		return a
	}
	var both []CapacityTerm
	for _, x := range a {
		for _, y := range b {
			if t, ok := x.and(y); ok && !slices.ContainsFunc(both, t.equal) {
				both = append(both, t)
			}
		}
	}
	if len(both) == 0 {
		return []CapacityTerm{{Capacity: CapacityNone}}
	}
	return both
}

// and returns the term that accepts what both accept; false when there is nothing.
func (t CapacityTerm) and(u CapacityTerm) (CapacityTerm, bool) {
	switch {
	case !t.Capacity.same(u.Capacity):
		return t, false
	case len(t.Roles) == 0:
		return u, true
	case len(u.Roles) == 0:
		return t, true
	}
	roles := slices.DeleteFunc(slices.Clone(t.Roles), func(role string) bool { return !slices.Contains(u.Roles, role) })
	return CapacityTerm{Capacity: t.Capacity, Roles: roles}, len(roles) > 0
}

// equal reports whether both terms are written alike.
func (t CapacityTerm) equal(u CapacityTerm) bool {
	return t.Capacity.same(u.Capacity) && slices.Equal(t.Roles, u.Roles)
}

// maxActs bounds the capacities that are tried for one answer. There are few
// kinds and few roles; whom a person acts for is asked elsewhere.
const maxActs = 16

// acts are the capacities in which the person could meet the requirement, with
// the level that each of them takes: the one in which they act now first, then
// themselves, then the others that they have a right to. Of somebody who has
// not logged in yet the rights are not known: they may have any.
func (p Policy) acts(r Requirement, s Situation) []act {
	var all []act
	try := func(a Acting) {
		if len(all) == maxActs || !r.Accepts(a) || slices.ContainsFunc(all, func(o act) bool { return o.acting.same(a) }) {
			return
		}
		if target := p.target(&r, a); target >= 0 {
			all = append(all, act{acting: a, target: target})
		}
	}
	try(s.Acting)
	try(Acting{})
	for _, right := range s.Rights {
		try(right)
	}
	if s.anonymous() {
		for _, t := range r.Capacities {
			try(t.example())
		}
	}
	return all
}

// act is a capacity and the rank of the least level that will do in it.
type act struct {
	acting Acting
	target int
}

// example is one way of acting that the term accepts.
func (t CapacityTerm) example() Acting {
	a := Acting{Capacity: t.Capacity}
	if len(t.Roles) > 0 {
		a.Role = t.Roles[0]
	}
	return a
}

// Least returns the lowest level at which the requirement can be met, in the
// easiest capacity that it accepts; false when it can be met in none.
func (p Policy) Least(r Requirement) (LevelName, bool) {
	acts := p.acts(r, Situation{})
	if len(acts) == 0 {
		return "", false
	}
	easiest := slices.MinFunc(acts, func(a, b act) int { return a.target - b.target })
	return p.Levels[easiest.target].Name, true
}
