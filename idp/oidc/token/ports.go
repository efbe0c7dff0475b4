package token

import (
	"context"
	"encoding/json"
	"time"

	"surety/idp"
	"surety/idp/audit"
	"surety/idp/client"
	"surety/idp/grant"
	"surety/idp/procedure"

	"github.com/go-jose/go-jose/v4"
)

// Procedures finds what agencies offer, from memory if it can.
type Procedures interface {
	// InForce returns the procedures of the agency with these codes, as they
	// are at this civil time, in the order of the codes.
	//
	// Errors: not_found with the argument "code", unavailable.
	InForce(ctx context.Context, agency string, codes []string, civil time.Time) ([]procedure.Procedure, error)
}

// Clients finds relying parties, from memory if it can.
type Clients interface {
	// Client returns the client, also when it is disabled.
	//
	// Errors: not_found, unavailable.
	Client(ctx context.Context, id idp.ClientID) (*client.Client, error)
}

// Codes is what grants come out of and tokens are written to. Each method is
// one round trip.
type Codes interface {
	// Code returns the grant behind a code, used or not, expired or not.
	//
	// Errors: not_found, unavailable.
	Code(ctx context.Context, hash [32]byte, now, civil time.Time) (grant.Held, error)
	// Refresh returns the grant behind a refresh token, used or not, expired
	// or not, with what its level is decided from.
	//
	// Errors: not_found, unavailable.
	Refresh(ctx context.Context, hash [32]byte, now, civil time.Time) (grant.Held, error)
	// Redeem uses a code and writes what it gives.
	//
	// Errors: conflict when it was used, expired or revoked meanwhile; unavailable.
	Redeem(ctx context.Context, r grant.Redemption) error
	// Rotate uses a refresh token and writes what it gives.
	//
	// Errors: conflict when it was used before the grace, expired or revoked
	// meanwhile; unavailable.
	Rotate(ctx context.Context, r grant.Redemption) error
	// Revoke ends a grant and all that was issued under it.
	//
	// Errors: unavailable.
	Revoke(ctx context.Context, id idp.GrantID, reason string, now time.Time) error
	// UseAssertion remembers a client assertion until its end, once.
	//
	// Errors: conflict when it was seen before; unavailable.
	UseAssertion(ctx context.Context, client idp.ClientID, jti string, expires time.Time) error
	// FetchOutcome gives a client what came of its request, once.
	//
	// Errors: not_found when there is none for this client; expired when it was
	// fetched before or its time is over; unavailable.
	FetchOutcome(ctx context.Context, client idp.ClientID, hash [32]byte, now time.Time) (json.RawMessage, error)
}

// Tokens is what access tokens are looked up in and ended by.
type Tokens interface {
	// Signed returns what decides whether a signed token still holds.
	//
	// Errors: not_found when its grant is gone; unavailable.
	Signed(ctx context.Context, id idp.GrantID, jti string, now, civil time.Time) (grant.Token, error)
	// Opaque returns an opaque token that has not expired, and its grant.
	//
	// Errors: not_found, unavailable.
	Opaque(ctx context.Context, hash [32]byte, now, civil time.Time) (grant.Token, error)
	// Open stores an opaque token that belongs to no grant.
	//
	// Errors: unavailable.
	Open(ctx context.Context, o grant.Opaque) error
	// RevokeSigned ends one signed token.
	//
	// Errors: unavailable.
	RevokeSigned(ctx context.Context, client idp.ClientID, jti string, expires, now time.Time) error
	// RevokeOpaque ends one opaque token, if it is the client's.
	//
	// Errors: unavailable.
	RevokeOpaque(ctx context.Context, client idp.ClientID, hash [32]byte, now time.Time) error
}

// Grants is both; idp/postgres/grant is one.
type Grants interface {
	Codes
	Tokens
}

// Holders reads people, where an ID token shall say something about them.
type Holders interface {
	// Holder reads the person behind a grant in one round trip.
	//
	// Errors: not_found when there is no such grant; unavailable.
	Holder(ctx context.Context, t grant.Shown) (grant.Holder, error)
}

// Trail records what has no transaction of its own.
type Trail interface {
	// Add takes the event for the next flush. It never waits.
	//
	// Errors: unavailable when the audit cannot be written; then nothing may
	// be issued.
	Add(now time.Time, e audit.Event) error
}

// Ring is the part of the key ring (idp/keys) that hashes client secrets and
// derives refresh tokens.
type Ring interface {
	// Fingerprint is a keyed hash, apart for each purpose. It has no errors.
	Fingerprint(purpose string, parts ...[]byte) [32]byte
	// MAC is a keyed hash under another key. It has no errors.
	MAC(purpose string, parts ...[]byte) [32]byte
}

// KeySets fetches the keys of clients that publish them at jwks_uri.
type KeySets interface {
	// Keys returns the set at the address, fetched anew if fresh is set and
	// the last fetch is not of this very moment.
	//
	// Errors: unavailable when it cannot be had.
	Keys(ctx context.Context, uri string, fresh bool) (jose.JSONWebKeySet, error)
}
