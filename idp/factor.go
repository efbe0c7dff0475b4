package idp

import (
	"time"

	"surety/assurance"
)

// Factor is something to log in with besides a password: an authenticator app
// (otp) or a passkey.
type Factor struct {
	ID        CredentialID
	AccountID AccountID
	Method    assurance.Method
	Name      string // as the person calls it
	// Key is what finds a passkey: the id that it shows. Stored as a
	// fingerprint; empty when the factor was read.
	Key []byte
	// Secret is the secret of an app, or the record of a passkey. Sealed.
	Secret       []byte
	AMR          []string // what uses of it prove
	BoundLevel   assurance.LevelName
	DependsOn    []ContactID // counts until DependsUntil
	DependsUntil time.Time
	LastStep     int64 // the last time step of which a code was taken
	CreatedAt    time.Time
	LastUsedAt   time.Time // zero: never
}

// Use is the use that the factor makes now.
func (f Factor) Use(now time.Time) assurance.Use {
	u := assurance.Use{Method: f.Method, At: now, AMR: f.AMR, BoundLevel: f.BoundLevel, Credential: string(f.ID)}
	if now.Before(f.DependsUntil) {
		u.DependsOn = f.DependsOn
	}
	return u
}

// Authenticator is the factor as the rules know it.
func (f Factor) Authenticator(now time.Time) assurance.Authenticator {
	u := f.Use(now)
	return assurance.Authenticator{Method: u.Method, AMR: u.AMR, BoundLevel: u.BoundLevel, DependsOn: u.DependsOn}
}

// RecoveryCode is a recovery code as it is kept: short, so hashed with the
// ring's key and the row's id.
type RecoveryCode struct {
	ID  string
	MAC []byte
}

// CodePurpose says what a code was sent to a contact for.
type CodePurpose string

// The purposes.
const (
	CodeToLogIn  CodePurpose = "login"   // by a person who is logged in, as one thing more
	CodeToBind   CodePurpose = "bind"    // before adding a method
	CodeToSignIn CodePurpose = "sign_in" // by nobody yet
)

// ContactCode is a code that was sent to a contact. It is good only where it
// was asked for: Binding names the browser and, where there is one, the session.
type ContactCode struct {
	ID            string
	AccountID     AccountID // empty when nobody logs in with the number
	ContactID     ContactID // likewise
	Purpose       CodePurpose
	Binding       [32]byte
	MAC           []byte // nil: no code is good for it
	Tries         int
	Sends         int
	SentAt        time.Time
	CodeExpiresAt time.Time
	UsedAt        time.Time
	CreatedAt     time.Time
	ExpiresAt     time.Time
	Form          CodeForm // sealed
}

// CodeForm is what was typed to get a code, so that it can be sent again and
// the person can go on.
type CodeForm struct {
	To            string        `json:"to"`      // what messages are sent to
	Display       string        `json:"display"` // what the person is shown
	Key           string        `json:"key"`     // what equal contacts share
	Kind          ContactKind   `json:"kind"`
	Language      string        `json:"language"`
	InteractionID InteractionID `json:"interaction_id,omitempty"`
	Shared        bool          `json:"shared,omitempty"` // "this is a shared computer"
}

// Entrance is whom a way to sign in without a password leads to. It is zero
// when it leads to nobody.
type Entrance struct {
	Account Account
	// Contact is the telephone that a code goes to: its name and up to where it counts.
	Contact    ContactID
	BoundLevel assurance.LevelName
	// KnownDevice says that the person used this browser before.
	KnownDevice bool
}

// Found reports whether it leads to somebody.
func (e Entrance) Found() bool { return e.Account.ID != "" }

// Live reports whether something may still become of the code.
func (c ContactCode) Live(now time.Time) bool { return c.ID != "" && now.Before(c.ExpiresAt) }
