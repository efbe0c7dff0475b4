package token

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/client"
	"surety/idp/oidc/store"

	"github.com/go-jose/go-jose/v4"
)

// assertionType is the one kind of client assertion (RFC 7523, section 2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// Bounds of a client assertion.
const (
	maxAssertionLife = 5 * time.Minute
	maxJTI           = 256 // bytes
)

var assertionAlgorithms = []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.PS256, jose.EdDSA}

// assertion is what a client assertion says (RFC 7523, section 3; OpenID
// Connect Core 1.0, section 9). The audience is one string: a list would let
// one assertion be good in two places.
type assertion struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  string   `json:"aud"`
	JTI       string   `json:"jti"`
	Expires   *float64 `json:"exp"`
	NotBefore *float64 `json:"nbf"`
	Issued    *float64 `json:"iat"`
}

// claimedClient is the client that an assertion says it is from. Nothing is
// verified yet.
func claimedClient(proof string) idp.ClientID {
	if len(proof) > maxCredential {
		return ""
	}
	signed, err := jose.ParseSignedCompact(proof, assertionAlgorithms)
	if err != nil {
		return ""
	}
	var a assertion
	if err := json.Unmarshal(signed.UnsafePayloadWithoutVerification(), &a); err != nil {
		return ""
	}
	return idp.ClientID(a.Subject)
}

// checkAssertion verifies a client assertion. Everything is checked before
// its jti is used up, so that nobody can spoil an assertion by showing it
// where it is not meant for.
func (e *Endpoint) checkAssertion(ctx context.Context, c *client.Client, proof string) error {
	if len(proof) > maxCredential {
		return invalid("client_assertion is too long")
	}
	signed, err := jose.ParseSignedCompact(proof, algorithmsOf(c))
	if err != nil {
		return invalid("client_assertion is not a JWT, or signed with an algorithm that this client may not use")
	}
	payload, err := e.verify(ctx, c, signed)
	if err != nil {
		return err
	}
	var a assertion
	if err := json.Unmarshal(payload, &a); err != nil {
		return invalid("client_assertion has claims of the wrong type; aud must be the issuer as one string")
	}
	now := store.From(ctx).Now
	if problem := a.problem(c.ID, e.Issuer, now); problem != "" {
		return invalid("client_assertion " + problem)
	}
	err = e.Grants.UseAssertion(ctx, c.ID, a.JTI, at(*a.Expires))
	if idp.CodeOf(err) == idp.CodeConflict {
		return invalid("client_assertion was used before")
	}
	return err
}

func algorithmsOf(c *client.Client) []jose.SignatureAlgorithm {
	if a := c.TokenEndpointAuthSigningAlg; a != "" {
		return []jose.SignatureAlgorithm{jose.SignatureAlgorithm(a)}
	}
	return assertionAlgorithms
}

// problem says what is wrong with the claims, or nothing.
func (a assertion) problem(id idp.ClientID, issuer string, now time.Time) string {
	switch {
	case a.Issuer != string(id) || a.Subject != string(id):
		return "has an iss or sub that is not the client"
	case a.Audience != issuer:
		return "has an aud that is not the issuer"
	case a.JTI == "" || len(a.JTI) > maxJTI || slices.Contains([]byte(a.JTI), 0):
		return "has no jti, or one that is too long"
	case a.Expires == nil || !representable(*a.Expires):
		return "has no exp"
	case !at(*a.Expires).After(now.Add(-assurance.Skew)):
		return "has expired"
	case at(*a.Expires).After(now.Add(maxAssertionLife + assurance.Skew)):
		return "lives longer than 5 minutes"
	case a.NotBefore != nil && (!representable(*a.NotBefore) || at(*a.NotBefore).After(now.Add(assurance.Skew))):
		return "is not valid yet"
	case a.Issued != nil && (!representable(*a.Issued) || at(*a.Issued).After(now.Add(assurance.Skew))):
		return "was issued in the future"
	}
	return ""
}

// representable keeps numbers out whose conversion to a time would overflow.
func representable(seconds float64) bool {
	return !math.IsNaN(seconds) && seconds > 0 && seconds < 1<<40
}

// at reads a NumericDate (RFC 7519, section 2) down to the millisecond.
func at(seconds float64) time.Time { return time.UnixMilli(int64(seconds * 1000)) }

// verify checks the signature with the client's own keys and returns what was signed.
func (e *Endpoint) verify(ctx context.Context, c *client.Client, signed *jose.JSONWebSignature) ([]byte, error) {
	if c.JWKSURI == "" {
		return verifyWith(c.Keys, signed)
	}
	if e.KeySets == nil {
		return nil, invalid("the client's keys cannot be fetched")
	}
	set, err := e.KeySets.Keys(ctx, c.JWKSURI, false)
	if err == nil {
		var payload []byte
		if payload, err = verifyWith(set, signed); err == nil {
			return payload, nil
		}
	}
	// The client may have changed its keys since they were fetched.
	set, fetchErr := e.KeySets.Keys(ctx, c.JWKSURI, true)
	if fetchErr != nil {
		return nil, invalid("the client's keys cannot be fetched").Because(errors.Join(err, fetchErr))
	}
	return verifyWith(set, signed)
}

// verifyWith tries the keys that can have made the signature. What the header
// says about keys besides kid (jwk, jku, x5c) is never looked at.
func verifyWith(set jose.JSONWebKeySet, signed *jose.JSONWebSignature) ([]byte, error) {
	if len(signed.Signatures) != 1 {
		return nil, invalid("client_assertion must have one signature")
	}
	head := signed.Signatures[0].Protected
	for _, k := range set.Keys {
		if !fits(k, head) {
			continue
		}
		if payload, err := signed.Verify(k.Key); err == nil {
			return payload, nil
		}
	}
	return nil, invalid("no key of the client verifies client_assertion")
}

// fits tells whether a key may have made a signature with this header.
func fits(k jose.JSONWebKey, head jose.Header) bool {
	return (head.KeyID == "" || k.KeyID == "" || k.KeyID == head.KeyID) &&
		(k.Use == "" || k.Use == "sig") && (k.Algorithm == "" || k.Algorithm == head.Algorithm) && client.Verifies(k)
}
