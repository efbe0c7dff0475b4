package proxy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"surety/assurance/guard"
)

// Level gives an acr value the name by which the API knows it.
type Level struct {
	Name string
	ACR  string
}

// Config is what both kinds of proxy need. Guard, Audience, Routes and Signer
// must be there.
type Config struct {
	Guard    *guard.Guard
	Audience string // as the guard's: whom assertions are for
	Routes   *Routes
	Signer   *Signer
	// Levels are names for acr values; a level that has none here has no
	// X-Surety-Level.
	Levels []Level
	// Agency is whose procedures the API is told of; empty is everybody's.
	Agency string
	// TrustedProxies are those whose word about the original request is taken.
	TrustedProxies []netip.Prefix
	// Clock tells the time; nil is time.Now.
	Clock func() time.Time
	// Log gets faults of the API behind, and the reasons of refusals at level
	// debug; nil is silence.
	Log *slog.Logger
}

// proxy is what both kinds have in common.
type proxy struct {
	routes   *Routes
	doors    map[*Route]http.Handler
	signer   *Signer
	audience string
	agency   string
	levels   map[string]string // names by acr
	trusted  []netip.Prefix
	now      func() time.Time
	log      *slog.Logger
}

// newProxy puts a guard before pass, once for each requirement.
func newProxy(c Config, pass http.Handler) (*proxy, error) {
	if c.Guard == nil || c.Routes == nil || c.Signer == nil || c.Audience == "" {
		return nil, errors.New("proxy: guard, audience, routes and signer must be there")
	}
	p := &proxy{
		routes: c.Routes, doors: map[*Route]http.Handler{}, signer: c.Signer, audience: c.Audience, agency: c.Agency,
		levels: map[string]string{}, trusted: c.TrustedProxies, now: c.Clock, log: c.Log,
	}
	if p.now == nil {
		p.now = time.Now
	}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	for _, l := range c.Levels {
		p.levels[l.ACR] = l.Name
	}
	for _, g := range c.Routes.groups {
		for _, r := range g.routes {
			if r.Public {
				p.doors[r] = pass
				continue
			}
			if err := c.Guard.Check(r.Requirement); err != nil {
				return nil, fmt.Errorf("proxy: %s: %w", r.Path, err)
			}
			p.doors[r] = c.Guard.Require(r.Requirement)(pass)
		}
	}
	return p, nil
}

// trusts reports whether the peer is one of the proxies whose word counts.
func (p *proxy) trusts(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	addr := peer.Addr().Unmap().WithZone("")
	return slices.ContainsFunc(p.trusted, func(n netip.Prefix) bool { return n.Contains(addr) })
}

type pathKey struct{}

// serve sends a request through the door of its route, or refuses it.
func (p *proxy) serve(w http.ResponseWriter, r *http.Request, target string, badPath int) {
	raw, _, _ := strings.Cut(target, "?")
	route, err := p.routes.find(r.Method, raw)
	if err != nil {
		p.log.DebugContext(r.Context(), "request refused", "reason", err)
		status := http.StatusForbidden
		if errors.Is(err, errPath) {
			status = badPath
		}
		refuse(w, status, err.Error())
		return
	}
	// What is bound into the assertion is what was checked.
	p.doors[route].ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), pathKey{}, r.URL.Path)))
}

// told returns the headers for a request that was let in; none on a public
// route, whatever token came.
func (p *proxy) told(r *http.Request) (http.Header, error) {
	token, ok := guard.TokenFrom(r.Context())
	if !ok {
		return http.Header{}, nil
	}
	path, _ := r.Context().Value(pathKey{}).(string)
	return p.identity(r.Method, path, token)
}

// refuse answers in place of the API.
func refuse(w http.ResponseWriter, status int, text string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = fmt.Fprintln(w, text) // the client is gone if this fails
}

// Ready answers a probe: 200 if requests can be checked, also if revocations
// are not heard, which the text says; else 503.
func Ready(g *guard.Guard) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := g.Ready(r.Context())
		switch {
		case err == nil:
			refuse(w, http.StatusOK, "ready")
		case errors.Is(err, guard.ErrUnheard):
			refuse(w, http.StatusOK, "ready; "+err.Error())
		default:
			refuse(w, http.StatusServiceUnavailable, "not ready; "+err.Error())
		}
	})
}
