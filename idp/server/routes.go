package server

import (
	"io"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"surety/idp/authn/password"
	"surety/idp/event"
	"surety/idp/grant"
	"surety/idp/oidc"
	"surety/idp/oidc/authorize"
	"surety/idp/oidc/logout"
	"surety/idp/oidc/metadata"
	oidcstore "surety/idp/oidc/store"
	"surety/idp/oidc/token"
	"surety/idp/oidc/userinfo"
	"surety/idp/postgres/audit"
	grantstore "surety/idp/postgres/grant"
	"surety/idp/session"
	"surety/idp/throttle"
	"surety/idp/web"
	webaccount "surety/idp/web/account"
	"surety/idp/web/approval"
	"surety/idp/web/methods"
	weboperator "surety/idp/web/operator"
	websignin "surety/idp/web/signin"
	"surety/idp/web/stepup"
	"surety/idp/web/templates"
)

// site makes the edge that all pages share.
func (h *house) site() (*web.Site, error) {
	accent := templates.Accent{Light: h.profile.Accent.Light, Dark: h.profile.Accent.Dark}
	var levels []string
	for _, l := range h.profile.Policy.Levels {
		levels = append(levels, string(l.Name))
	}
	pages, err := templates.New(templates.Config{Texts: h.texts, Accent: accent, Levels: levels})
	if err != nil {
		return nil, err
	}
	var proxies []netip.Prefix
	for _, p := range h.cfg.Proxies {
		prefix, err := netip.ParsePrefix(p)
		if err != nil {
			return nil, err
		}
		proxies = append(proxies, prefix)
	}
	formKey := h.ring.MAC("form token")
	return web.NewSite(web.Config{
		Issuer: h.cfg.Issuer, FormKey: formKey[:], Proxies: proxies, Language: h.profile.Languages[0],
		Clock: h.now, Log: h.log, Texts: h.texts, Templates: pages,
		Flood: throttle.NewFlood(h.cfg.FormsPerSecond, int(10*h.cfg.FormsPerSecond)),
	})
}

// handler is the whole site: the endpoints of agencies, then pages of people.
func (h *house) handler(trail *audit.Batch) (http.Handler, error) {
	f, err := h.flows()
	if err != nil {
		return nil, err
	}
	site, err := h.site()
	if err != nil {
		return nil, err
	}
	m := web.NewMux(site)
	// First, because routes are tried in their order and agencies' programs
	// call a hundred times as often as people do.
	if err := h.mountProtocol(m, site, f, trail); err != nil {
		return nil, err
	}
	known := agencies{f.signin, h.clients}
	(&websignin.Pages{Site: site, SignIn: f.signin, Account: f.account, Factors: f.factor, Agencies: known, Terms: h.profile.Terms.Version, PasswordMin: password.MinLength}).Mount(m)
	needs := h.procedurePages(site, f)
	(&stepup.Pages{Site: site, SignIn: f.signin, Factors: f.factor, Paths: needs.Flow}).Mount(m)
	(&methods.Pages{Site: site, Factors: f.factor, Agencies: known}).Mount(m)
	(&approval.Pages{Site: site, SignIn: f.signin, Terms: approval.Terms{Version: h.profile.Terms.Version, Since: h.termsSince()}}).Mount(m)
	(&webaccount.Pages{Site: site, SignIn: f.signin}).Mount(m)
	needs.Mount(m)
	(&weboperator.Pages{Site: site, Operator: h.operator()}).Mount(m)
	if h.cfg.Sandbox {
		m.Get("/parts", parts(site))
	}
	return m, nil
}

