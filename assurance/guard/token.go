package guard

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	// Unlike encoding/json it takes member names by case and refuses those
	// that appear twice, so that a token says one thing to every reader.
	"github.com/go-jose/go-jose/v4/json"
)

// maxToken bounds a token: longer ones are not looked at.
const maxToken = 16 << 10

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
	// AuthTime is when the person logged in; zero when none stands behind.
	AuthTime time.Time
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

// algorithms are those that a token may be signed with. All are asymmetric:
// with HMAC the published key would be the secret (RFC 8725, section 2.1).
var algorithms = []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.PS256, jose.EdDSA}

// verify checks a token as RFC 9068, section 4, says. Claims are looked at
// only once the signature holds.
func (g *Guard) verify(ctx context.Context, raw string) (Token, *refusal) {
	h, no := readHeader(raw)
	if no != nil {
		return Token{}, no
	}
	key, no := g.provider.key(ctx, h)
	if no != nil {
		return Token{}, no
	}
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{h.Algorithm})
	if err != nil {
		return Token{}, malformed
	}
	payload, err := jws.Verify(key)
	if err != nil {
		return Token{}, badSignature
	}
	var c claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return Token{}, malformed
	}
	return g.accept(c)
}

// header is the part of a token's header that is followed.
type header struct {
	Algorithm jose.SignatureAlgorithm `json:"alg"`
	Type      string                  `json:"typ"`
	KeyID     string                  `json:"kid"`
}

// unwelcome are headers that bring or point to a key, or change what the
// signature covers (RFC 7515, section 4.1; RFC 7797). None is ever followed;
// whoever sends one means to be.
var unwelcome = []string{"jwk", "jku", "x5u", "x5c", "crit", "b64", "zip", "enc"}

// readHeader decides by the header alone, so that what cannot be good costs
// neither a signature check nor a call to the provider.
func readHeader(raw string) (header, *refusal) {
	if len(raw) > maxToken {
		return header{}, tooLong
	}
	text, ok := headerText(raw)
	if !ok {
		return header{}, malformed
	}
	var members map[string]json.RawMessage
	var h header
	if json.Unmarshal(text, &members) != nil || json.Unmarshal(text, &h) != nil {
		return header{}, malformed
	}
	for _, name := range unwelcome {
		if _, there := members[name]; there {
			return header{}, badHeader
		}
	}
	switch {
	case !slices.Contains(algorithms, h.Algorithm):
		return header{}, badAlgorithm
	case !strings.EqualFold(h.Type, "at+jwt") && !strings.EqualFold(h.Type, "application/at+jwt"):
		return header{}, badType // an ID token, most often
	case h.KeyID == "":
		return header{}, unknownKey
	}
	return h, nil
}

// headerText decodes the first of three parts. All three must be strict
// base64url, so that a token has one spelling for whoever compares them.
func headerText(raw string) (text []byte, ok bool) {
	parts := strings.SplitN(raw, ".", 4)
	if len(parts) != 3 {
		return nil, false
	}
	for i := len(parts) - 1; i >= 0; i-- {
		var err error
		if text, err = base64.RawURLEncoding.Strict().DecodeString(parts[i]); err != nil {
			return nil, false
		}
	}
	return text, true
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
	Confirmation json.RawMessage `json:"cnf"`
}

// accept checks the claims of a token whose signature holds. A token is for
// this API before it is expired: to somebody else's token nothing more is said.
func (g *Guard) accept(c claims) (Token, *refusal) {
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
		ID: c.ID, Subject: c.Subject, ClientID: c.ClientID, Scopes: strings.Fields(c.Scope),
		ACR: c.ACR, AMR: c.AMR, ExpiresAt: c.Expires.Time,
	}
	if c.AuthTime != nil {
		t.AuthTime = c.AuthTime.Time
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
