package signin

import (
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/client"
	"surety/idp/interaction"
	"surety/idp/procedure"
	"surety/idp/session"
)

// ErrElsewhere says that another step of the request is due than the one the
// page stands for: the page returns to the dispatcher.
var ErrElsewhere = idp.E(idp.CodeConflict, "error.step.elsewhere")

// ErrNobody says that nobody is logged in in this browser.
var ErrNobody = session.ErrNobody

// LogInScreen is what the log-in page shows.
type LogInScreen struct {
	Client    *client.Client // nil outside an authorization request
	LoginHint string         // as the agency sent it
	Again     bool           // somebody is logged in, and a fresh log-in is asked for
	// Reason says why, when there is more to say.
	Reason interaction.Reason
}

// LogIn is a log-in by password.
type LogIn struct {
	Browser     session.Browser
	Interaction idp.InteractionID // empty outside an authorization request
	Login       string            // e-mail address, telephone number or generated name, as typed
	Password    string
	Shared      bool // "this is a shared computer"
}

// AccountScreen is what the page shows that asks whom to go on as.
type AccountScreen struct {
	Client    *client.Client
	AccountID idp.AccountID // the account that is logged in
	Name      string        // full name
	Login     string        // masked
}

// TermsScreen is what the page shows that asks to accept new terms.
type TermsScreen struct {
	Client  *client.Client // nil outside an authorization request
	Version string
}

// ConsentScreen is what the consent page shows.
type ConsentScreen struct {
	Client     *client.Client
	Scopes     []string
	Procedures []procedure.Procedure // those that the request is for
	Required   []Shared              // what the agency must get to serve at all
	Optional   []Shared              // what may be left out, one by one
	ByLaw      []Shared              // what goes by law: shown, not asked (RULES R10)
	Offline    bool                  // the agency may go on after the person has logged out
	Until      time.Time
	Remembered time.Time // consented before on this day; zero: never
}

// Shared is one value that the agency receives.
type Shared struct {
	Claim string // claim name
	Value string // exactly what will be sent; empty: nothing is known, nothing is sent
	Given bool   // an optional value that was agreed to before, or never left out
	// Why is the agency's own word for what it needs the value, by language;
	// Reference and Law name and quote the law behind a value of ByLaw.
	Why       map[string]string
	Reference string
	Law       map[string]string
}

// SessionPage is one page of the list of a person's open sessions.
type SessionPage struct {
	Sessions []OpenSession
	Next     string // argument for the next page; empty: this is the last
}

// OpenSession is a browser in which the person is logged in.
type OpenSession struct {
	ID        idp.SessionID
	Device    string // browser and system in plain words, as far as they can be told
	UserAgent string // as the browser called itself
	Source    string // address
	Current   bool
	Shared    bool
	CreatedAt time.Time
	SeenAt    time.Time
}

// Overview is the person's own page.
type Overview struct {
	EndsAt   time.Time           // of this session, if nobody uses it any more
	Name     string              // full name
	Level    assurance.LevelName // held now, by all evidence of this session
	Logins   []string            // what the person logs in with, in clear: it is their own
	Contacts []MaskedContact
	Methods  []MethodState
	Agencies []Agency
}

// MaskedContact is an address that is shown to its owner.
type MaskedContact struct {
	ID     idp.ContactID
	Kind   idp.ContactKind
	Masked string
	Main   bool
	Login  bool // it is also a login name
}

// MethodState is one way to log in that the account has.
type MethodState = idp.MethodState

// Agency is a client that has the person's consent.
type Agency struct {
	ConsentID string
	Client    *client.Client
	Since     time.Time
	Claims    []string // those that a page names
	Offline   bool
}
