package templates

import (
	"io"
	"time"
)

// OwnMethod is an authenticator app or a passkey of the person.
type OwnMethod struct {
	ID     string // in addresses below /methods
	Method string // otp or passkey
	Name   string // as the person calls it; empty: none
	Since  time.Time
	Last   time.Time // last used; zero: never
	Level  string    // level up to which it counts; empty: not limited
}

// OwnPhone is a number that codes are sent to.
type OwnPhone struct {
	Masked string
	Level  string // level up to which a code to it counts; empty: not limited
}

// Methods is the list of ways to log in.
type Methods struct {
	Password bool
	App      *OwnMethod  // nil: none
	Passkeys []OwnMethod // oldest first
	Phones   []OwnPhone
	Recovery int    // recovery codes that are left
	Full     bool   // as many passkeys as one may have
	Done     string // what was just done: otp, passkey, renamed, removed, codes; empty: nothing
}

// Methods renders the page at /methods.
func (t *Templates) Methods(w io.Writer, f Frame, v Methods) error {
	return t.render(w, "methods", f, v)
}

// MethodsBind offers a code to a contact that was confirmed together with the
// person's identity, so that what is added next counts without a limit. Field:
// contact; buttons: send; link: skip.
type MethodsBind struct {
	Contacts []Phone // e-mail addresses too; one or more
	Level    string  // up to which the new method counts without the code
	Skip     string  // address that goes on without
	Passkey  bool    // a passkey is about to be added, else an app
}

// MethodsBind renders the page at /methods/bind.
func (t *Templates) MethodsBind(w io.Writer, f Frame, v MethodsBind) error {
	return t.render(w, "methods-bind", f, v)
}

// MethodsBindCode asks for that code. Field: code; buttons: continue, and
// resend in a form of its own; link: skip.
type MethodsBindCode struct {
	CodeEntry
	For  string // value of the hidden field for: what is being added
	Skip string // address that goes on without
}

// MethodsBindCode renders the page at /methods/bind/code.
func (t *Templates) MethodsBindCode(w io.Writer, f Frame, v MethodsBindCode) error {
	return t.render(w, "methods-bind-code", f, v)
}

// MethodsOTP shows the secret of a new authenticator app and asks for its
// first code. Field: code; button: continue.
type MethodsOTP struct {
	Attempt string // opaque value of the hidden field asked
	Key     string // to type, in groups of four
	URI     string // otpauth://..., opens an app on this device
	QR      []byte // PNG
	Replace bool   // it takes the place of another app
	Level   string // up to which it will count; empty: not limited
}

// MethodsOTP renders the page at /methods/otp.
func (t *Templates) MethodsOTP(w io.Writer, f Frame, v MethodsOTP) error {
	return t.render(w, "methods-otp", f, v)
}

// MethodsCodes shows recovery codes, once. Link: continue.
type MethodsCodes struct {
	Codes []string
	Added bool   // the app was added with them
	Level string // up to which the app counts; empty: not limited
	Next  string // address to go on to
}

// MethodsCodes renders what follows /methods/otp and /methods/recovery-codes.
func (t *Templates) MethodsCodes(w io.Writer, f Frame, v MethodsCodes) error {
	return t.render(w, "methods-codes", f, v)
}

// MethodsRecovery asks whether to make new recovery codes. Button: continue.
type MethodsRecovery struct {
	Left int // codes that stop working
}

// MethodsRecovery renders the page at /methods/recovery-codes.
func (t *Templates) MethodsRecovery(w io.Writer, f Frame, v MethodsRecovery) error {
	return t.render(w, "methods-recovery", f, v)
}

// MethodsPasskey adds a passkey. Fields: name; button: passkey.
type MethodsPasskey struct {
	Question
	Name  string
	Level string // up to which it will count; empty: not limited
}

// MethodsPasskey renders the page at /methods/passkey.
func (t *Templates) MethodsPasskey(w io.Writer, f Frame, v MethodsPasskey) error {
	return t.render(w, "methods-passkey", f, v)
}

// MethodsRename asks for another name. Field: name; button: continue.
type MethodsRename struct {
	ID   string
	Name string
}

// MethodsRename renders the page at /methods/{id}/rename.
func (t *Templates) MethodsRename(w io.Writer, f Frame, v MethodsRename) error {
	return t.render(w, "methods-rename", f, v)
}

// MethodsRemove asks whether to remove a way to log in. Field: confirm, when
// it is the last; button: remove; link: keep.
type MethodsRemove struct {
	OwnMethod
	LastWay bool // the person could not log in any more
}

// MethodsRemove renders the page at /methods/{id}/remove.
func (t *Templates) MethodsRemove(w io.Writer, f Frame, v MethodsRemove) error {
	return t.render(w, "methods-remove", f, v)
}
