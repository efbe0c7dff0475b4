package consent

import (
	"slices"
	"time"

	"surety/assurance"
)

// ID names a record, as the text form of a UUID.
type ID string

// Request is what a client wants to have, for one account. Scopes and Claims
// are sets: neither order nor repetition matters.
type Request struct {
	AccountID assurance.AccountID
	ClientID  assurance.ClientID
	Scopes    []string // RFC 6749, section 3.3
	Claims    []string // names, also those that the scopes stand for
	// LeftOut are those of Claims that the person did not want to give
	// (RULES R10). Only an answer has them.
	LeftOut []string
	// Shown are values that go by law (RULES R10): the person sees them on the
	// same screen and is not asked.
	Shown   []string
	Purpose string // empty: logging in, nothing further
}

// Record is what a person agreed to, once. All times are civil. The zero
// Record is no consent: it is never in force.
type Record struct {
	ID        ID
	AccountID assurance.AccountID
	ClientID  assurance.ClientID
	Scopes    []string // sorted, each once
	Claims    []string // sorted, each once
	// LeftOut were asked for and not given: nothing of them is sent, and they
	// are not asked for again until the person says so (prompt=consent).
	LeftOut []string // sorted, each once, none of Claims
	// Shown go by law, whatever is agreed to: they were on the screen.
	Shown     []string // sorted, each once
	Purpose   string
	GrantedAt time.Time

	ExpiresAt    time.Time // the first moment at which it no longer holds; zero: until withdrawn
	WithdrawnAt  time.Time // zero: not withdrawn
	SupersededBy ID        // empty: not superseded
}

// State says whether a record holds and, if not, how it ended.
type State string

// The states. Of several ends the one that the person chose is told.
const (
	StateNone       State = "none" // the zero Record
	StateInForce    State = "in_force"
	StateWithdrawn  State = "withdrawn"
	StateSuperseded State = "superseded"
	StateExpired    State = "expired"
)

// State returns the record's state at the civil time.
func (r Record) State(civil time.Time) State {
	switch {
	case r.ID == "":
		return StateNone
	case !r.WithdrawnAt.IsZero():
		return StateWithdrawn
	case r.SupersededBy != "":
		return StateSuperseded
	case !r.ExpiresAt.IsZero() && !civil.Before(r.ExpiresAt):
		return StateExpired
	}
	return StateInForce
}

// Covers reports whether the request stays inside what was answered: the same
// person, the same client, the same purpose, nothing more than the scopes and
// claims that were shown, and the record in force. What is sent is Claims
// alone, never LeftOut.
func (r Record) Covers(q Request, civil time.Time) bool {
	return r.State(civil) == StateInForce &&
		r.AccountID == q.AccountID && r.ClientID == q.ClientID && r.Purpose == q.Purpose &&
		within(q.Scopes, r.Scopes) && within(q.Claims, slices.Concat(r.Claims, r.LeftOut)) &&
		within(q.Shown, r.Shown)
}

// Withdraw returns the record as withdrawn. What has ended already stays as it
// ended: its history is not rewritten, and there is nothing left to withdraw.
func (r Record) Withdraw(civil time.Time) Record {
	if r.State(civil) == StateInForce {
		r.WithdrawnAt = civil
	}
	return r
}

// Agree makes the record of an answer given now, and returns before as
// superseded by it if it stood until then (otherwise before is unchanged).
//
// Two parts of an agency may ask for different values in turn. What the person
// agreed to before, for the same purpose, still stands and is carried over, or
// each part would ask again on every visit; but not what they leave out now.
// Carried over it lasts no longer than it did: the whole record then ends with
// the earlier of the two dates. lasts is how long the new answer holds; zero
// means until withdrawn.
func Agree(before Record, id ID, q Request, civil time.Time, lasts time.Duration) (agreed, superseded Record) {
	agreed = Record{
		ID: id, AccountID: q.AccountID, ClientID: q.ClientID, Purpose: q.Purpose,
		Scopes: set(q.Scopes), Claims: without(q.Claims, q.LeftOut), LeftOut: set(q.LeftOut), Shown: set(q.Shown), GrantedAt: civil,
	}
	if lasts > 0 {
		agreed.ExpiresAt = civil.Add(lasts)
	}
	if before.ID == id || before.AccountID != q.AccountID || before.ClientID != q.ClientID {
		return agreed, before
	}
	if before.State(civil) == StateInForce && before.Purpose == q.Purpose {
		agreed.Scopes = set(agreed.Scopes, before.Scopes...)
		agreed.Claims = set(agreed.Claims, without(before.Claims, q.LeftOut)...)
		agreed.LeftOut = without(set(agreed.LeftOut, before.LeftOut...), agreed.Claims)
		agreed.Shown = set(agreed.Shown, before.Shown...)
		agreed.ExpiresAt = earlier(agreed.ExpiresAt, before.ExpiresAt)
	}
	// An expired record stood in this place as well, until something else does.
	if s := before.State(civil); s == StateInForce || s == StateExpired {
		before.SupersededBy = id
	}
	return agreed, before
}

// within reports whether every wanted value is among the agreed ones.
func within(wanted, agreed []string) bool {
	for _, w := range wanted {
		if !slices.Contains(agreed, w) {
			return false
		}
	}
	return true
}

// without returns the values sorted, each once, but for those.
func without(values, those []string) []string {
	return slices.DeleteFunc(set(values), func(v string) bool { return slices.Contains(those, v) })
}

// set returns the values sorted, each once, in memory of its own.
func set(values []string, more ...string) []string {
	all := slices.Concat(values, more)
	slices.Sort(all)
	return slices.Compact(all)
}

// earlier returns the earlier of two ends, of which zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
