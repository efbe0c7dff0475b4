package keys

import (
	"slices"
	"time"
)

// Rotation says how signing keys follow one another.
type Rotation struct {
	Algorithms []string      // those that must always have a signing key
	Age        time.Duration // how long a key signs; 0: only by command
	Lead       time.Duration // how long a key is published before it signs; 0: 24 h
	// Linger is how long a key stays in the JWKS after its last signature; 0:
	// DefaultLinger. It must cover the longest life of a token and whatever
	// caches and clocks may lag.
	Linger time.Duration
}

// DefaultLead is how far ahead the next key is published (DESIGN §4): a day, so
// that a client that fetches the JWKS once a day has it in time.
const DefaultLead = 24 * time.Hour

// DefaultLinger: ID and access tokens live 5 minutes (RULES R11), the JWKS may
// be cached for an hour, and clocks differ by 10 seconds.
const DefaultLinger = 5*time.Minute + time.Hour + 10*time.Second

// ChangeKind says what is to be done with a key.
type ChangeKind string

// The kinds of Change.
const (
	ChangeCreate   ChangeKind = "create"   // make a key: Algorithm, PublishedAt, ActiveAt
	ChangeActivate ChangeKind = "activate" // bring forward: KID, ActiveAt
	ChangeSchedule ChangeKind = "schedule" // write down the end: KID, RetiredAt, GoneAt
	ChangeRemove   ChangeKind = "remove"   // destroy the key: KID
)

// Change is one step of a plan. Apply all changes of a plan in one transaction
// that locks the keys, so that two processes never make the same key twice.
type Change struct {
	Kind        ChangeKind
	Algorithm   string
	KID         string    // empty for ChangeCreate
	PublishedAt time.Time // ChangeCreate
	ActiveAt    time.Time // ChangeCreate, ChangeActivate
	RetiredAt   time.Time // ChangeSchedule
	GoneAt      time.Time // ChangeSchedule
}

// Plan says what is due: a first key at once where an algorithm has none, a
// successor in time for the age of the present one, and the removal of what is
// gone. It is empty when nothing is. It never makes a gap in signing, and never
// lets a key sign ahead of its time unless there is no other.
func Plan(all []SigningKey, now time.Time, rule Rotation) []Change {
	changes := removals(all, now)
	for _, alg := range rule.Algorithms {
		latest := latestOf(all, alg, now)
		switch {
		case latest == nil:
			changes = append(changes, Change{Kind: ChangeCreate, Algorithm: alg, PublishedAt: now, ActiveAt: now})
		case !latest.RetiredAt.IsZero(): // its successor was revoked
			changes = append(changes, Change{Kind: ChangeCreate, Algorithm: alg, PublishedAt: now, ActiveAt: latest.RetiredAt})
		case rule.Age > 0 && !now.Before(latest.ActiveAt.Add(rule.Age-rule.lead())):
			// Late (nothing ran for a while) the present key signs past its
			// age rather than the next one before it is known.
			changes = append(changes, succeed(*latest, later(latest.ActiveAt.Add(rule.Age), now.Add(rule.lead())), now, rule)...)
		}
	}
	return changes
}

// PlanNext is the operator's word: a successor for the algorithm, published now
// and signing after the lead. It is empty when a successor is on its way.
func PlanNext(all []SigningKey, now time.Time, rule Rotation, algorithm string) []Change {
	latest := latestOf(all, algorithm, now)
	switch {
	case latest == nil:
		return []Change{{Kind: ChangeCreate, Algorithm: algorithm, PublishedAt: now, ActiveAt: now}}
	case latest.ActiveAt.After(now) || !latest.RetiredAt.IsZero():
		return nil
	}
	return succeed(*latest, now.Add(rule.lead()), now, rule)
}

// PlanRevoke is for a key that somebody else may have: it leaves the JWKS now,
// and tokens signed by it are refused wherever the JWKS is fetched anew. If
// nothing else signs, the published successor takes over at once, or a new key
// does. It is empty for an unknown key. Call Plan afterwards: a revoked
// successor needs another one.
func PlanRevoke(all []SigningKey, now time.Time, kid string) []Change {
	at := slices.IndexFunc(all, func(k SigningKey) bool { return k.KID == kid && k.publishedAt(now) })
	if at < 0 {
		return nil
	}
	alg := all[at].Algorithm
	changes := []Change{{Kind: ChangeSchedule, Algorithm: alg, KID: kid, RetiredAt: now, GoneAt: now}}
	others := slices.DeleteFunc(slices.Clone(all), func(k SigningKey) bool { return k.KID == kid })
	if slices.ContainsFunc(others, func(k SigningKey) bool { return k.Algorithm == alg && k.signsAt(now) }) {
		return changes
	}
	if next := latestOf(others, alg, now); next != nil {
		return append(changes, Change{Kind: ChangeActivate, Algorithm: alg, KID: next.KID, ActiveAt: now})
	}
	return append(changes, Change{Kind: ChangeCreate, Algorithm: alg, PublishedAt: now, ActiveAt: now})
}

// succeed makes the successor of a key and writes down the end of the key
// itself in one plan: from then on the change needs nobody to be awake.
func succeed(key SigningKey, at, now time.Time, rule Rotation) []Change {
	return []Change{
		{Kind: ChangeCreate, Algorithm: key.Algorithm, PublishedAt: now, ActiveAt: at},
		{Kind: ChangeSchedule, Algorithm: key.Algorithm, KID: key.KID, RetiredAt: at, GoneAt: at.Add(rule.linger())},
	}
}

func removals(all []SigningKey, now time.Time) (changes []Change) {
	for _, k := range all {
		if !k.GoneAt.IsZero() && !k.GoneAt.After(now) {
			changes = append(changes, Change{Kind: ChangeRemove, Algorithm: k.Algorithm, KID: k.KID})
		}
	}
	return changes
}

// latestOf is the key of the algorithm that signs now or will sign last.
func latestOf(all []SigningKey, algorithm string, now time.Time) (latest *SigningKey) {
	for i, k := range all {
		over := !k.RetiredAt.IsZero() && !k.RetiredAt.After(now)
		if k.Algorithm == algorithm && !over && (latest == nil || k.ActiveAt.After(latest.ActiveAt)) {
			latest = &all[i]
		}
	}
	return latest
}

func (r Rotation) lead() time.Duration {
	if r.Lead > 0 {
		return r.Lead
	}
	return DefaultLead
}

func (r Rotation) linger() time.Duration {
	if r.Linger > 0 {
		return r.Linger
	}
	return DefaultLinger
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
