package idp

import "time"

// NewAccount is an account about to be made: everything that is there from
// its first moment.
type NewAccount struct {
	Account    Account
	AcceptedAt time.Time // of Account.TermsVersion
	Contact    Contact
	ContactKey string      // what equal contacts share
	Attributes []Attribute // self-stated
	Credential Credential
}

// Resettable is an account whose password a proven contact may reset.
type Resettable struct {
	AccountID  AccountID
	ContactID  ContactID
	Language   string
	GivenName  string
	Surname    string
	LoginNames []LoginName
}

// LoginName is what a person types to log in.
type LoginName struct {
	Value     string
	ContactID ContactID // empty when it was made up
}
