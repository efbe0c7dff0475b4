package guard

import (
	"bytes"
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/json"
)

// Token is what a verified access token says (RFC 9068). It is shared by all
// who read it from the request: do not change its slices.
type Token struct {
	ID       string // jti
	Subject  string // sub: the person, by a name that only this agency's sector knows; or the client
	ClientID string // client_id: who uses the API
	Scopes   []string
	// ACR is the level that was reached, and AMR by which kinds of factor
	// (RFC 8176). Both are empty when no person stands behind the token.
	ACR string
	AMR []string
	// Method is by which exact method; empty when none stands behind, or when
	// several made the level.
	Method string
	// AuthTime is when the person logged in; zero when none stands behind.
	AuthTime time.Time
	// Procedures were granted with this token: what is registered for each was
	// met when it was issued. Codes are each agency's own.
	Procedures []Procedure
	// SessionID is the login session that the token belongs to; may be empty.
	SessionID string
	IssuedAt  time.Time
	// ExpiresAt is when the token ends: what outlives the request must not
	// count on it any longer.
	ExpiresAt time.Time
}

// Person reports whether a person who logged in stands behind the token. If
// not, Subject is the client itself (client credentials), which might be
// anything: never look it up among people (RFC 9068, section 5).
func (t Token) Person() bool { return t.ACR != "" && !t.AuthTime.IsZero() }

// Has reports whether the scope was granted.
func (t Token) Has(scope string) bool { return slices.Contains(t.Scopes, scope) }

type tokenKey struct{}

// TokenFrom returns the token that opened this handler; false outside one
// wrapped by Require.
func TokenFrom(ctx context.Context) (Token, bool) {
	t, ok := ctx.Value(tokenKey{}).(Token)
	return t, ok
}

// verify checks a token as RFC 9068, section 4, says. Claims are looked at
// only once the signature holds.
func (g *Guard) verify(ctx context.Context, raw string) (Token, *refusal) {
	if s, found := g.cache.get(raw); found {
		// A key that was fetched anew is another one, though it be the same: then
		// the signature is checked once more.
		if key, no := g.tokens.provider.key(ctx, s.header); no == nil && key == s.key {
			return g.accept(s.claims, s.procedures)
		}
	}
	payload, h, key, no := g.tokens.payload(ctx, raw)
	if no != nil {
		return Token{}, no
	}
	var c claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return Token{}, malformed
	}
	procedures, bounded := grantedProcedures(c.Details)
	if !bounded {
		return Token{}, malformed
	}
	c.Details = nil // said by procedures
	t, no := g.accept(c, procedures)
	if no == nil {
		g.cache.put(raw, seen{h, key, c, procedures})
	}
	return t, no
}

// claims are those of RFC 9068, section 2.2, that decide something here.
type claims struct {
	Issuer       string          `json:"iss"`
	Subject      string          `json:"sub"`
	Audience     audience        `json:"aud"`
	ClientID     string          `json:"client_id"`
	ID           string          `json:"jti"`
	Expires      *date           `json:"exp"`
	Issued       *date           `json:"iat"`
	NotBefore    *date           `json:"nbf"`
	AuthTime     *date           `json:"auth_time"`
	Scope        string          `json:"scope"`
	ACR          string          `json:"acr"`
	AMR          []string        `json:"amr"`
	Method       string          `json:"method"`
	SessionID    string          `json:"sid"`
	Details      json.RawMessage `json:"authorization_details"`
	Confirmation json.RawMessage `json:"cnf"`
}

// accept checks the claims of a token whose signature holds. A token is for
// this API before it is expired: to somebody else's token nothing more is said.
func (g *Guard) accept(c claims, procedures []Procedure) (Token, *refusal) {
	now := g.now()
	switch {
	case c.Issuer != g.issuer:
		return Token{}, badIssuer
	case !slices.Contains(c.Audience, g.audience):
		return Token{}, badAudience
	case len(c.Confirmation) > 0:
		return Token{}, bound
	case c.Expires == nil || c.Issued == nil || c.Subject == "" || c.ClientID == "" || c.ID == "":
		return Token{}, malformed
	case !now.Before(c.Expires.Add(g.skew)):
		return Token{}, expired
	case g.future(now, c.Issued), g.future(now, c.NotBefore), g.future(now, c.AuthTime):
		return Token{}, notYet
	}
	t := Token{
		ID: c.ID, Subject: c.Subject, ClientID: c.ClientID, Scopes: strings.Fields(c.Scope), ACR: c.ACR, AMR: c.AMR, Method: c.Method,
		Procedures: procedures, SessionID: c.SessionID, IssuedAt: c.Issued.Time, ExpiresAt: c.Expires.Time,
	}
	if c.AuthTime != nil {
		t.AuthTime = c.AuthTime.Time
	}
	if g.revoked != nil {
		if no := g.revoked.refuses(t); no != nil {
			return Token{}, no
		}
	}
	return t, nil
}

func (g *Guard) future(now time.Time, d *date) bool {
	return d != nil && d.After(now.Add(g.skew))
}

// audience is one value or several (RFC 7519, section 4.1.3).
type audience []string

// UnmarshalJSON reads both forms.
func (a *audience) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(text, []byte{'"'}) {
		*a = audience{""}
		return json.Unmarshal(text, &(*a)[0])
	}
	return json.Unmarshal(text, (*[]string)(a))
}

// date is a NumericDate (RFC 7519, section 2), cut to the second.
type date struct{ time.Time }

var errDate = errors.New("not a date")

// lastSecond is the end of the year 9999: beyond it nothing is a date, and
// sums of times could run over.
const lastSecond = 253402300799

// UnmarshalJSON reads whole and broken seconds since 1970.
func (d *date) UnmarshalJSON(text []byte) error {
	seconds, err := strconv.ParseFloat(string(text), 64)
	if err != nil || seconds < 0 || seconds > lastSecond {
		return errDate
	}
	d.Time = time.Unix(int64(math.Floor(seconds)), 0).UTC()
	return nil
}
