package guard

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The tolerance for two clocks that differ: as a default, and at most.
const (
	usualSkew = 10 * time.Second
	mostSkew  = time.Minute
)

// Config says whose tokens are believed, and for what. Issuer and Audience
// must be there; the rest may be left out.
type Config struct {
	// Issuer is Surety's issuer, letter for letter as its metadata states it:
	// https, or http on this machine.
	Issuer string
	// Audience is this API's own resource indicator (RFC 8707): an absolute
	// URI that a token must name, registered with Surety for the clients.
	Audience string
	// Levels are the acr values that Surety asserts, lowest first. Left empty,
	// they are what the metadata lists as acr_values_supported, which Surety
	// does in this order.
	Levels []string
	// HTTPClient fetches metadata and keys; nil is one with the usual
	// transport. Redirects are not followed, whatever it says.
	HTTPClient *http.Client
	// Clock tells the time; nil is time.Now.
	Clock func() time.Time
	// Skew is how far this clock and Surety's may be apart; zero is 10
	// seconds, more than a minute is refused.
	Skew time.Duration
	// Log gets warnings when keys cannot be had, and the reasons of refusals
	// at level debug; nil is silence.
	Log *slog.Logger
}

// Guard checks access tokens. It is safe for use by many requests at once.
type Guard struct {
	issuer   string
	audience string
	levels   []string // empty: as the provider lists them
	now      func() time.Time
	skew     time.Duration
	log      *slog.Logger
	provider *provider
}

// New checks the configuration. It does not call the provider: that happens
// with the first token, or by Ready.
func New(c Config) (*Guard, error) {
	g := &Guard{issuer: c.Issuer, audience: c.Audience, levels: slices.Clone(c.Levels), now: c.Clock, skew: c.Skew, log: c.Log}
	if g.now == nil {
		g.now = time.Now
	}
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	if g.skew == 0 {
		g.skew = usualSkew
	}
	if g.skew < 0 || g.skew > mostSkew {
		return nil, fmt.Errorf("guard: skew must be between 0 and %v", mostSkew)
	}
	issuer, err := providerURL(c.Issuer)
	if err != nil {
		return nil, fmt.Errorf("guard: issuer %w", err)
	}
	if issuer.RawQuery != "" || issuer.ForceQuery {
		return nil, errors.New("guard: issuer must not have a query")
	}
	if err := checkAudience(c.Audience, c.Issuer); err != nil {
		return nil, fmt.Errorf("guard: audience %w", err)
	}
	if err := checkLevels(c.Levels); err != nil {
		return nil, fmt.Errorf("guard: levels: %w", err)
	}
	g.provider = newProvider(c.Issuer, len(c.Levels) == 0, c.HTTPClient, g.now, g.log)
	return g, nil
}

// providerURL reads an address that keys may come from. Plain http is only for
// a provider on this machine: whoever can answer in its place can sign tokens.
func providerURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || !quotable(text):
		return nil, errors.New("must be an absolute URL")
	case u.User != nil || strings.Contains(text, "#"):
		return nil, errors.New("must not have a user or a fragment")
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return nil, errors.New("must be https, or http on this machine")
	}
	return u, nil
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// checkAudience wants a resource indicator (RFC 8707, section 2). The issuer
// itself is none: tokens for it open UserInfo and are in many hands.
func checkAudience(audience, issuer string) error {
	u, err := url.Parse(audience)
	switch {
	case err != nil || !u.IsAbs() || strings.Contains(audience, "#") || !quotable(audience):
		return errors.New("must be an absolute URI without fragment")
	case audience == issuer:
		return errors.New("must be this API's own, not the issuer")
	}
	return nil
}

func checkLevels(levels []string) error {
	for i, level := range levels {
		if !quotable(level) {
			return fmt.Errorf("entry %d is not an acr value", i+1)
		}
		if slices.Contains(levels[:i], level) {
			return fmt.Errorf("entry %d appears twice", i+1)
		}
	}
	return nil
}

