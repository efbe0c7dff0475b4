package templates

import (
	"io"
	"time"
)

// ProcedurePath says what a person will need for a procedure before they
// start. Its title and how to do it without an account are in the frame.
type ProcedurePath struct {
	Title    string // of the procedure, in the person's language
	Code     string
	Agency   string // the agency's name for people
	Held     string // level that is held; empty: none
	Required string
	Age      time.Duration // how old the login may be; zero: any age
	Open     bool          // nothing is missing
	Identity bool          // the identity must be confirmed
	Document bool          // the document that was shown has ended
	Excluded []string      // text keys of what the procedure does not accept
	Ways     Ways
	Start    string   // where the service begins; empty: it is not known
	Refused  *Refused // nothing leads there
}

// ProcedurePath renders the page at /procedures/{agency}/{code}/path.
func (t *Templates) ProcedurePath(w io.Writer, f Frame, v ProcedurePath) error {
	return t.render(w, "procedure-path", f, v)
}

// ProcedureList lists what agencies offer, for anybody or for the person who
// is logged in. Field of the search: q.
type ProcedureList struct {
	Mine   bool   // for the person: groups say where they stand
	Agency string // the agency's id, if the list is of one alone
	Name   string // and its name for people
	Search string // what was searched for
	Groups []ProcedureGroup
	Next   string // address of the next page; empty: there is none
	Other  string // address of the same list for anybody, or for the person
}

// ProcedureGroup are procedures before which a person stands alike.
type ProcedureGroup struct {
	Standing string // open, step, proofing or closed; empty in a list for anybody
	Items    []ProcedureItem
}

// ProcedureItem is one procedure in a list.
type ProcedureItem struct {
	Title, Code, Agency string
	Required            string        // level
	Age                 time.Duration // how old the login may be; zero: any age
	Soonest, Latest     time.Duration // of the first way; zero: there is nothing to do
	Reason              string        // why nothing leads there
	Href                string        // page that says what it needs
}

// ProcedureList renders the page at /procedures.
func (t *Templates) ProcedureList(w io.Writer, f Frame, v ProcedureList) error {
	if v.Mine {
		f.Title = "procedures.mine_title"
	}
	return t.render(w, "procedures", f, v)
}

// ProcedureAgencies lists agencies that offer something.
type ProcedureAgencies struct {
	Agencies []AgencyLink
	Next     string // address of the next page; empty: there is none
}

// AgencyLink leads to what an agency offers.
type AgencyLink struct {
	Name string
	Href string
}

// ProcedureAgencies renders the page at /procedures where no agency is named.
func (t *Templates) ProcedureAgencies(w io.Writer, f Frame, v ProcedureAgencies) error {
	return t.render(w, "procedure-agencies", f, v)
}
