package assurance

import (
	"slices"
	"time"
)

// Policy says which evidence is worth which level (DESIGN §3). It is plain
// data: a profile's policy.yaml read and checked once, then shared by every
// request. Nothing may change it after that.
type Policy struct {
	Version int
	Levels  []Level // lowest first
	Steps   []Step  // what a person can do here to get further, in the order in which one would
	// Capacities are what acting for others takes; one that is not listed takes nothing more.
	Capacities []CapacityRule
	// DocumentGrace is how long a proofing goes on counting after the document
	// shown for it has ended (RULES R3); zero: not at all.
	DocumentGrace time.Duration
}

// Level is what an agency may rely on: how well the identity is known, and
// how the person logged in. Both must hold. On each axis a level also accepts
// what a higher one accepts, so that stronger evidence is never worth less.
type Level struct {
	Name     LevelName
	ACR      string // value of the acr claim (OpenID Connect Core 1.0, section 2): an absolute URI
	Identity Stage
	Login    []Alternative // any one of them is enough
	// Equals is the level of another framework that this one claims to be, for
	// example "eidas:substantial"; empty claims nothing (RULES R1).
	Equals string
}

// Alternative is a set of terms that count together: each must be filled by a
// use of its own, and these uses must be independent of each other.
type Alternative []Term

// Term is filled by one use. Every field but Method narrows it further; what
// is left empty accepts anything.
type Term struct {
	Method  Method        // "federated" accepts any provider, "federated:bank" that one
	AMR     []string      // all of these are proven by the use
	Channel []string      // the use came by one of these; "" is the method's usual one
	Issuer  []string      // the use was vouched for by one of these
	MaxAge  time.Duration // the use is not older; zero means any age
}

// Level returns the level of that name.
func (p Policy) Level(name LevelName) (Level, bool) {
	if i := p.rank(name); i >= 0 {
		return p.Levels[i], true
	}
	return Level{}, false
}

// LevelByACR returns the level that an acr value stands for. A value that the
// policy does not know is no error: voluntary ones are ignored
// (OpenID Connect Core 1.0, section 3.1.2.1).
func (p Policy) LevelByACR(acr string) (Level, bool) {
	i := slices.IndexFunc(p.Levels, func(l Level) bool { return l.ACR == acr })
	if i < 0 || acr == "" {
		return Level{}, false
	}
	return p.Levels[i], true
}

// ACRs lists the acr values of all levels, lowest first, for the provider's
// metadata (acr_values_supported).
func (p Policy) ACRs() []string {
	acrs := make([]string, len(p.Levels))
	for i, l := range p.Levels {
		acrs[i] = l.ACR
	}
	return acrs
}

// Compare orders two levels: negative when a is below b, zero when they are
// the same, positive when a is above. A level that the policy does not know
// is below every other, so that an unknown name never opens anything.
func (p Policy) Compare(a, b LevelName) int {
	return p.rank(a) - p.rank(b)
}

// ACRFor returns the value for the acr claim of an ID token: the highest
// requested value that the reached level covers, else the reached level's own
// (DESIGN §4, RULES R1). It may say less than was reached, never more.
// For a level that the policy does not know it returns "".
func (p Policy) ACRFor(requested []string, reached LevelName) string {
	top := p.rank(reached)
	for i := top; i >= 0; i-- {
		if slices.Contains(requested, p.Levels[i].ACR) {
			return p.Levels[i].ACR
		}
	}
	if top < 0 {
		return ""
	}
	return p.Levels[top].ACR
}

// rank is the position of a level in the policy, -1 if it has none.
func (p *Policy) rank(name LevelName) int {
	for i := range p.Levels {
		if p.Levels[i].Name == name {
			return i
		}
	}
	return -1
}

// limit is the highest rank that something marked with these levels may count
// for. An empty name limits nothing. A name that this policy does not know
// (the policy changed under it) limits to nothing at all: what was proven
// under it can no longer be told.
func (p *Policy) limit(names ...LevelName) int {
	lowest := len(p.Levels) - 1
	for _, name := range names {
		if name != "" {
			lowest = min(lowest, p.rank(name))
		}
	}
	return lowest
}
