package server

import (
	"context"
	"net/http"

	"surety/idp"
	"surety/idp/client"
	"surety/idp/flow/signin"
	"surety/idp/postgres/desk"
	"surety/idp/session"
	"surety/idp/web"
)

// browser lets the protocol endpoints see and set the cookies that the pages
// use. Where a request opens an interaction, its ui_locales are remembered,
// because the pages that follow have addresses of their own.
type browser struct{ *web.Site }

// Browser returns the id of this browser and gives it one if it has none.
func (b browser) Browser(w http.ResponseWriter, r *http.Request) string {
	if r.Form != nil {
		b.AdoptLocales(w, r, r.Form.Get("ui_locales"))
	} else {
		b.AdoptLocales(w, r, r.URL.Query().Get("ui_locales"))
	}
	return b.Site.Browser(w, r)
}

// SessionSecret returns the value of the session cookie, or "".
func (b browser) SessionSecret(r *http.Request) string { return b.Session(r) }

// Bind returns the hash that binds to this browser, and gives it an id if it has none.
func (b browser) Bind(w http.ResponseWriter, r *http.Request) [32]byte {
	return session.BrowserHash(b.Browser(w, r))
}

// Bound returns the same hash without setting anything.
func (b browser) Bound(r *http.Request) ([32]byte, bool) {
	id := b.KnownBrowser(r)
	return session.BrowserHash(id), id != ""
}

// leaver logs out for the end session endpoint.
type leaver struct {
	site *web.Site
	flow *signin.Flow
}

// LogOut ends the browser's session, tells the agencies and takes the cookie away.
func (l leaver) LogOut(w http.ResponseWriter, r *http.Request) error {
	if err := l.flow.LogOut(r.Context(), l.site.Visit(w, r)); err != nil {
		return err
	}
	l.site.ClearSession(w)
	return nil
}

// agencies names the agency of a pending request for the pages.
type agencies struct {
	flow    *signin.Flow
	clients *desk.ClientCache
}

// Agency returns the client of the browser's pending request, or nil.
func (a agencies) Agency(ctx context.Context, b session.Browser, id idp.InteractionID) *client.Client {
	if id == "" {
		return nil
	}
	i, err := a.flow.Load(ctx, b.Hash, id)
	if err != nil {
		return nil
	}
	return a.Client(ctx, i.Request.ClientID)
}

// Client returns a client, or nil.
func (a agencies) Client(ctx context.Context, id idp.ClientID) *client.Client {
	if id == "" {
		return nil
	}
	c, err := a.clients.Client(ctx, id)
	if err != nil {
		return nil
	}
	return c
}
