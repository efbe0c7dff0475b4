package assurance

import (
	"slices"
	"time"
)

// Requirement is what a procedure, a client or a single request asks for
// (DESIGN §2). The zero value asks for any level at all.
type Requirement struct {
	// Level is the least level that will do; empty means the lowest.
	Level LevelName `json:"level,omitempty"`
	// MaxAge drops uses that are older; zero means that age does not matter.
	// The protocol's max_age=0 is not this zero: see Within.
	MaxAge time.Duration `json:"max_age,omitempty"`
	// UsesAfter drops uses from before this time: the beginning of the
	// interaction for prompt=login and max_age=0; zero drops none.
	UsesAfter time.Time `json:"uses_after,omitzero"`
	// ExcludedMethods and ExcludedProofings count for nothing; they need not
	// be absent. "federated" excludes every provider.
	ExcludedMethods   []Method         `json:"excluded_methods,omitempty"`
	ExcludedProofings []ProofingMethod `json:"excluded_proofings,omitempty"`
	// Document says what the document behind a proofing must be (RULES R3).
	Document DocumentRule `json:"document,omitempty"`
	// Renewal marks a procedure that a person needs when their document has
	// ended: no grace runs out for it (RULES R3).
	Renewal bool `json:"renewal,omitempty"`
	// Capacities are those in which one may act; empty means any.
	Capacities []CapacityTerm `json:"capacities,omitempty"`
}

// DocumentRule says whether a proofing counts after the document that was
// shown for it has ended.
type DocumentRule string

// The rules for documents.
const (
	DocumentAny     DocumentRule = ""        // the person has not ended with it
	DocumentCurrent DocumentRule = "current" // the procedure needs a document that still holds
)

// Within returns r with the request's max_age added (OpenID Connect Core 1.0,
// section 3.1.2.1). Of two limits the stricter stays. began is when the
// interaction began: max_age=0 asks for a login that is part of it, the same
// as prompt=login, because no login is younger than zero seconds by the time
// its token is signed. A negative age is no age: it counts as zero.
func (r Requirement) Within(maxAge time.Duration, began time.Time) Requirement {
	if maxAge <= 0 {
		return r.LoginAgain(began)
	}
	if r.MaxAge == 0 || maxAge < r.MaxAge {
		r.MaxAge = maxAge
	}
	return r
}

// LoginAgain returns r with prompt=login added: nothing from before this
// interaction counts.
func (r Requirement) LoginAgain(began time.Time) Requirement {
	if began.After(r.UsesAfter) {
		r.UsesAfter = began
	}
	return r
}

// Strictest joins requirements that must all be met, for example a client's
// minimum and what the request asks for. Whoever meets the result meets each.
// A level that the policy does not know stays, and will be refused; so does
// what is left of capacities that exclude each other. Only renewals together
// are a renewal: a procedure beside one keeps its own rule for documents.
func (p Policy) Strictest(requirements ...Requirement) Requirement {
	all := Requirement{Renewal: len(requirements) > 0}
	for _, r := range requirements {
		all.Level = p.stricter(all.Level, r.Level)
		if r.MaxAge > 0 {
			all = all.Within(r.MaxAge, time.Time{})
		}
		all = all.LoginAgain(r.UsesAfter)
		all.ExcludedMethods = union(all.ExcludedMethods, r.ExcludedMethods)
		all.ExcludedProofings = union(all.ExcludedProofings, r.ExcludedProofings)
		if r.Document != DocumentAny {
			all.Document = r.Document
		}
		all.Capacities = inCommon(all.Capacities, r.Capacities)
		all.Renewal = all.Renewal && r.Renewal
	}
	return all
}

// AtLeast returns r with a least level, for example a client's minimum or what
// a request asks for. Unlike Strictest it joins no second procedure: what marks
// r as a renewal stays.
func (p Policy) AtLeast(r Requirement, level LevelName) Requirement {
	r.Level = p.stricter(r.Level, level)
	return r
}

// stricter returns the higher of two required levels. An unknown one is the
// strictest of all: nothing can be known to meet it.
func (p Policy) stricter(a, b LevelName) LevelName {
	switch {
	case b == "" || (a != "" && p.rank(a) < 0):
		return a
	case a == "" || p.rank(b) < 0 || p.rank(b) > p.rank(a):
		return b
	}
	return a
}

// union returns a new list with every element of a and b once, so that no
// two requirements share memory.
func union[T comparable](a, b []T) []T {
	all := slices.Clone(a)
	for _, x := range b {
		if !slices.Contains(all, x) {
			all = append(all, x)
		}
	}
	return all
}

// Situation is everything that is known about a person at this moment. It
// carries two times (DESIGN §8): Now for the protocol, Civil for documents
// and proofings.
type Situation struct {
	Now   time.Time
	Civil time.Time

	// Uses are the acts of logging in of this session. None and no Stage
	// means that nobody has logged in yet.
	Uses []Use
	// Stage is what the account holds. It is an upper bound: a proofing alone
	// does not raise an account that was set back. Empty means that it is not
	// known yet whose account it is.
	Stage Stage
	// Proofings are what the stage rests on. Simplified needs none.
	Proofings []Proofing
	// Authenticators are what the account could log in with. They count for
	// nothing until they are used; they only open ways.
	Authenticators []Authenticator
	// Anchored says that a contact which was confirmed at proofing stands
	// unchanged: a code to it binds a new authenticator without limit.
	Anchored bool
	// Acting is in what capacity the person acts now; zero: as themselves.
	Acting Acting
	// Rights are the capacities in which the person could act besides their own.
	Rights []Acting
}

// anonymous reports whether nobody has logged in yet, so that anybody may.
func (s Situation) anonymous() bool {
	return s.Stage == "" && len(s.Uses) == 0
}
