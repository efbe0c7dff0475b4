package account

import (
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/session"
)

// BeginRegistration starts a registration.
type BeginRegistration struct {
	Browser      session.Browser
	Interaction  idp.InteractionID // the request to go on with afterwards; may be empty
	Contact      string            // as typed
	Terms        bool              // the terms were accepted
	TermsVersion string            // which were shown
}

// BeginRecovery starts a recovery.
type BeginRecovery struct {
	Browser     session.Browser
	Interaction idp.InteractionID
	Contact     string // as typed
}

// Attempt is a begun registration or recovery: what the page that asks for
// the code shows. It says nothing that the person did not type.
type Attempt struct {
	ID          idp.ProofID // a reference, worth nothing in another browser
	Kind        idp.ContactKind
	Contact     string        // as the person typed it, in its readable form
	CodeValid   time.Duration // how long the code is good from now
	ResendAfter time.Duration // zero: may be sent again at once
	Confirmed   bool          // no code is needed any more: go on
	Interaction idp.InteractionID
}

// Registration is where a registration with a confirmed contact stands.
type Registration struct {
	ID          idp.ProofID
	Kind        idp.ContactKind
	Contact     string // readable
	Used        bool   // accounts have this contact, and the person has not yet said what they want
	Full        bool   // as many accounts as may: no further one
	Login       string // what the person will log in with; empty when a name will be made up
	Interaction idp.InteractionID
}

// Landing is the page that a link leads to.
type Landing struct {
	// ID is the attempt that goes on, when the browser is the one that began.
	ID        idp.ProofID
	Confirmed bool // the contact is confirmed and this browser goes on
	// OtherBrowser says that this is not the browser that began. Code is the
	// short code to type there; it is set only after the button was pressed.
	OtherBrowser bool
	Code         string
	Interaction  idp.InteractionID
}

// Complete is the last step of a registration.
type Complete struct {
	Browser session.Browser
	ID      idp.ProofID
	// Names as in the person's document. An empty part must be said to be none.
	FamilyName, GivenName, Patronymic       string
	NoFamilyName, NoGivenName, NoPatronymic bool
	Password                                string
}

// Completed is a finished registration: the person is logged in.
type Completed struct {
	Ticket      session.Ticket
	AccountID   idp.AccountID
	Login       string            // what to log in with from now on
	Generated   bool              // it was made up, because the contact is another account's login name
	Interaction idp.InteractionID // to go on with; empty: none
}

// Recovery is where a recovery with a confirmed contact stands.
type Recovery struct {
	ID          idp.ProofID
	Kind        idp.ContactKind
	Contact     string      // readable
	Candidates  []Candidate // accounts that this contact may reset; none: there is nothing to recover
	Interaction idp.InteractionID
}

// Candidate is an account that the proven contact may reset. Nothing in it
// tells who a person is to somebody who does not know them: the contact may
// be shared.
type Candidate struct {
	Choice string // opaque; value of ResetPassword.Choice
	Name   string // masked: the first letter of the given name
	Login  string // masked
}

// ResetPassword is the last step of a recovery.
type ResetPassword struct {
	Browser  session.Browser
	ID       idp.ProofID
	Choice   string // a Candidate's Choice, or the login name as typed; may be empty when there is one candidate
	Password string
}

// Recovered is a finished recovery: the person is logged in.
type Recovered struct {
	Ticket      session.Ticket
	AccountID   idp.AccountID
	Login       string // what to log in with
	Interaction idp.InteractionID
}

// Seed is an account that is made without mail, for sandboxes and tests. What
// is left out is as after registering today, but that nothing depends on the
// contact.
type Seed struct {
	Contact                           string // e-mail address or telephone number; the login name
	FamilyName, GivenName, Patronymic string
	Password                          string
	Language                          string
	CreatedAt                         time.Time // zero: now

	Stage assurance.Stage // empty: simplified
	// Proofings are how the stage was reached, the decisive one first: with
	// them all attributes count as verified.
	Proofings  []assurance.Proofing
	Attributes map[string]string // beside the name, by claim name
	// Anchored says that the contact was confirmed together with the identity.
	Anchored bool
	Contacts []SeedContact // further ones
	// TOTP is the secret of an authenticator app as an app takes it (base32);
	// empty: none. It counts fully, as one that a counter made sure of.
	TOTP string
}

// SeedContact is one more contact of a Seed.
type SeedContact struct {
	Value    string // e-mail address or telephone number
	Anchored bool
}

// Seeded is what became of a Seed.
type Seeded struct {
	AccountID idp.AccountID
	Login     string
	Existed   bool // the contact was a login name already: nothing was changed
}