// mountProtocol is the one visible list of what agencies and other sites may
// call. None of it is protected by form tokens; each says itself what it
// accepts from whom.
func (h *house) mountProtocol(m web.Mux, site *web.Site, f *flows, trail *audit.Batch) error {
	meta, err := metadata.New(metadata.Config{
		Issuer: h.cfg.Issuer, ACRs: h.acrs, Languages: h.profile.Languages, TrustFramework: h.profile.TrustFramework, Proofings: h.proofings,
	}, func() []byte { return h.keySet.Set().JWKS() })
	if err != nil {
		return err
	}
	signals, err := metadata.Signals(h.cfg.Issuer)
	if err != nil {
		return err
	}
	authorizing, tokens, info, leaving := h.authorize(site, f), h.tokens(f, trail), h.userinfo(f), h.logout(site, f)
	for _, row := range []struct {
		path    string
		handler http.Handler
		methods []string
		cors    bool
	}{
		{metadata.PathConfiguration, http.HandlerFunc(meta.Configuration), []string{"GET", "HEAD"}, true},
		{metadata.PathAuthServer, http.HandlerFunc(meta.Configuration), []string{"GET", "HEAD"}, true},
		{metadata.PathJWKS, http.HandlerFunc(meta.Keys), []string{"GET", "HEAD"}, true},
		{metadata.PathTrustmark, http.HandlerFunc(meta.Trustmark), []string{"GET", "HEAD"}, true},
		{metadata.PathAuthorize, authorizing.Authorize(), []string{"GET", "POST"}, false},
		{metadata.PathContinue, authorizing.Continue(), []string{"GET"}, false},
		{metadata.PathToken, tokens.Token(), []string{"POST"}, true},
		{metadata.PathUserInfo, info, []string{"GET", "POST"}, true},
		{metadata.PathRevoke, tokens.Revoke(), []string{"POST"}, true},
		{metadata.PathIntrospect, tokens.Introspect(), []string{"POST"}, false},
		{metadata.PathEvents, h.events(tokens), []string{"POST"}, false},
		{metadata.PathSignals, signals, []string{"GET", "HEAD"}, true},
		{metadata.PathOutcomes + "{reference}", tokens.Outcome(), []string{"GET", "POST"}, false},
		{metadata.PathLogout, leaving, []string{"GET", "POST"}, false},
	} {
		handler, methods := row.handler, row.methods
		if row.cors {
			handler, methods = oidc.CrossOrigin(handler, strings.Join(methods, ", ")), append(methods, http.MethodOptions)
		}
		m.Protocol(row.path, handler, methods...)
	}
	return nil
}

func (h *house) authorize(site *web.Site, f *flows) *authorize.Endpoint {
	return authorize.New(authorize.Config{
		Issuer: h.cfg.Issuer, Grants: grant.DefaultLifetimes(), Sessions: session.DefaultLifetimes(), Terms: h.profile.Terms.Version,
	}, authorize.Dependencies{
		Clients: h.clients, Procedures: h.procedures, Visits: f.signin, Interactions: f.signin, Codes: grantstore.Store{DB: h.db}, Browser: browser{site},
		Pages: pages{site}, Subjects: h.subjects(), Keys: h.keySet.Set, Rules: h.rules, Now: h.now, Civil: h.civil, Log: h.log,
	})
}

func (h *house) tokens(f *flows, trail *audit.Batch) *token.Endpoint {
	return token.New(token.Config{Issuer: h.cfg.Issuer, Lifetimes: grant.DefaultLifetimes()}, token.Dependencies{
		Clients: h.clients, Procedures: h.procedures, Grants: grantstore.Store{DB: h.db}, Trail: trail, Ring: h.ring,
		KeySets: token.NewFetcher(event.NewClient(event.Config{Roots: h.roots}), h.now),
		Keys:    h.keySet.Set, Rules: h.rules, Holders: f.people, Verified: h.verified(), Now: h.now, Civil: h.civil, Log: h.log,
	})
}

func (h *house) userinfo(f *flows) *userinfo.Handler {
	return userinfo.New(userinfo.Config{
		Issuer: h.cfg.Issuer, Keys: h.keySet.Set, Holders: f.people, Clients: h.clients, Opaque: oidcstore.Opaque,
		Verified: h.verified(), Clock: h.now, Civil: h.civil, Log: h.log,
	})
}

func (h *house) logout(site *web.Site, f *flows) *logout.Handler {
	return logout.New(logout.Config{
		Issuer: h.cfg.Issuer, Path: metadata.PathLogout, Done: "/signed-out", Ring: h.ring, Keys: h.keySet.Set, Subjects: h.subjects(),
		Visits: f.signin, Leaver: leaver{site, f.signin}, Clients: h.clients, Browser: browser{site}, Pages: pages{site}, Clock: h.now,
	})
}

// parts shows every part that pages are made of. Only the sandbox has it.
func parts(site *web.Site) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		f := site.Frame(w, r)
		return web.Page(w, http.StatusOK, func(out io.Writer) error { return site.Templates.Parts(out, f, templates.Parts{}) })
	}
}

// termsSince is the day from which the terms in force hold: their version.
func (h *house) termsSince() time.Time {
	day, err := time.ParseInLocation(time.DateOnly, h.profile.Terms.Version, h.profile.TimeZone)
	if err != nil {
		return time.Time{} // then pages name no day
	}
	return day
}
