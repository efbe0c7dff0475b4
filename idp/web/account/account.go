package account

import (
	"errors"
	"io"
	"net/http"
	"net/url"

	"surety/idp"
	"surety/idp/flow/signin"
	"surety/idp/web"
	"surety/idp/web/templates"
)

// Pages are the pages. Every field is needed.
type Pages struct {
	Site   *web.Site
	SignIn *signin.Flow
}

// Mount registers the pages.
func (p *Pages) Mount(m web.Mux) {
	m.Get("/account", p.account)
	m.Post("/account/logout", p.logout)
	m.Post("/account/logout-everywhere", p.logoutEverywhere)
	m.Post("/session/prolong", p.prolong)
}

func (p *Pages) account(w http.ResponseWriter, r *http.Request) error {
	b := p.Site.Visit(w, r)
	o, err := p.SignIn.Overview(r.Context(), b)
	if errors.Is(err, signin.ErrNobody) {
		return web.SeeOther(w, r, "/sign-in")
	} else if err != nil {
		return err
	}
	sessions, err := p.SignIn.Sessions(r.Context(), b, r.URL.Query().Get("after"))
	if err != nil {
		return err
	}
	f := p.Site.Frame(w, r)
	f.Person, f.SessionLeft = o.Name, p.Site.Until(o.EndsAt)
	v := view(o, sessions, f.Lang)
	return web.Page(w, http.StatusOK, func(out io.Writer) error { return p.Site.Templates.Account(out, f, v) })
}

func view(o signin.Overview, sessions signin.SessionPage, lang string) templates.Account {
	v := templates.Account{Name: o.Name, Level: string(o.Level)}
	if len(o.Logins) > 0 {
		v.Login = o.Logins[0]
	}
	for _, c := range o.Contacts {
		v.Contacts = append(v.Contacts, templates.Contact{Channel: channel(c.Kind), Masked: c.Masked, Confirmed: true, Login: c.Login})
	}
	for _, m := range o.Methods {
		v.Methods = append(v.Methods, templates.LoginMethod{Method: string(m.Method), Since: m.ChangedAt, Last: m.LastUsed})
	}
	for _, s := range sessions.Sessions {
		v.Sessions = append(v.Sessions, templates.OpenSession{
			Device: s.Device, Current: s.Current, Shared: s.Shared, Started: s.CreatedAt, LastSeen: s.SeenAt,
		})
	}
	if sessions.Next != "" {
		v.Earlier = "/account?" + url.Values{"after": {sessions.Next}}.Encode()
	}
	for _, a := range o.Agencies {
		v.Agencies = append(v.Agencies, templates.ConnectedAgency{
			Name: a.Client.Name(lang), URI: a.Client.Homes.In(lang), Since: a.Since, Claims: a.Claims, Offline: a.Offline,
		})
	}
	return v
}

func channel(k idp.ContactKind) templates.Channel {
	if k == idp.ContactPhone {
		return templates.BySMS
	}
	return templates.ByEmail
}

// logout does what the button of our own page says. It does not ask again, as
// the end session endpoint must when anybody's link leads there.
func (p *Pages) logout(w http.ResponseWriter, r *http.Request) error {
	if err := p.SignIn.LogOut(r.Context(), p.Site.Visit(w, r)); err != nil {
		return err
	}
	p.Site.ClearSession(w)
	return web.SeeOther(w, r, "/signed-out")
}

func (p *Pages) logoutEverywhere(w http.ResponseWriter, r *http.Request) error {
	if err := p.SignIn.LogOutEverywhere(r.Context(), p.Site.Visit(w, r)); err != nil && !errors.Is(err, signin.ErrNobody) {
		return err
	}
	p.Site.ClearSession(w)
	return web.SeeOther(w, r, "/signed-out?everywhere=1")
}

// prolong keeps the session open because the person said so (RULES R11). The
// page's script asks in the background; without it the person comes back to
// the page.
func (p *Pages) prolong(w http.ResponseWriter, r *http.Request) error {
	if _, err := p.SignIn.Prolong(r.Context(), p.Site.Visit(w, r)); errors.Is(err, signin.ErrNobody) {
		return web.SeeOther(w, r, "/sign-in")
	} else if err != nil {
		return err
	}
	if r.Header.Get("Accept") == "application/json" {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return web.SeeOther(w, r, web.LocalPath(r.PostForm.Get("return")))
}