// quotable reports whether a value fits between the quotes of a challenge and
// is one word there. It is the charset of scope tokens (RFC 6749, appendix A.4).
func quotable(value string) bool {
	return value != "" && !strings.ContainsFunc(value, func(r rune) bool {
		return r <= ' ' || r > '~' || r == '"' || r == '\\'
	})
}

// Ready reports whether tokens can be checked, and fetches the keys if that
// was not done yet: for a readiness probe, or before serving.
func (g *Guard) Ready(ctx context.Context) error {
	known, err := g.provider.current(ctx)
	if err == nil && len(known.keys) == 0 {
		err = errNoKeys
	}
	if err != nil {
		return fmt.Errorf("guard: %w", err)
	}
	return nil
}

// Requirement is what a handler asks of a token. The zero value asks for any
// valid one, also one that no person stands behind.
type Requirement struct {
	// Level is the acr value of the lowest level that will do; empty asks for
	// none.
	Level string
	// MaxAge is how long ago the login may have been, in whole seconds; zero
	// asks for none. Surety lets a person take a minute between login and
	// token, so less than a minute may send them round in circles.
	MaxAge time.Duration
	// Scopes must all have been granted.
	Scopes []string
}

// Require returns the middleware for one requirement. It panics if the
// requirement can never be met or be told to a client, so that the mistake
// shows at start and not with the first request: a level that is not among
// Config.Levels, an age that is negative or has fractions of a second, or a
// word with spaces or quotes.
func (g *Guard) Require(q Requirement) func(http.Handler) http.Handler {
	q.Scopes = slices.Clone(q.Scopes)
	if err := g.check(q); err != nil {
		panic("guard: requirement: " + err.Error())
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			token, no := g.admit(r, q)
			if no != nil {
				g.log.DebugContext(r.Context(), "request refused", "status", no.status, "error", no.code, "reason", no.text)
				g.answer(w, q, no)
				return
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), tokenKey{}, token)))
		})
	}
}

func (g *Guard) check(q Requirement) error {
	switch {
	case q.Level != "" && !quotable(q.Level):
		return errors.New("level is not an acr value")
	case q.Level != "" && len(g.levels) > 0 && !slices.Contains(g.levels, q.Level):
		return fmt.Errorf("level %s is not configured", q.Level)
	case q.MaxAge < 0 || q.MaxAge%time.Second != 0:
		return errors.New("age must be whole seconds")
	}
	for i, scope := range q.Scopes {
		if !quotable(scope) {
			return fmt.Errorf("scope %d is not a word", i+1)
		}
	}
	return nil
}

// admit is the whole decision, in the order in which a client can mend things.
func (g *Guard) admit(r *http.Request, q Requirement) (Token, *refusal) {
	raw, no := bearer(r)
	if no != nil {
		return Token{}, no
	}
	token, no := g.verify(r.Context(), raw)
	if no != nil {
		return Token{}, no
	}
	reached, no := g.reaches(r.Context(), token.ACR, q.Level)
	switch {
	case no != nil:
		return Token{}, no
	case !reached:
		return Token{}, tooLow
	case q.MaxAge > 0 && (token.AuthTime.IsZero() || g.now().Sub(token.AuthTime) > q.MaxAge+g.skew):
		return Token{}, tooOld
	}
	for _, scope := range q.Scopes {
		if !token.Has(scope) {
			return Token{}, noScope
		}
	}
	return token, nil
}

// reaches reports whether acr is the level or a higher one. An acr that is on
// no list is below all: what cannot be compared opens nothing.
func (g *Guard) reaches(ctx context.Context, acr, level string) (bool, *refusal) {
	if level == "" {
		return true, nil
	}
	levels := g.levels
	if len(levels) == 0 {
		var err error
		if levels, err = g.provider.levels(ctx, acr, level); err != nil {
			return false, noKeys
		}
		if !slices.Contains(levels, level) {
			// No login could ever meet this; a challenge would be a lie.
			g.log.ErrorContext(ctx, "the provider does not list a level that is required here", "level", level)
			return false, noLevel
		}
	}
	return slices.Index(levels, acr) >= slices.Index(levels, level), nil
}
