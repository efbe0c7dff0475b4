package templates

import (
	"io"
	"time"
)

// Contact is an e-mail address or phone number of an account, masked.
type Contact struct {
	Channel   Channel
	Masked    string
	Confirmed bool
	Login     bool // it is also the login name
}

// LoginMethod is one way to log in that the account has.
type LoginMethod struct {
	Method string    // text key is method.<Method>
	Since  time.Time // set or last changed
	Last   time.Time // last used; zero: never
}

// OpenSession is a browser in which the person is signed in.
type OpenSession struct {
	Device   string // browser and system in plain words, from the browser's own claim
	Current  bool
	Shared   bool // "this is a shared computer"
	Started  time.Time
	LastSeen time.Time
}

// ConnectedAgency is an agency that received something.
type ConnectedAgency struct {
	Name    string
	URI     string
	Since   time.Time
	Claims  []string // what it may receive
	Offline bool
}

// Account is the person's own page. Button: logout-everywhere, in a form that
// posts to /account/logout-everywhere.
type Account struct {
	Name     string
	Login    string
	Level    string // assurance level held; text keys are level.<Level>.name and .means
	Contacts []Contact
	Methods  []LoginMethod
	Sessions []OpenSession
	Earlier  string // address of the page with the sessions before these; empty: these are all
	Agencies []ConnectedAgency
	Support  string // support code for a call, if one was made (RULES R12)
}

// Account renders the page at /account.
func (t *Templates) Account(w io.Writer, f Frame, v Account) error {
	return t.render(w, "account", f, v)
}
