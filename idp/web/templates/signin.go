package templates

import "io"

// Home is the first page for someone who is not signed in.
type Home struct{}

// Home renders the page at /.
func (t *Templates) Home(w io.Writer, f Frame, v Home) error {
	return t.render(w, "home", f, v)
}

// SignIn asks for login name and password. Fields: login, password, shared
// (a shared computer); buttons: continue, and in a form of its own, while a
// request is pending, cancel.
type SignIn struct {
	Login  string // typed before, or login_hint
	Shared bool   // "this is a shared computer" was ticked
	Again  bool   // already signed in, but the agency asks for a fresh login
	// Passkey lets the person come in by a passkey without typing anything:
	// a form of its own with the button passkey. Without options there is none.
	Passkey Question
	SMS     bool // a code by text message is offered as another way
}

// SignIn renders the page at /sign-in.
func (t *Templates) SignIn(w io.Writer, f Frame, v SignIn) error {
	return t.render(w, "sign-in", f, v)
}

// Candidate is an account that the person may go on with.
type Candidate struct {
	ID    string // value of the field account; opaque to the page
	Name  string // full name
	Login string // masked login name or contact
}

// SelectAccount asks whom to go on as. Field: account; buttons: continue
// (one for each account), other.
type SelectAccount struct {
	Candidates []Candidate
}

// SelectAccount renders the page at /select-account.
func (t *Templates) SelectAccount(w io.Writer, f Frame, v SelectAccount) error {
	return t.render(w, "select-account", f, v)
}

// SignInPasskey asks for a passkey to come in by: the page of its own for those
// whose first try did not work. Field: shared; button: passkey.
type SignInPasskey struct {
	Question
	Shared bool
}

// SignInPasskey renders the page at /sign-in/passkey.
func (t *Templates) SignInPasskey(w io.Writer, f Frame, v SignInPasskey) error {
	return t.render(w, "sign-in-passkey", f, v)
}

// SignInSMS asks for the number that a code is sent to, to come in by it.
// Fields: phone, shared; button: send.
type SignInSMS struct {
	Phone  string // typed before, or login_hint
	Shared bool
}

// SignInSMS renders the page at /sign-in/sms.
func (t *Templates) SignInSMS(w io.Writer, f Frame, v SignInSMS) error {
	return t.render(w, "sign-in-sms", f, v)
}

// SignInSMSCode renders the page at /sign-in/sms/code. Field: code; buttons:
// continue, and resend in a form of its own.
func (t *Templates) SignInSMSCode(w io.Writer, f Frame, v CodeEntry) error {
	return t.render(w, "sign-in-sms-code", f, v)
}
