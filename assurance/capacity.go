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
