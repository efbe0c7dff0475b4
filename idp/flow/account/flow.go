package account

import (
	"context"
	"time"

	"surety/idp"
	"surety/idp/audit"
	"surety/idp/authn/password"
	"surety/idp/contact"
	"surety/idp/message"
	"surety/idp/session"
)

// Proofs keeps attempts to prove a contact. Those that change one report
// false, or return the zero proof, when it is over, used, or another browser's.
type Proofs interface {
	// BeginProof stores a new one. Errors: unavailable.
	BeginProof(ctx context.Context, tx idp.Tx, p idp.ContactProof) error
	// SentAgain stores the new code and link of one. Errors: unavailable.
	SentAgain(ctx context.Context, tx idp.Tx, p idp.ContactProof) (bool, error)
	// Proof returns one if it is this browser's. Errors: unavailable.
	Proof(ctx context.Context, tx idp.Tx, purpose idp.ProofPurpose, id idp.ProofID, browser [32]byte) (idp.ContactProof, error)
	// ProofByLink returns the one that a link belongs to. Errors: unavailable.
	ProofByLink(ctx context.Context, tx idp.Tx, purpose idp.ProofPurpose, hash [32]byte) (idp.ContactProof, error)
	// TakeTry takes one of the tries and locks the proof. Errors: unavailable.
	TakeTry(ctx context.Context, tx idp.Tx, purpose idp.ProofPurpose, id idp.ProofID, browser [32]byte, most int, now time.Time) (idp.ContactProof, error)
	// ConfirmProof records, once, that the contact was proven. Errors: unavailable.
	ConfirmProof(ctx context.Context, tx idp.Tx, id idp.ProofID, browser [32]byte, expires, now time.Time) (bool, error)
	// WantAnother records the wish for one more account. Errors: unavailable.
	WantAnother(ctx context.Context, tx idp.Tx, id idp.ProofID, browser [32]byte, now time.Time) error
	// CompleteProof uses a confirmed one up, once. Errors: unavailable.
	CompleteProof(ctx context.Context, tx idp.Tx, id idp.ProofID, browser [32]byte, account idp.AccountID, now time.Time) (bool, error)
}

// Accounts makes accounts and gives them back.
type Accounts interface {
	// HoldContact makes others with the same contact wait. Errors: unavailable.
	HoldContact(ctx context.Context, tx idp.Tx, key string) error
	// ContactUse tells how many accounts have the contact, and whether it is a
	// login name. Errors: unavailable.
	ContactUse(ctx context.Context, tx idp.Tx, key string) (accounts int, login bool, err error)
	// Create makes an account. Errors: unavailable.
	Create(ctx context.Context, tx idp.Tx, n idp.NewAccount) error
	// AddLoginName reports false when somebody has the name. Errors: unavailable.
	AddLoginName(ctx context.Context, tx idp.Tx, account idp.AccountID, key string, n idp.LoginName, now time.Time) (bool, error)
	// Resettable lists the accounts that the contact may reset. Errors: unavailable.
	Resettable(ctx context.Context, tx idp.Tx, key string, now, phoneUsed time.Time) ([]idp.Resettable, error)
	// SetPassword replaces the account's password. Errors: unavailable.
	SetPassword(ctx context.Context, tx idp.Tx, c idp.Credential) error
	// ContactUsed records that the contact was reached. Errors: unavailable.
	ContactUsed(ctx context.Context, tx idp.Tx, id idp.ContactID, now time.Time) error
}

// Logins finds accounts by login name.
type Logins interface {
	// FindLogin returns what a login name leads to; zero when nobody has it.
	// Errors: unavailable.
	FindLogin(ctx context.Context, tx idp.Tx, key string, browser [32]byte) (idp.Login, error)
}

// Arrivals logs people in. Package signin does it.
type Arrivals interface {
	// Begin opens a session for somebody who has just logged in. Errors: unavailable.
	Begin(ctx context.Context, tx idp.Tx, now time.Time, a session.Arrival) (session.Ticket, error)
	// Forgive forgets the failures of these login names from this browser and
	// its source. Errors: unavailable.
	Forgive(ctx context.Context, tx idp.Tx, now time.Time, b session.Browser, logins ...string) error
}

// People reads the personal side of an account.
type People interface {
	// Person returns it in clear. Errors: not_found, unavailable.
	Person(ctx context.Context, tx idp.Tx, account idp.AccountID) (idp.Person, error)
}

// Rules says what a password may be.
type Rules interface {
	// Check says whether it may be the person's. Errors: invalid.
	Check(password string, about password.About) error
}

// Passwords makes verifiers; a slow hash behind a bounded queue.
type Passwords interface {
	// Hash makes a verifier. Errors: unavailable with "wait" when busy.
	Hash(ctx context.Context, source, password string) (string, error)
}

// Audit keeps what happened.
type Audit interface {
	// Append keeps the events with the unit of work. Errors: unavailable.
	Append(ctx context.Context, tx idp.Tx, now time.Time, events ...audit.Event) error
}

// MACs is what the key ring does for short codes and limits.
type MACs interface {
	// MAC authenticates parts under a key outside the database.
	MAC(purpose string, parts ...[]byte) [32]byte
	// Fingerprint names a value that is looked up.
	Fingerprint(purpose string, parts ...[]byte) [32]byte
}

// Config is the numbers and rules.
type Config struct {
	Issuer   string        // links begin with it
	Terms    string        // version of the terms of use in force
	Contacts contact.Rules // which contacts are taken
}

// Parts is what the use cases work with. Every field is needed.
type Parts struct {
	InTx      idp.InTx
	Proofs    Proofs
	Accounts  Accounts
	Logins    Logins
	Arrivals  Arrivals
	People    People
	Throttles Throttles
	Rules     Rules
	Passwords Passwords
	Audit     Audit
	Notices   message.Notices
	Texts     message.Texts
	Ring      MACs
	Now       func() time.Time // protocol time
}

// Flow is the use cases. Make it with New; safe for concurrent use.
type Flow struct {
	p      Parts
	config Config
}

// New returns the use cases.
func New(c Config, p Parts) *Flow {
	return &Flow{p: p, config: c}
}

// Numbers of RULES R6 and R7 and of DESIGN §5.
const (
	maxAccounts  = 5                // that may share a contact
	emailLife    = 24 * time.Hour   // of a code and link by e-mail
	smsLife      = 10 * time.Minute // of a code by SMS
	attemptLife  = 24 * time.Hour   // of an attempt whose contact is not confirmed
	finishWithin = time.Hour        // at least, once the contact is confirmed
	resendAfter  = 30 * time.Second
	dependsFor   = 30 * 24 * time.Hour  // a channel that set a password is no second factor
	phoneIdle    = 365 * 24 * time.Hour // a number unused for longer resets nothing
	madeUpTries  = 8                    // login names made up before giving up
)

// messages writes to people.
func (f *Flow) messages() message.Sender {
	return message.Sender{Texts: f.p.Texts, Notices: f.p.Notices}
}
