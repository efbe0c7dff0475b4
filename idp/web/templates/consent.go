package templates

import (
	"io"
	"slices"
	"time"

	"surety/idp/text"
)

// SharedValue is one thing that an agency receives, with the value itself.
type SharedValue struct {
	Claim string // OpenID claim; the label is the text key claim.<Claim>
	Value string // what will be sent; empty: nothing is known, so nothing is sent
	Chose bool   // an optional value that is ticked
	Why   string // the agency's own word for what it needs it; may be empty
	// Reference and Law name and quote the law by which it goes; empty for
	// what is agreed to.
	Reference, Law string
}

// Consent asks whether an agency may receive values. Field: share (one for
// each optional value, its value is the claim); buttons: allow, deny.
type Consent struct {
	Agency     string
	Purpose    string // in the person's language, empty if the agency gave none
	Procedure  string // title of the procedure, if one is asked for
	Required   []SharedValue
	Optional   []SharedValue // those with a value may be unticked, the others are named
	ByLaw      []SharedValue // goes by law: shown, with no box
	Offline    bool          // the agency may go on when the person has logged out
	Until      time.Time     // until when the consent is remembered; zero: until withdrawn
	Once       bool          // not remembered
	PolicyURI  string        // the agency's privacy notice
	TermsURI   string        // the agency's terms
	LogoURI    string        // not loaded by the page, which shows only our own images
	Remembered time.Time     // consented before on this day; zero: never
}

// Offered are the optional values that there are: each has a box to untick.
func (c Consent) Offered() []SharedValue {
	return slices.DeleteFunc(slices.Clone(c.Optional), func(v SharedValue) bool { return v.Value == "" })
}

// Unknown names the optional claims of which nothing is known. A ticked box
// would promise what cannot be sent, and would let it be sent once it is known
// without anybody having seen it.
func (c Consent) Unknown() []string {
	var names []string
	for _, v := range c.Optional {
		if v.Value == "" {
			names = append(names, v.Claim)
		}
	}
	return names
}

// OnlyLaw says that nothing is agreed to: there is a notice, and no question.
func (c Consent) OnlyLaw() bool {
	return len(c.ByLaw) > 0 && len(c.Required) == 0 && len(c.Optional) == 0 && !c.Offline
}

// Consent renders the page at /consent.
func (t *Templates) Consent(w io.Writer, f Frame, v Consent) error {
	return t.render(w, "consent", f, v)
}

// Terms shows the terms of use.
type Terms struct {
	Version string
	Since   time.Time
	Text    text.Document
}

// Terms renders the page at /terms.
func (t *Templates) Terms(w io.Writer, f Frame, v Terms) error {
	return t.render(w, "terms", f, v)
}

// TermsAccept asks to accept terms of use that are new since the last login.
// Fields: terms, terms_version (hidden); buttons: continue, logout.
type TermsAccept struct {
	Version string
	Since   time.Time
	Text    text.Document
}

// TermsAccept renders the page at /terms/accept.
func (t *Templates) TermsAccept(w io.Writer, f Frame, v TermsAccept) error {
	return t.render(w, "terms-accept", f, v)
}
