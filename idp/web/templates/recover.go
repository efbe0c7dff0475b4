package templates

import "io"

// Recover asks for a contact or login name. Field: contact; button: continue.
type Recover struct {
	Contact string // as typed before
}

// Recover renders the page at /recover.
func (t *Templates) Recover(w io.Writer, f Frame, v Recover) error {
	return t.render(w, "recover", f, v)
}

// RecoverPassword asks for a new password. Field: password; button: continue.
// With several accounts behind one contact, the field account chooses one.
type RecoverPassword struct {
	Attempt     string      // opaque value of the hidden field attempt
	Login       string      // account whose password changes, for password managers
	Accounts    []Candidate // more than one: the person chooses
	Account     string      // chosen before, or the only one
	PasswordMin int         // fewest characters
}

// RecoverPassword renders the page at /recover/password.
func (t *Templates) RecoverPassword(w io.Writer, f Frame, v RecoverPassword) error {
	return t.render(w, "recover-password", f, v)
}

// RecoverDone says that the password is changed and sessions have ended.
type RecoverDone struct {
	Login string
	Next  string // address to go on to
}

// RecoverDone renders the page at /recover/done.
func (t *Templates) RecoverDone(w io.Writer, f Frame, v RecoverDone) error {
	return t.render(w, "recover-done", f, v)
}
