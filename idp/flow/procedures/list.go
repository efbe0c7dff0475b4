package procedures

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"surety/assurance"
	"surety/idp"
	"surety/idp/client"
	"surety/idp/procedure"
	"surety/idp/session"
)

// Standing is where a person stands before a procedure.
type Standing string

// The standings.
const (
	StandingOpen     Standing = "open"     // they may go in now
	StandingStep     Standing = "step"     // a login, an authenticator or a capacity away
	StandingProofing Standing = "proofing" // their identity, or a document, must be proven first
	StandingClosed   Standing = "closed"   // nothing that is offered leads there
)

// Standings lists them, nearest first.
func Standings() []Standing {
	return []Standing{StandingOpen, StandingStep, StandingProofing, StandingClosed}
}

// PageSize is how many procedures or agencies one page lists.
const PageSize = 50

// maxSearch bounds what somebody may search for, in characters.
const maxSearch = 100

// Query selects procedures for a list.
type Query struct {
	Agency string // empty: of all agencies
	Text   string // in a title or a code
	After  string // Next of the page before
}

// List is one page of procedures.
type List struct {
	Items  []Item
	Next   string         // where the next page begins; empty when there is none
	Agency *client.Client // the client of the agency asked for; nil for all, or when there is none
	EndsAt time.Time      // see Path
}

// Item is one procedure of a list.
type Item struct {
	Procedure procedure.Procedure
	Agency    *client.Client // nil when there is no client of the agency's name
	// Standing, the first way's time and Reason are set where the list is for
	// a person.
	Standing        Standing
	Soonest, Latest time.Duration
	Reason          assurance.Reason
	acr             string
}

// Agencies lists agencies that offer something, by name.
// Errors: unavailable.
func (f *Flow) Agencies(ctx context.Context, after string) (agencies []AgencyItem, next string, err error) {
	if !procedure.ValidAgency(after) {
		after = ""
	}
	names, err := f.p.Published.Agencies(ctx, after, PageSize+1, f.p.Civil())
	if err != nil {
		return nil, "", err
	}
	if len(names) > PageSize {
		names = names[:PageSize]
		next = names[PageSize-1]
	}
	for _, name := range names {
		c, err := f.client(ctx, name)
		if err != nil {
			return nil, "", err
		}
		agencies = append(agencies, AgencyItem{Name: name, Client: c})
	}
	return agencies, next, nil
}

// AgencyItem is one agency of a list.
type AgencyItem struct {
	Name   string
	Client *client.Client // nil when there is no client of that name
}

// List lists procedures for anybody.
// Errors: invalid for a search that is too long; unavailable.
func (f *Flow) List(ctx context.Context, q Query) (List, error) {
	rules, err := f.p.Rules()
	if err != nil {
		return List{}, err
	}
	return f.list(ctx, q, acrOf(rules))
}

// ListFor lists procedures with where the person in the browser stands before
// each. Errors: session.ErrNobody, invalid, unavailable.
func (f *Flow) ListFor(ctx context.Context, b session.Browser, q Query) (List, error) {
	v, err := f.p.Visitors.Here(ctx, b)
	if err != nil {
		return List{}, err
	}
	if !v.Known() {
		return List{}, session.ErrNobody
	}
	rules, err := f.p.Rules()
	if err != nil {
		return List{}, err
	}
	l, err := f.list(ctx, q, acrOf(rules))
	if err != nil {
		return List{}, err
	}
	l.EndsAt = v.Session.Ends()
	s := v.Situation(f.p.Now(), f.p.Civil())
	for i := range l.Items {
		l.Items[i].stand(rules.Decide(l.Items[i].Procedure.Requirement, s))
	}
	return l, nil
}

// stand sorts the procedure by what was decided about the person.
func (i *Item) stand(d assurance.Decision) {
	switch d := d.(type) {
	case assurance.Granted:
		i.Standing = StandingOpen
	case assurance.Refuse:
		i.Standing, i.Reason = StandingClosed, d.Reason
	case assurance.Ways:
		i.Soonest, i.Latest = d.Ways[0].Soonest, d.Ways[0].Latest
		if i.Standing = StandingStep; d.Identity != "" || d.Document {
			i.Standing = StandingProofing
		}
	}
}

func (f *Flow) list(ctx context.Context, q Query, acr func(assurance.LevelName) string) (List, error) {
	if utf8.RuneCountInString(q.Text) > maxSearch || len(q.After) > 2*maxSearch {
		return List{}, idp.E(idp.CodeInvalid, "error.search.long").In("q")
	}
	if q.Agency != "" && !procedure.ValidAgency(q.Agency) {
		return List{}, errNoProcedure
	}
	want := procedure.Query{Agency: q.Agency, Text: procedure.Searchable(q.Text), Limit: PageSize + 1}
	// What cannot be where a page ended means the first page.
	if agency, code, _ := strings.Cut(q.After, "/"); procedure.ValidAgency(agency) && procedure.ValidCode(code) {
		want.After = procedure.Key{Agency: agency, Code: code}
	}
	page, err := f.p.Published.Page(ctx, want, f.p.Civil())
	if err != nil {
		return List{}, err
	}
	var l List
	if len(page) > PageSize {
		page = page[:PageSize]
		l.Next = page[PageSize-1].Agency + "/" + page[PageSize-1].Code
	}
	for _, p := range page {
		c, err := f.client(ctx, p.Agency)
		if err != nil {
			return List{}, err
		}
		l.Items = append(l.Items, Item{Procedure: p, Agency: c, acr: acr(p.Requirement.Level)})
	}
	if q.Agency != "" {
		l.Agency, err = f.client(ctx, q.Agency)
	}
	return l, err
}
