package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"surety/assurance/guard"
)

// Config is what an agency is made of.
type Config struct {
	Issuer       string
	URL          string // this agency's origin
	ClientID     string
	ClientSecret string
	Scopes       []string
	Offers       []offer // services, in the order in which they are shown
	HTTP         *http.Client
	Now          func() time.Time
	Log          *slog.Logger
}

// Agency is the sample agency. Make it with New.
type Agency struct {
	cfg      Config
	surety   *connection
	browsers *browsers
	replays  *replays
	pages    *pages
	handler  http.Handler
	// revocations are what the API's guard asks besides the token.
	revocations *guard.Revocations
	cookie      http.Cookie // without its value
	now         func() time.Time
	log         *slog.Logger
}

// New checks the configuration. It does not call Surety.
func New(cfg Config) (*Agency, error) {
	own, err := url.Parse(cfg.URL)
	if err != nil || own.Host == "" || own.Path != "" || own.RawQuery != "" {
		return nil, fmt.Errorf("own address %q is not an origin", cfg.URL)
	}
	issuer, err := url.Parse(cfg.Issuer)
	if err != nil || issuer.Host == "" {
		return nil, fmt.Errorf("issuer %q is no address", cfg.Issuer)
	}
	texts, err := newPages()
	if err != nil {
		return nil, err
	}
	a := &Agency{
		cfg: cfg, surety: &connection{cfg: cfg}, browsers: newBrowsers(cfg.Now),
		replays: &replays{seen: map[string]time.Time{}}, pages: texts, now: cfg.Now, log: cfg.Log,
	}
	a.cookie = http.Cookie{Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: int(browserLife.Seconds())}
	if own.Scheme == "https" {
		a.cookie.Name, a.cookie.Secure = "__Host-agency", true
	} else {
		// Cookies know no ports: two sandboxes on localhost must not share one.
		a.cookie.Name = "agency-" + own.Port()
	}
	a.pages.policy = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' " +
		issuer.Scheme + "://" + issuer.Host
	a.handler, err = a.mount()
	return a, err
}

// Handler serves the agency.
func (a *Agency) Handler() http.Handler { return a.handler }

func (a *Agency) mount() (http.Handler, error) {
	mux := http.NewServeMux()
	if err := a.serveAPI(mux); err != nil {
		return nil, err
	}
	mux.HandleFunc("GET /procedures/{code}", a.service)
	mux.HandleFunc("GET /{$}", a.home)
	mux.HandleFunc("GET /style.css", a.pages.style)
	mux.HandleFunc("GET /login", a.login)
	mux.HandleFunc("GET /callback", a.callback)
	mux.HandleFunc("POST /refresh", a.refresh)
	mux.HandleFunc("POST /logout", a.logout)
	mux.HandleFunc("GET /signed-out", a.signedOut)
	mux.HandleFunc("POST /backchannel-logout", a.backchannel)
	nothing := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }
	mux.HandleFunc("GET /ready", nothing)
	mux.HandleFunc("GET /favicon.ico", nothing) // browsers ask for it unbidden
	// Surety's own call is no browser's, so the protection lets it through.
	return a.pages.headers(http.NewCrossOriginProtection().Handler(mux)), nil
}

// browserID is the cookie's value; "" without one.
func (a *Agency) browserID(r *http.Request) string {
	c, err := r.Cookie(a.cookie.Name)
	if err != nil {
		return ""
	}
	return c.Value
}

func (a *Agency) setCookie(w http.ResponseWriter, id string) {
	c := a.cookie
	c.Value = id
	http.SetCookie(w, &c)
}

// visitOf copies what is known of the browser's person; nil when nobody is
// signed in.
func (a *Agency) visitOf(r *http.Request) (*visit, *told) {
	var v *visit
	var t *told
	a.browsers.update(a.browserID(r), func(b *browser) { v, t = b.visit, b.told })
	return v, t
}

