package templates

import (
	"io"
	"time"
)

// Register asks for an e-mail address or a phone number. Fields: contact,
// terms (acceptance), terms_version (hidden); button: continue.
type Register struct {
	Contact      string // as typed before
	Terms        bool   // ticked before
	TermsVersion string // version that is accepted
}

// Register renders the page at /register.
func (t *Templates) Register(w io.Writer, f Frame, v Register) error {
	return t.render(w, "register", f, v)
}

// Channel is how a code travels.
type Channel string

// The channels.
const (
	ByEmail Channel = "email"
	BySMS   Channel = "sms"
)

// CodeEntry asks for a code that was sent. Field: code; buttons: continue,
// resend (in a form of its own that posts to the page's path + "/resend").
type CodeEntry struct {
	Channel     Channel
	Contact     string        // where it was sent: what the person typed, or masked
	Attempt     string        // opaque value of the hidden field attempt, if the flow needs one
	Valid       time.Duration // how long the code is good from now
	ResendAfter time.Duration // zero: may be sent again at once
	Resent      bool          // it was just sent again
}

// RegisterCode renders the page at /register/code.
func (t *Templates) RegisterCode(w io.Writer, f Frame, v CodeEntry) error {
	return t.render(w, "register-code", f, v)
}

// RecoverCode renders the page at /recover/code.
func (t *Templates) RecoverCode(w io.Writer, f Frame, v CodeEntry) error {
	return t.render(w, "recover-code", f, v)
}

// LinkLanding is where a link from a message leads: one button, because mail
// scanners open links too (RULES R6). Hidden field: token; button: continue.
type LinkLanding struct {
	Token        string // secret of the link
	OtherBrowser bool   // the link was opened in a browser that did not ask for it: type the code there instead
	Code         string // short code to type in the other browser, if the flow shows it
}

// RegisterLink renders the page at /register/link.
func (t *Templates) RegisterLink(w io.Writer, f Frame, v LinkLanding) error {
	return t.render(w, "register-link", f, v)
}

// RecoverLink renders the page at /recover/link.
func (t *Templates) RecoverLink(w io.Writer, f Frame, v LinkLanding) error {
	return t.render(w, "recover-link", f, v)
}

// RegisterUsed says, after the address was proven, that an account already
// uses it, and asks what to do. Field: choice (sign-in, recover, new); button: continue.
type RegisterUsed struct {
	Channel Channel
	Contact string // the address that was just proven
	Attempt string // opaque value of the hidden field attempt
	Full    bool   // it is in as many accounts as allowed: "new" is not offered
	Choice  string // chosen before
}

// RegisterUsed renders the page at /register/used.
func (t *Templates) RegisterUsed(w io.Writer, f Frame, v RegisterUsed) error {
	return t.render(w, "register-used", f, v)
}

// RegisterDetails asks for names and a password. Fields: family_name,
// given_name, patronymic, no_family_name, no_given_name, no_patronymic, password; button: continue.
type RegisterDetails struct {
	Attempt      string // opaque value of the hidden field attempt
	Login        string // what the person will log in with, shown and given to password managers
	FamilyName   string
	GivenName    string
	Patronymic   string
	NoFamilyName bool // "I have none in my document"
	NoGivenName  bool
	NoPatronymic bool
	PasswordMin  int // fewest characters
}

// RegisterDetails renders the page at /register/details.
func (t *Templates) RegisterDetails(w io.Writer, f Frame, v RegisterDetails) error {
	return t.render(w, "register-details", f, v)
}

// RegisterDone says that the account exists and with what name to log in.
type RegisterDone struct {
	Login     string
	Generated bool   // the contact is another account's login name, so a name was made up
	Next      string // address to go on to
}

// RegisterDone renders the page at /register/done.
func (t *Templates) RegisterDone(w io.Writer, f Frame, v RegisterDone) error {
	return t.render(w, "register-done", f, v)
}
