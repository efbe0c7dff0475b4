package idp

import (
	"time"

	"surety/assurance"
	"surety/verification"
)

// AccountState says whether an account may be used.
type AccountState string

// The states of an account.
const (
	AccountActive AccountState = "active"
	AccountFrozen AccountState = "frozen" // by "this was not me" or an operator
	AccountClosed AccountState = "closed"
)

// Account is what every request about a signed-in person needs: nothing in it
// is personal, so that loading it needs no decryption.
type Account struct {
	ID              AccountID
	State           AccountState
	Stage           assurance.Stage
	Proofings       []assurance.Proofing // those not revoked
	Language        string               // BCP 47: be, ru, uk or en
	TokensValidFrom time.Time            // grants made before count for nothing
	TermsVersion    string               // the version last accepted
	CreatedAt       time.Time
}

// Usable reports whether the account may log in and get tokens.
func (a Account) Usable() bool { return a.State == AccountActive }

// ContactKind is the kind of an address.
type ContactKind string

// The kinds of contact.
const (
	ContactEmail ContactKind = "email"
	ContactPhone ContactKind = "phone"
)

// Contact is an address of an account, in clear.
type Contact struct {
	ID          ContactID
	Kind        ContactKind
	Value       string // e-mail address, or E.164 number
	Main        bool
	ConfirmedAt time.Time
	ResetsFrom  time.Time // it resets nothing before (RULES R7)
	LastUsedAt  time.Time
	// AnchoredAt is when it was confirmed together with the person's identity;
	// zero: it was not, or was changed since. A code to it binds a new method.
	AnchoredAt time.Time
	// BoundLevel is up to where a code to it counts; empty: not limited.
	BoundLevel assurance.LevelName
}

// Attribute is one personal value, in clear, with where it came from.
type Attribute struct {
	Name       string // claim name of OpenID Connect Core, section 5.1, or ours (RULES R10)
	Value      string
	Source     string    // self, registry, counter, certificate, federated, imported
	VerifiedAt time.Time // zero when nobody verified it
	UpdatedAt  time.Time
}

// Person is the personal side of an account, in clear: loaded only where it
// is shown or sent.
type Person struct {
	AccountID  AccountID
	Name       verification.Name
	Attributes []Attribute
	Contacts   []Contact
	LoginNames []string
}

// Credential is something to log in with.
type Credential struct {
	ID           CredentialID
	AccountID    AccountID
	Method       assurance.Method
	Verifier     string // PHC string for a password
	BoundLevel   assurance.LevelName
	DependsOn    []ContactID // counts until DependsUntil
	DependsUntil time.Time
	ChangedAt    time.Time
}
