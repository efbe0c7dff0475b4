package server

import (
	"surety/idp/flow/procedures"
	"surety/idp/oidc/needs"
	oidcstore "surety/idp/oidc/store"
	"surety/idp/postgres/desk"
	grantstore "surety/idp/postgres/grant"
	"surety/idp/web"
	webprocedure "surety/idp/web/procedure"
)

// procedurePages say what one will need, to people and to agencies' programs.
func (h *house) procedurePages(site *web.Site, f *flows) *webprocedure.Pages {
	flow := procedures.New(procedures.Parts{
		Offers: h.procedures, Published: desk.NewProcedures(h.db), Clients: h.clients, Visitors: f.signin,
		Rules: h.rules, Now: h.now, Civil: h.civil,
	})
	agency := needs.New(needs.Config{
		Issuer: h.cfg.Issuer, Keys: h.keySet.Set, Grants: grantstore.Store{DB: h.db}, Clients: h.clients, Paths: flow,
		Opaque: oidcstore.Opaque, Clock: h.now, Civil: h.civil, Log: h.log,
	})
	return &webprocedure.Pages{Site: site, Flow: flow, Agency: agency.For}
}
