package signin

import (
	"context"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/audit"
	"surety/idp/client"
	"surety/idp/contact"
	"surety/idp/interaction"
	"surety/idp/message"
	"surety/idp/procedure"
	"surety/idp/session"
	"surety/idp/throttle"
)

// Sessions keeps browser sessions.
type Sessions interface {
	// Visitor returns who is behind the session with this hash of its secret,
	// in one round trip; nobody, without error, when none is open.
	// Errors: unavailable.
	Visitor(ctx context.Context, hash [32]byte, now time.Time) (interaction.Visitor, error)
	// Touch moves the session's idle end on. Errors: unavailable.
	Touch(ctx context.Context, s session.Session) error
	// LockSession returns the open session with this hash, locked; zero when
	// there is none. Errors: unavailable.
	LockSession(ctx context.Context, tx idp.Tx, hash [32]byte, now time.Time) (session.Session, error)
	// SaveSession writes a new session, or a locked one, under a new secret.
	// Errors: unavailable.
	SaveSession(ctx context.Context, tx idp.Tx, s session.Session, hash [32]byte, d session.Device) error
	// EndSession ends a session and returns whom to tell. Errors: unavailable.
	EndSession(ctx context.Context, tx idp.Tx, id idp.SessionID, why session.EndReason, now time.Time) ([]session.Party, error)
	// EndSessions ends all sessions of the account but one. Errors: unavailable.
	EndSessions(ctx context.Context, tx idp.Tx, account idp.AccountID, but idp.SessionID, why session.EndReason, now time.Time) ([]session.Party, error)
	// Sessions lists open sessions, newest first. Errors: unavailable.
	Sessions(ctx context.Context, account idp.AccountID, after session.Cursor, limit int, now time.Time) ([]session.Listed, error)
}

// Logins keeps what people log in with.
type Logins interface {
	// FindLogin returns what a login name leads to; zero when nobody has it.
	// Errors: unavailable.
	FindLogin(ctx context.Context, tx idp.Tx, key string, browser [32]byte) (idp.Login, error)
	// LoginUsed records a log-in, unless the password has changed since it was
	// read or the account is no longer active: then false. Errors: unavailable.
	LoginUsed(ctx context.Context, tx idp.Tx, c idp.Credential, loginKey, verifier string, now time.Time) (bool, error)
	// KnowDevice remembers that the person used this browser. Errors: unavailable.
	KnowDevice(ctx context.Context, tx idp.Tx, account idp.AccountID, browser [32]byte, now time.Time) error
	// AcceptTerms records that a version was accepted. Errors: unavailable.
	AcceptTerms(ctx context.Context, tx idp.Tx, account idp.AccountID, version string, now time.Time) error
	// RevokeBefore makes all earlier grants count for nothing. Errors: unavailable.
	RevokeBefore(ctx context.Context, tx idp.Tx, account idp.AccountID, now time.Time) error
	// Methods lists what the account can log in with. Errors: unavailable.
	Methods(ctx context.Context, account idp.AccountID) ([]idp.MethodState, error)
}

// Interactions keeps pending requests, sealed and bound to a browser. Those
// that change one report false when it is over or not this browser's.
type Interactions interface {
	// OpenInteraction stores a new one. Errors: unavailable.
	OpenInteraction(ctx context.Context, browser [32]byte, i interaction.Interaction) error
	// Interaction returns one and the browser it belongs to. Errors: not_found, unavailable.
	Interaction(ctx context.Context, id idp.InteractionID) (interaction.Interaction, [32]byte, error)
	// ClaimInteraction binds one to another browser, once. Errors: unavailable.
	ClaimInteraction(ctx context.Context, id idp.InteractionID, from, to [32]byte, now time.Time) (bool, error)
	// FinishInteraction completes one, once. Errors: unavailable.
	FinishInteraction(ctx context.Context, tx idp.Tx, browser [32]byte, id idp.InteractionID, o interaction.Outcome, now time.Time) (bool, error)
	// ChoseAccount records the account to go on as. Errors: unavailable.
	ChoseAccount(ctx context.Context, tx idp.Tx, browser [32]byte, id idp.InteractionID, account idp.AccountID, now time.Time) (bool, error)
	// Consented records a consent given in it. Errors: unavailable.
	Consented(ctx context.Context, tx idp.Tx, browser [32]byte, id idp.InteractionID, account idp.AccountID, consent string, now time.Time) (bool, error)
}

