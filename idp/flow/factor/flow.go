package factor

import (
	"context"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/audit"
	"surety/idp/authn/passkey"
	"surety/idp/contact"
	"surety/idp/interaction"
	"surety/idp/message"
	"surety/idp/session"
	"surety/idp/throttle"
)

// Arrivals knows who is there and logs people in. Package signin does it.
type Arrivals interface {
	// Here returns who is in the browser; nobody, without error, when nobody is. Errors: unavailable.
	Here(ctx context.Context, b session.Browser) (interaction.Visitor, error)
	// MayLogIn says whether logging in is what the request asks for now; always
	// outside a request. Errors: conflict, not_found, expired, unavailable.
	MayLogIn(ctx context.Context, b session.Browser, id idp.InteractionID) error
	// Begin opens a session, or goes on with the one there. Errors: session.ErrNobody, unavailable.
	Begin(ctx context.Context, tx idp.Tx, now time.Time, a session.Arrival) (session.Ticket, error)
	// Arrive is Begin, and tells of a browser that the account does not know. Errors: unavailable.
	Arrive(ctx context.Context, tx idp.Tx, now time.Time, a idp.Account, known bool, in session.Arrival) (session.Ticket, error)
	// EndEmptied ends sessions that rested on what was taken away. Errors: unavailable.
	EndEmptied(ctx context.Context, tx idp.Tx, now time.Time, account idp.AccountID, why session.EndReason, ids ...idp.SessionID) error
}

// Factors keeps apps and passkeys.
type Factors interface {
	// Factors lists the account's, oldest first; within a unit of work the account is locked. Errors: unavailable.
	Factors(ctx context.Context, tx idp.Tx, account idp.AccountID) ([]idp.Factor, error)
	// AddFactor stores a new one. Errors: conflict, unavailable.
	AddFactor(ctx context.Context, tx idp.Tx, f idp.Factor) error
	// UseFactor records a use, and takes a time step unless it is 0; false when
	// that step was taken or the factor is gone. Errors: unavailable.
	UseFactor(ctx context.Context, tx idp.Tx, f idp.Factor, step int64, now time.Time) (bool, error)
	// RenameFactor names a passkey; false when there is none. Errors: unavailable.
	RenameFactor(ctx context.Context, tx idp.Tx, account idp.AccountID, id idp.CredentialID, name string, now time.Time) (bool, error)
	// RemoveFactor removes one and its uses, and returns what is left of what
	// rested on it. Errors: not_found, unavailable.
	RemoveFactor(ctx context.Context, tx idp.Tx, account idp.AccountID, id idp.CredentialID) (idp.Taken, error)
	// Tell tells agencies of tokens that say too much. Errors: unavailable.
	Tell(ctx context.Context, tx idp.Tx, now time.Time, events []idp.SecurityEvent) error
	// Passkey returns which passkey of whom has this id; zero when nobody. Errors: unavailable.
	Passkey(ctx context.Context, tx idp.Tx, key []byte, browser [32]byte) (idp.Entrance, idp.CredentialID, error)
	// Answer marks a challenge as answered, once. Errors: expired, unavailable.
	Answer(ctx context.Context, tx idp.Tx, challenge [32]byte, expiresAt time.Time) error
}

// Recovery keeps recovery codes.
type Recovery interface {
	// ReplaceRecoveryCodes replaces them all. Errors: unavailable.
	ReplaceRecoveryCodes(ctx context.Context, tx idp.Tx, account idp.AccountID, codes []idp.RecoveryCode, now time.Time) error
	// RecoveryCodes lists those that are left. Errors: unavailable.
	RecoveryCodes(ctx context.Context, tx idp.Tx, account idp.AccountID) ([]idp.RecoveryCode, error)
	// UseRecoveryCode uses one up; false when it was. Errors: unavailable.
	UseRecoveryCode(ctx context.Context, tx idp.Tx, account idp.AccountID, id string, now time.Time) (bool, error)
}

// Codes keeps codes that were sent to contacts. Those that change or read one
// report false, or return zero, when it is over, used, or of another place.
type Codes interface {
	// BeginCode stores a new one. Errors: unavailable.
	BeginCode(ctx context.Context, tx idp.Tx, c idp.ContactCode) error
	// CodeSentAgain stores a new code in its place. Errors: unavailable.
	CodeSentAgain(ctx context.Context, tx idp.Tx, c idp.ContactCode) (bool, error)
	// Code returns one. Errors: unavailable.
	Code(ctx context.Context, tx idp.Tx, purpose idp.CodePurpose, id string, binding [32]byte) (idp.ContactCode, error)
	// TakeCodeTry takes one of its tries and locks it. Errors: unavailable.
	TakeCodeTry(ctx context.Context, tx idp.Tx, purpose idp.CodePurpose, id string, binding [32]byte, most int, now time.Time) (idp.ContactCode, error)
	// UseCode uses it up, once. Errors: unavailable.
	UseCode(ctx context.Context, tx idp.Tx, id string, now time.Time) (bool, error)
	// Binding returns the contact whose code to bind was entered, and when. Errors: unavailable.
	Binding(ctx context.Context, tx idp.Tx, account idp.AccountID, binding [32]byte, since time.Time) (idp.ContactID, time.Time, error)
	// TakeBinding takes it, once. Errors: unavailable.
	TakeBinding(ctx context.Context, tx idp.Tx, account idp.AccountID, binding [32]byte, since time.Time) (idp.ContactID, error)
}

