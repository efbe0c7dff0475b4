package factor

import (
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/session"
)

// ErrAgain says that this asks for a log-in of the last ten minutes: the page
// sends the person to log in again, and then back.
var ErrAgain = idp.E(idp.CodeLevelTooLow, "error.factor.again")

// ErrNobody says that nobody is logged in in this browser.
var ErrNobody = session.ErrNobody

// ErrHasApp says that the account has an authenticator app and the session
// does not show it: a code of that app, or a recovery code, is asked for first
// (UseOTP), and then the app may be replaced.
var ErrHasApp = idp.E(idp.CodeConflict, "error.otp.replace")

// ErrLast says that without this the person could not log in any more, and
// that they have not yet said that they know.
var ErrLast = idp.E(idp.CodeConflict, "error.factor.last").In("confirm")

// ErrAttempt says that the form stood open too long, was used, or is of
// another browser, session or account: the page begins anew.
var ErrAttempt = idp.E(idp.CodeExpired, "error.factor.attempt")

// Overview is the page of a person's ways to log in.
type Overview struct {
	// Fresh says that the log-in is fresh enough to change something.
	Fresh    bool
	Password bool       // there is one
	App      *Method    // the authenticator app; nil: none
	Passkeys []Method   // oldest first
	Phones   []Contact  // codes by SMS can be sent to them
	Recovery int        // recovery codes that are left
	Anchors  []Contact  // contacts that were confirmed with the person's identity
	Full     bool       // as many passkeys as one may have
	Binding  *time.Time // until when the next method that is added counts fully; nil: a code to one of Anchors was not entered
}

// Method is an authenticator of the person.
type Method struct {
	ID       idp.CredentialID
	Method   assurance.Method // otp or passkey
	Name     string           // as the person calls it; empty for an app
	AddedAt  time.Time
	LastUsed time.Time // zero: never
	// Level is the level up to which it counts; empty: it is not limited.
	Level assurance.LevelName
}

// Contact is an address that is shown to its owner.
type Contact struct {
	ID     idp.ContactID
	Kind   idp.ContactKind
	Masked string
	Level  assurance.LevelName // up to which a code to it counts; empty: not limited
}

// OTPScreen is what the page shows that adds an authenticator app.
type OTPScreen struct {
	Attempt string // comes back with the form; good for ten minutes in this session
	Key     string // to type: groups of four letters
	URI     string // otpauth://..., for a link on a phone
	QR      []byte // PNG of the URI
	Replace bool   // there is an app, and this one takes its place
	Bound   Bound
}

// Bound says what a method that is added now will count for.
type Bound struct {
	// Level is up to where it counts; empty: not limited, because a code to a
	// contact that was confirmed with the person's identity was entered.
	Level assurance.LevelName
	// Anchors are the contacts whose code would lift the limit; none when it
	// is lifted, or there are none.
	Anchors []Contact
}

// AddOTP is the form of that page.
type AddOTP struct {
	Browser session.Browser
	Attempt string
	Code    string // as the app shows it
}

// AddPasskey is the answer of a new passkey.
type AddPasskey struct {
	Browser session.Browser
	Attempt string
	Answer  []byte // JSON of the page's script
	Name    string // as the person calls it; may be empty
}

// Added is a method that was added. It counts as used: the session has its use
// and the browser gets a new secret.
type Added struct {
	Ticket session.Ticket
	ID     idp.CredentialID
	Level  assurance.LevelName // up to which it counts; empty: not limited
	// Recovery are the recovery codes of an app, shown once; empty for a passkey.
	Recovery []string
}

// Question asks for a passkey.
type Question struct {
	Options []byte // JSON for the page's script
	Attempt string // comes back with the answer; good once, for ten minutes in this browser
}

// NewPasskey asks for a new passkey.
type NewPasskey struct {
	Question
	Suggested string // a name for it, from the browser's own
	Bound     Bound
}

// UseOTP is a code of the authenticator app, or a recovery code.
type UseOTP struct {
	Browser     session.Browser
	Interaction idp.InteractionID // may be empty
	Code        string
}

// UsePasskey is the answer of a passkey.
type UsePasskey struct {
	Browser     session.Browser
	Interaction idp.InteractionID // may be empty
	Attempt     string
	Answer      []byte // JSON of the page's script
	Shared      bool   // "this is a shared computer"; for signing in only
}

// CodeID names a code that was sent. It is worth nothing in another browser or session.
type CodeID string

// Sent is a code that was sent, for the page that asks for it.
type Sent struct {
	ID          CodeID
	Kind        idp.ContactKind
	Contact     string        // masked; as typed when signing in
	CodeValid   time.Duration // how long the code is good from now
	ResendAfter time.Duration // zero: may be sent again at once
	Confirmed   bool          // entered already: go on
	Interaction idp.InteractionID
}

// BeginSMS starts to sign in by SMS.
type BeginSMS struct {
	Browser     session.Browser
	Interaction idp.InteractionID // may be empty
	Phone       string            // as typed
	Shared      bool              // "this is a shared computer"
}

// TypedCode is a code as the person typed it.
type TypedCode struct {
	Browser session.Browser
	ID      CodeID
	Code    string
}

// Arrived is somebody who has logged in, or logged in by one thing more.
type Arrived struct {
	Ticket      session.Ticket
	Interaction idp.InteractionID // to go on with; empty: none
}

// Used is a code of an app, or a recovery code, that was taken.
type Used struct {
	Arrived
	Recovery bool // it was a recovery code
	Left     int  // recovery codes that are left
}

// Removal is what the page shows that asks whether to remove a method.
type Removal struct {
	Method
	// Last says that the person could not log in any more: they must confirm.
	Last bool
}

// Remove is the form of that page.
type Remove struct {
	Browser   session.Browser
	ID        idp.CredentialID
	Confirmed bool // the person knows that it is the last
}

// Removed is what became of it.
type Removed struct {
	// LoggedOut says that this session rested on what was removed and is over.
	LoggedOut bool
}
