package claims

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"surety/idp"
	"surety/idp/keys"
	"surety/idp/oidc/details"
)

// The types of the tokens that Surety signs, in their header, so that none
// passes for another (RFC 8725, section 3.11; RFC 9068, section 2.1).
const (
	TypeAccess = "at+jwt"
	TypeID     = "JWT"
)

// ErrToken means that a token is not one of ours, or not good any more.
var ErrToken = errors.New("token refused")

// Access is what an access token says (RFC 9068, section 2.2). Of tokens that
// no person stands behind (client credentials) Subject is the client's id and
// the members about the login are empty.
type Access struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience Audience `json:"aud"`
	Expires  int64    `json:"exp"`
	Issued   int64    `json:"iat"`
	// JTI names the token. It begins with the grant's id, so that a token can
	// be looked up without a table of tokens; see GrantID.
	JTI      string       `json:"jti"`
	ClientID idp.ClientID `json:"client_id"`
	Scope    string       `json:"scope,omitempty"`
	AuthTime int64        `json:"auth_time,omitempty"`
	ACR      string       `json:"acr,omitempty"` // the level reached
	AMR      []string     `json:"amr,omitempty"`
	SID      string       `json:"sid,omitempty"`
	Method   string       `json:"method,omitempty"` // the exact method
	// Details are the procedures that the token is for (RFC 9396, section 9.1).
	Details []details.Entry `json:"authorization_details,omitempty"`
}

// Audience is one value or several (RFC 7519, section 4.1.3).
type Audience []string

// MarshalJSON writes a single value as a string, as most readers expect it.
func (a Audience) MarshalJSON() ([]byte, error) {
	if len(a) == 1 {
		return json.Marshal(a[0])
	}
	return json.Marshal([]string(a))
}

// UnmarshalJSON reads both forms.
func (a *Audience) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		*a = Audience{""}
		return json.Unmarshal(b, &(*a)[0])
	}
	return json.Unmarshal(b, (*[]string)(a))
}

// NewJTI returns the name of a new token of the grant, or of no grant.
func NewJTI(grant idp.GrantID) string {
	if grant == "" {
		return rand.Text()
	}
	return string(grant) + "." + rand.Text()[:16]
}

// GrantID is the grant that the token belongs to, "" for client credentials.
func (a Access) GrantID() idp.GrantID {
	id, _, found := strings.Cut(a.JTI, ".")
	if !found {
		return ""
	}
	return idp.GrantID(id)
}

// ParseAccess verifies an access token of ours: signature, type, issuer and
// expiry. Whether its grant still holds, and whether it is meant for whoever
// shows it (Audience), is the caller's to ask.
//
// Errors: ErrToken.
func ParseAccess(set *keys.Set, issuer, token string, now time.Time) (Access, error) {
	var a Access
	if err := parse(set, token, TypeAccess, &a); err != nil {
		return Access{}, err
	}
	switch {
	case a.Issuer != issuer:
		return Access{}, fmt.Errorf("%w: of another issuer", ErrToken)
	case now.Unix() >= a.Expires:
		return Access{}, fmt.Errorf("%w: expired", ErrToken)
	}
	return a, nil
}

// IDToken is what an ID token says (OpenID Connect Core 1.0, section 2). azp
// is left out: there is never more than one audience.
type IDToken struct {
	Issuer   string       `json:"iss"`
	Subject  string       `json:"sub"`
	Audience idp.ClientID `json:"aud"`
	Expires  int64        `json:"exp"`
	Issued   int64        `json:"iat"`
	AuthTime int64        `json:"auth_time"`
	Nonce    string       `json:"nonce,omitempty"`
	ACR      string       `json:"acr"` // the highest requested value that the level covers, else the level's
	AMR      []string     `json:"amr,omitempty"`
	SID      string       `json:"sid"`
	AtHash   string       `json:"at_hash,omitempty"`
	Method   string       `json:"method,omitempty"`
	VoT      string       `json:"vot,omitempty"` // RFC 8485; see Vector
	VTM      string       `json:"vtm,omitempty"` // where the components of VoT are explained
	// Verified is the answer to what was asked for as verified_claims (see verified.Source).
	Verified any `json:"verified_claims,omitempty"`
}

// ParseHint verifies an ID token that comes back as id_token_hint: signature,
// type and issuer. An expired one is still a good hint (OpenID Connect
// RP-Initiated Logout 1.0, section 2). Whose it is says Audience.
//
// Errors: ErrToken.
func ParseHint(set *keys.Set, issuer, token string) (IDToken, error) {
	var t IDToken
	if err := parse(set, token, TypeID, &t); err != nil {
		return IDToken{}, err
	}
	if t.Issuer != issuer || t.Audience == "" || t.Subject == "" {
		return IDToken{}, fmt.Errorf("%w: of another issuer, or not an ID token", ErrToken)
	}
	return t, nil
}

func parse(set *keys.Set, token, typ string, into any) error {
	payload, _, err := set.Verify(token, typ)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrToken, err)
	}
	if err := json.Unmarshal(payload, into); err != nil {
		return fmt.Errorf("%w: claims are not those of its type", ErrToken)
	}
	return nil
}

// AudienceOf is the audience of an access token: the resources it is for, and
// Surety itself when it also opens UserInfo. A token without any is for Surety.
func AudienceOf(issuer string, resources, scopes []string) Audience {
	out := append(Audience(nil), resources...)
	if len(out) == 0 || slices.Contains(scopes, ScopeOpenID) && !slices.Contains(out, issuer) {
		out = append(out, issuer)
	}
	return out
}