// Phones finds people by the telephone that they log in with.
type Phones interface {
	// PhoneLogin returns whom the number leads to, if it was used since then;
	// zero when nobody. Errors: unavailable.
	PhoneLogin(ctx context.Context, tx idp.Tx, key string, browser [32]byte, used time.Time) (idp.Entrance, error)
	// UsePhone records a log-in by a code to it; false when it is no longer
	// theirs or the account not active. Errors: unavailable.
	UsePhone(ctx context.Context, tx idp.Tx, account idp.AccountID, id idp.ContactID, bound assurance.LevelName, now time.Time) (bool, error)
}

// Throttles keeps what is limited.
type Throttles interface {
	// ChangeTries hands the states of the keys, locked, to the rule, and keeps
	// what it returns; nothing when it fails. Errors: those of change; unavailable.
	ChangeTries(ctx context.Context, tx idp.Tx, keys [][32]byte, now time.Time, change func([]throttle.State) ([]throttle.State, error)) error
}

// People reads the personal side of an account.
type People interface {
	// Person returns it in clear. Errors: not_found, unavailable.
	Person(ctx context.Context, tx idp.Tx, account idp.AccountID) (idp.Person, error)
}

// Audit keeps what happened.
type Audit interface {
	// Append keeps the events with the unit of work. Errors: unavailable.
	Append(ctx context.Context, tx idp.Tx, now time.Time, events ...audit.Event) error
}

// Ring keys short codes, limits and what a page carries.
type Ring interface {
	// MAC authenticates parts under a key outside the database.
	MAC(purpose string, parts ...[]byte) [32]byte
	// Fingerprint names a value that is looked up.
	Fingerprint(purpose string, parts ...[]byte) [32]byte
	// Seal seals a value for one purpose and place.
	Seal(purpose string, context, plain []byte) []byte
	// Open opens what Seal sealed. Errors: internal for anything else.
	Open(purpose string, context, sealed []byte) ([]byte, error)
}

// Config is the numbers and rules.
type Config struct {
	Issuer   string                          // links begin with it
	Name     string                          // shown by authenticator apps beside their codes
	Rules    func() (assurance.Rules, error) // the rules in force; unavailable when they cannot be told
	Contacts contact.Rules                   // to which numbers messages are sent
}

// Parts is what the use cases work with. Every field but Passkeys is needed.
type Parts struct {
	InTx     idp.InTx
	Arrivals Arrivals
	Factors  Factors
	Recovery Recovery
	Codes    Codes
	Phones   Phones
	// Passkeys is nil where the issuer's host is an address: browsers give
	// passkeys to names only.
	Passkeys  *passkey.Passkeys
	Throttles Throttles
	People    People
	Audit     Audit
	Notices   message.Notices
	Texts     message.Texts
	Ring      Ring
	Now       func() time.Time // protocol time
	Civil     func() time.Time // time of documents and proofings
}

// Numbers of DESIGN §3, §5 and §6.
const (
	freshFor    = 10 * time.Minute    // a log-in is fresh enough to change something
	attemptLife = 10 * time.Minute    // a form may stand open
	bindFor     = 10 * time.Minute    // a code to bind counts, once it was entered
	dependsFor  = 30 * 24 * time.Hour // a method depends on the contact that it was bound to
	codeLife    = 10 * time.Minute    // of a code
	codeForm    = time.Hour           // of the page that asks for one
	resendAfter = 30 * time.Second
	phoneIdle   = 365 * 24 * time.Hour // a number unused for longer signs nobody in: it may be another's
	maxPasskeys = 10
	maxName     = 60 // characters
)

// Flow is the use cases. Make it with New; safe for concurrent use.
type Flow struct {
	p      Parts
	config Config
}

// New returns the use cases.
func New(c Config, p Parts) *Flow { return &Flow{p: p, config: c} }

// person returns who is in the browser. Errors: ErrNobody, unavailable.
func (f *Flow) person(ctx context.Context, b session.Browser) (interaction.Visitor, error) {
	v, err := f.p.Arrivals.Here(ctx, b)
	if err == nil && !v.Known() {
		err = ErrNobody
	}
	return v, err
}

// place names browser and session, so that what was asked for in one is worth
// nothing in another, whoever carries it there.
func place(b session.Browser, v interaction.Visitor) [32]byte {
	return sum("place", b.Hash[:], []byte(v.SessionID), []byte(v.Account.ID))
}

// event is what the audit keeps of a visitor's act.
func event(kind string, b session.Browser, v interaction.Visitor, attrs map[string]string) audit.Event {
	d := b.Device()
	return audit.Event{
		Type: kind, AccountID: v.Account.ID, SessionID: v.SessionID, Attrs: attrs,
		Personal: map[string]string{"source": d.Source, "user_agent": d.UserAgent},
	}
}

// messages writes to people.
func (f *Flow) messages() message.Sender {
	return message.Sender{Texts: f.p.Texts, Notices: f.p.Notices}
}
