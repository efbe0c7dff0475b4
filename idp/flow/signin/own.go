package signin

import (
	"context"
	"encoding/base64"
	"strings"
	"time"

	"surety/idp"
	"surety/idp/audit"
	"surety/idp/contact"
	"surety/idp/session"
)

// pageSize is how many sessions one page lists.
const pageSize = 20

// Sessions lists the person's open sessions, newest first, a page at a time.
// after is empty or a Next. Errors: ErrNobody.
func (f *Flow) Sessions(ctx context.Context, b session.Browser, after string) (SessionPage, error) {
	v, err := f.here(ctx, b)
	if err != nil {
		return SessionPage{}, err
	}
	if !v.Known() {
		return SessionPage{}, ErrNobody
	}
	// One more than fits tells whether there is another page.
	list, err := f.p.Sessions.Sessions(ctx, v.Account.ID, parseCursor(after), pageSize+1, f.p.Now())
	if err != nil {
		return SessionPage{}, err
	}
	var page SessionPage
	if len(list) > pageSize {
		list = list[:pageSize]
		last := list[pageSize-1].Session
		page.Next = formatCursor(session.Cursor{CreatedAt: last.CreatedAt, ID: last.ID})
	}
	for _, l := range list {
		page.Sessions = append(page.Sessions, OpenSession{
			ID: l.Session.ID, Device: l.Device.Name(), UserAgent: l.Device.UserAgent, Source: l.Device.Source,
			Current: l.Session.ID == v.SessionID, Shared: l.Session.Shared, CreatedAt: l.Session.CreatedAt, SeenAt: l.Session.SeenAt,
		})
	}
	return page, nil
}

// A cursor travels as text of time and id. One that cannot be read means the
// first page: it only ever selects among the person's own sessions.
func formatCursor(c session.Cursor) string {
	return base64.RawURLEncoding.EncodeToString([]byte(c.CreatedAt.UTC().Format(time.RFC3339Nano) + " " + string(c.ID)))
}

func parseCursor(text string) session.Cursor {
	plain, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return session.Cursor{}
	}
	at, id, _ := strings.Cut(string(plain), " ")
	created, err := time.Parse(time.RFC3339Nano, at)
	if err != nil || !idp.ValidID(id) {
		return session.Cursor{}
	}
	return session.Cursor{CreatedAt: created, ID: idp.SessionID(id)}
}

// Overview returns what the person's own page shows. Errors: ErrNobody.
func (f *Flow) Overview(ctx context.Context, b session.Browser) (Overview, error) {
	v, err := f.here(ctx, b)
	if err != nil {
		return Overview{}, err
	}
	if !v.Known() {
		return Overview{}, ErrNobody
	}
	rules, err := f.config.Rules()
	if err != nil {
		return Overview{}, err
	}
	person, err := f.p.People.Person(ctx, nil, v.Account.ID)
	if err != nil {
		return Overview{}, err
	}
	o := Overview{EndsAt: v.Session.Ends(), Level: f.held(rules, v), Name: fullName(person), Logins: person.LoginNames, Contacts: masked(person)}
	if o.Methods, err = f.p.Logins.Methods(ctx, v.Account.ID); err != nil {
		return Overview{}, err
	}
	o.Agencies, err = f.agencies(ctx, v.Account.ID)
	return o, err
}

// fullName is the displayable name, in the order in which people are addressed.
func fullName(p idp.Person) string {
	return strings.Join(strings.Fields(p.Name.Given+" "+p.Name.Patronymic+" "+p.Name.Surname), " ")
}

func masked(p idp.Person) []MaskedContact {
	list := make([]MaskedContact, 0, len(p.Contacts))
	for _, c := range p.Contacts {
		m := MaskedContact{ID: c.ID, Kind: c.Kind, Main: c.Main, Masked: contact.Mask(contact.Contact{Kind: contact.Kind(c.Kind), Value: c.Value})}
		for _, login := range p.LoginNames {
			m.Login = m.Login || login == c.Value
		}
		list = append(list, m)
	}
	return list
}

// maskLogin shows enough of a login name for its owner to know it.
func maskLogin(login string) string {
	if c, err := contact.Parse(login, ""); err == nil {
		return contact.Mask(c)
	}
	return contact.MaskName(login)
}

func termsAccepted(p place, version string) audit.Event {
	return audit.Event{
		Type: "terms.accepted", AccountID: p.visitor.Account.ID, SessionID: p.visitor.SessionID,
		Attrs: map[string]string{"version": version},
	}
}
