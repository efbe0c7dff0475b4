package idp

import (
	"time"

	"surety/assurance"
)

// NewAccount is an account about to be made: everything that is there from
// its first moment.
type NewAccount struct {
	Account    Account
	AcceptedAt time.Time // of Account.TermsVersion
	Contact    Contact
	ContactKey string      // what equal contacts share
	Attributes []Attribute // self-stated
	Credential Credential
	// What only an imported or a sample account has at once.
	Contacts  []NewContact         // beside Contact
	Proofings []assurance.Proofing // of its stage
	Factors   []Factor
}

// NewContact is one more contact of an account about to be made.
type NewContact struct {
	Contact
	Key string // what equal contacts share
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
