package guard

import (
	"cmp"
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
	// Revocations is asked whether a token was taken back before its end; nil:
	// a token is good until it ends.
	Revocations *Revocations
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
	tokens   verifier
	cache    tokenCache
	revoked  *Revocations // nil: nobody tells
}

// New checks the configuration. It does not call the provider: that happens
// with the first token, or by Ready.
func New(c Config) (*Guard, error) {
	g := &Guard{issuer: c.Issuer, audience: c.Audience, levels: slices.Clone(c.Levels), now: c.Clock, log: c.Log, revoked: c.Revocations}
	if g.now == nil {
		g.now = time.Now
	}
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	var err error
	if g.skew, err = checkSkew(c.Skew); err != nil {
		return nil, fmt.Errorf("guard: %w", err)
	}
	if err := checkIssuer(c.Issuer); err != nil {
		return nil, fmt.Errorf("guard: issuer %w", err)
	}
	if err := checkAudience(c.Audience, c.Issuer); err != nil {
		return nil, fmt.Errorf("guard: audience %w", err)
	}
	if err := checkLevels(c.Levels); err != nil {
		return nil, fmt.Errorf("guard: levels: %w", err)
	}
	g.provider = newProvider(c.Issuer, len(c.Levels) == 0, c.HTTPClient, g.now, g.log)
	g.tokens = verifier{typ: "at+jwt", provider: g.provider}
	return g, nil
}

// checkSkew puts the usual tolerance in place of none.
func checkSkew(skew time.Duration) (time.Duration, error) {
	if skew < 0 || skew > mostSkew {
		return 0, fmt.Errorf("skew must be between 0 and %v", mostSkew)
	}
	return cmp.Or(skew, usualSkew), nil
}

func checkIssuer(issuer string) error {
	u, err := providerURL(issuer)
	if err == nil && (u.RawQuery != "" || u.ForceQuery) {
		err = errors.New("must not have a query")
	}
	return err
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
// was not done yet: for a readiness probe, or before serving. An error that is
// ErrUnheard means that revocations are not heard while requests go on being
// served; every other error means that they are not.
func (g *Guard) Ready(ctx context.Context) error {
	known, err := g.provider.current(ctx)
	if err == nil && len(known.keys) == 0 {
		err = errNoKeys
	}
	if err == nil && g.revoked != nil {
		err = g.revoked.Ready()
	}
	if err != nil {
		return fmt.Errorf("guard: %w", err)
	}
	return nil
}
