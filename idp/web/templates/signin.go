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
