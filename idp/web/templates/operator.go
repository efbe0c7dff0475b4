package templates

import (
	"io"
	"time"
)

// OperatorInvite is where an invitation leads: it sets a passkey. Fields:
// name, token (hidden), credential (filled by the script); button: continue.
type OperatorInvite struct {
	Token   string
	Name    string
	Options string // WebAuthn creation options as JSON
}

// OperatorInvite renders the page at /operator/invite.
func (t *Templates) OperatorInvite(w io.Writer, f Frame, v OperatorInvite) error {
	return t.render(w, "operator-invite", f, v)
}

// OperatorSignIn asks for a passkey. Fields: attempt (hidden), credential
// (filled by the script); button: continue.
type OperatorSignIn struct {
	Attempt string
	Options string // WebAuthn request options as JSON
}

// OperatorSignIn renders the page at /operator/sign-in.
func (t *Templates) OperatorSignIn(w io.Writer, f Frame, v OperatorSignIn) error {
	return t.render(w, "operator-sign-in", f, v)
}

// OperatorRow is an operator in the list.
type OperatorRow struct {
	Name     string
	Since    time.Time
	LastSeen time.Time // zero: never
	Me       bool
	Invited  bool      // invited, passkey not yet set
	Until    time.Time // end of the invitation
}

// OperatorHome lists the operators and invites another. Field: name; button:
// continue, in a form that posts to /operator/invitations.
type OperatorHome struct {
	Operators  []OperatorRow
	Name       string    // typed before
	Invitation string    // link of the invitation just made; shown once
	Until      time.Time // end of that invitation
}

// OperatorHome renders the page at /operator.
func (t *Templates) OperatorHome(w io.Writer, f Frame, v OperatorHome) error {
	return t.render(w, "operator-home", f, v)
}