// Declines keeps that a person goes on without a level that was only wished for.
type Declines interface {
	// DeclinedStepUp records it for the account. False: the interaction is over
	// or not this browser's. Errors: unavailable.
	DeclinedStepUp(ctx context.Context, tx idp.Tx, browser [32]byte, id idp.InteractionID, account idp.AccountID, now time.Time) (bool, error)
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

// Clients finds relying parties, from memory if it can.
type Clients interface {
	// Client returns the client, also when it is disabled. Errors: not_found, unavailable.
	Client(ctx context.Context, id idp.ClientID) (*client.Client, error)
}

// Passwords compares passwords; a slow hash behind a bounded queue.
type Passwords interface {
	// Verify says what the password proves. For the zero credential it takes
	// as long and fails. Errors: invalid; unavailable with "wait" when busy.
	Verify(ctx context.Context, now time.Time, source, password string, credential idp.Credential) (assurance.Use, error)
	// Hash makes a verifier. Errors: unavailable with "wait" when busy.
	Hash(ctx context.Context, source, password string) (string, error)
	// NeedsRehash reports whether the verifier was made with other parameters.
	NeedsRehash(verifier string) bool
}

// Audit keeps what happened. Errors: unavailable.
type Audit interface {
	Append(ctx context.Context, tx idp.Tx, now time.Time, events ...audit.Event) error
}

// Procedures finds what agencies offer, from memory if it can.
type Procedures interface {
	// InForce returns the procedures of the agency with these codes, as they
	// are at this civil time, in the order of the codes.
	// Errors: not_found with the argument "code", unavailable.
	InForce(ctx context.Context, agency string, codes []string, civil time.Time) ([]procedure.Procedure, error)
}

// Subjects names people to clients.
type Subjects interface {
	// Subject is this client's sub for the account.
	Subject(c *client.Client, account idp.AccountID) string
}

// Config is the numbers and rules.
type Config struct {
	Issuer    string                          // links begin with it
	Rules     func() (assurance.Rules, error) // the rules in force; unavailable when they cannot be told
	Terms     string                          // version of the terms of use in force
	Contacts  contact.Rules                   // how a login name is read as a contact
	Lifetimes session.Lifetimes               // zero: session.DefaultLifetimes
}

// Parts is what the use cases work with. Every field is needed.
type Parts struct {
	InTx         idp.InTx
	Sessions     Sessions
	Logins       Logins
	Interactions interface {
		Interactions
		Declines
	}
	Throttles  Throttles
	People     People
	Consents   Consents
	Clients    Clients
	Passwords  Passwords
	Audit      Audit
	Notices    message.Notices
	Texts      message.Texts
	Subjects   Subjects
	Procedures Procedures
	// Values are the person's values for claims, exactly as they will be sent.
	Values func(a idp.Account, p idp.Person, names []string) map[string]any
	// Fingerprint keys what is limited; see keys.Ring.
	Fingerprint func(purpose string, parts ...[]byte) [32]byte
	Now         func() time.Time // protocol time
	Civil       func() time.Time // time of documents, proofings and consents
}

// Flow is the use cases. Make it with New; safe for concurrent use.
type Flow struct {
	p      Parts
	config Config
}

// New returns the use cases.
func New(c Config, p Parts) *Flow {
	if c.Lifetimes == (session.Lifetimes{}) {
		c.Lifetimes = session.DefaultLifetimes()
	}
	return &Flow{p: p, config: c}
}

// messages writes to people.
func (f *Flow) messages() message.Sender {
	return message.Sender{Texts: f.p.Texts, Notices: f.p.Notices}
}