func (a *Agency) home(w http.ResponseWriter, r *http.Request) {
	if lang := r.URL.Query().Get("lang"); lang != "" {
		a.pages.remember(w, lang, a.cookie)
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	v, t := a.visitOf(r)
	a.pages.home(w, r, v, t, a.cfg.Offers, a.now())
}

func (a *Agency) login(w http.ResponseWriter, r *http.Request) {
	s, err := a.surety.get(r.Context())
	if err != nil {
		a.fail(w, r, http.StatusServiceUnavailable, "temporarily_unavailable", err)
		return
	}
	q, err := a.initiated(r.URL.Query())
	if err != nil {
		a.fail(w, r, http.StatusBadRequest, "not_begun_here", err)
		return
	}
	p := newPending(q, a.now())
	if !a.browsers.update(a.browserID(r), func(b *browser) { b.begin(p) }) {
		b := &browser{}
		b.begin(p)
		a.setCookie(w, a.browsers.add(b))
	}
	http.Redirect(w, r, s.loginURL(p, q, a.audience(), a.pages.language(r)), http.StatusSeeOther)
}

// initiated reads a login that somebody else began: Surety, when a person whom
// it has confirmed goes back to the service they had wanted (OpenID Connect
// Core 1.0, section 4). A stranger's issuer or target is refused.
func (a *Agency) initiated(q url.Values) (url.Values, error) {
	if iss := q.Get("iss"); iss != "" && iss != a.cfg.Issuer {
		return nil, errors.New("begin login: another issuer is named")
	}
	if target := q.Get("target_link_uri"); target != "" {
		code, ok := strings.CutPrefix(target, a.cfg.URL+"/procedures/")
		if !ok {
			return nil, errors.New("begin login: the target is not one of our services")
		}
		q.Set("procedure", code)
	}
	if code := q.Get("procedure"); code != "" {
		if _, ok := a.find(code); !ok {
			return nil, errors.New("begin login: there is no such service")
		}
	}
	return q, nil
}

// errForeign says that an answer does not belong to a login of this browser.
var errForeign = errors.New("the answer belongs to no login that this browser began, or to one too long ago")

func (a *Agency) callback(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	var p pending
	var ours bool
	a.browsers.update(a.browserID(r), func(b *browser) { p, ours = b.finish(q.Get("state"), a.now()) })
	if !ours {
		a.fail(w, r, http.StatusBadRequest, "not_begun_here", errForeign)
		return
	}
	s, err := a.surety.get(r.Context())
	if err != nil {
		a.fail(w, r, http.StatusServiceUnavailable, "temporarily_unavailable", err)
		return
	}
	// RFC 9207: an answer mixed up with another provider's is not read at all.
	if iss, given := q.Get("iss"), q.Has("iss"); (given || s.namesIss) && iss != s.issuer {
		a.fail(w, r, http.StatusBadRequest, "not_begun_here", errors.New("the answer names another issuer"))
		return
	}
	if code := q.Get("error"); code != "" {
		a.unsuccessful(w, r, code, q.Get("error_uri"), p)
		return
	}
	v, err := s.redeem(a.surety.context(r.Context()), q.Get("code"), p, a.now())
	if err != nil {
		a.fail(w, r, http.StatusBadGateway, "answer_not_valid", err)
		return
	}
	a.signIn(w, r, v)
	back := "/"
	if p.procedure != "" {
		back = "/procedures/" + url.PathEscape(p.procedure) + "?returned=1"
	}
	http.Redirect(w, r, back, http.StatusSeeOther)
}

// unsuccessful says why a login brought nobody. Of a requirement that was not
// met Surety tells more to whoever asks with the agency's credentials.
func (a *Agency) unsuccessful(w http.ResponseWriter, r *http.Request, code, uri string, p pending) {
	if code != "unmet_authentication_requirements" || uri == "" {
		a.fail(w, r, http.StatusOK, code, nil)
		return
	}
	told, err := a.askOutcome(r.Context(), uri)
	if err != nil {
		a.fail(w, r, http.StatusOK, code, err)
		return
	}
	o, _ := a.find(p.procedure)
	a.pages.unmet(w, r, o, *told)
}

// signIn gives the browser a new name: one that somebody planted before the
// login must not be signed in afterwards.
func (a *Agency) signIn(w http.ResponseWriter, r *http.Request, v *visit) {
	b := &browser{visit: v}
	old := a.browserID(r)
	a.browsers.update(old, func(before *browser) { b.pending = before.pending })
	a.browsers.drop(old)
	a.setCookie(w, a.browsers.add(b))
}

func (a *Agency) refresh(w http.ResponseWriter, r *http.Request) {
	old, _ := a.visitOf(r)
	if old == nil || old.refreshToken == "" {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	s, err := a.surety.get(r.Context())
	if err != nil {
		a.fail(w, r, http.StatusServiceUnavailable, "temporarily_unavailable", err)
		return
	}
	v, err := s.refresh(a.surety.context(r.Context()), *old, a.now())
	switch {
	case err != nil && gone(err):
		a.browsers.update(a.browserID(r), func(b *browser) { b.visit = nil })
		a.fail(w, r, http.StatusOK, "session_over", err)
	case err != nil:
		a.fail(w, r, http.StatusBadGateway, "answer_not_valid", err)
	default:
		a.browsers.update(a.browserID(r), func(b *browser) {
			// It may have ended while Surety answered: then it stays ended.
			if b.visit == old {
				b.visit = v
			}
		})
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}
}

// logout ends the session here first, whatever happens to the rest.
func (a *Agency) logout(w http.ResponseWriter, r *http.Request) {
	v, _ := a.visitOf(r)
	a.browsers.drop(a.browserID(r))
	forget := a.cookie
	forget.MaxAge = -1
	http.SetCookie(w, &forget)
	if v == nil {
		http.Redirect(w, r, "/signed-out", http.StatusSeeOther)
		return
	}
	s, err := a.surety.get(r.Context())
	if err == nil {
		var target string
		if target, err = s.logoutURL(v.idToken, a.cfg.URL+"/signed-out", rand.Text()); err == nil {
			http.Redirect(w, r, target, http.StatusSeeOther)
			return
		}
	}
	a.fail(w, r, http.StatusServiceUnavailable, "logout_half_done", err)
}

func (a *Agency) signedOut(w http.ResponseWriter, r *http.Request) {
	if v, _ := a.visitOf(r); v != nil {
		// The address alone logs nobody out, and the page must not say so.
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	a.pages.signedOut(w, r)
}

// fail shows what went wrong in words, and logs why under a reference.
func (a *Agency) fail(w http.ResponseWriter, r *http.Request, status int, code string, cause error) {
	reference := strings.ToLower(rand.Text()[:8])
	a.log.Warn("login did not succeed", "code", printable(code), "reference", reference, "error", cause)
	a.pages.failure(w, r, status, printable(code), reference)
}

// printable bounds a code that came in an address.
func printable(code string) string {
	const longest = 64
	if len(code) > longest {
		code = code[:longest]
	}
	return strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return '?'
		}
		return c
	}, code)
}
