package idp

import (
	"time"

	"surety/assurance"
)

// Login is what a login name leads to. It is zero for a name that nobody has.
type Login struct {
	Account    Account
	Credential Credential // the account's password; zero when it has none
	// KnownDevice says that the person used this browser before: strangers who
	// try their password elsewhere cannot lock it out.
	KnownDevice bool
}

// Found reports whether somebody has the login name.
func (l Login) Found() bool { return l.Account.ID != "" }

// MethodState is one way to log in that an account has.
type MethodState struct {
	Method    assurance.Method
	ChangedAt time.Time
	LastUsed  time.Time // zero: never
}
