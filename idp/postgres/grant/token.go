package grant

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"surety/idp"
	"surety/idp/grant"
	"surety/idp/postgres/db"
	"surety/idp/postgres/event"
)

func dbError(doing string, err error) error { return db.Error(doing, err) }

// standingColumns are the few facts that decide about a token whose other
// claims the token itself carries.
const standingColumns = `
		coalesce(g.client_id, ''), coalesce(g.account_id::text, ''), coalesce(g.offline, false),
		coalesce(g.created_at, $2), coalesce(g.expires_at, $2), g.revoked_at,
		coalesce(a.state, ''), coalesce(a.tokens_valid_from, $2),
		coalesce(s.ended_at IS NULL AND s.idle_expires_at > $2 AND s.expires_at > $2, false),
		` + consentEnded

const selectSigned = `
	SELECT` + standingColumns + `,
		EXISTS (SELECT FROM revoked_token x WHERE x.jti = $4)
	FROM oauth_grant g` + heldJoins + `
	WHERE g.grant_id = $1`

const selectRevoked = `
	SELECT EXISTS (SELECT FROM revoked_token WHERE jti = $1)`

type standingRow struct {
	grant.Token
	revoked *time.Time
}

func (r *standingRow) targets() []any {
	g, a := &r.Grant, &r.Standing.Account
	return []any{
		(*string)(&g.ClientID), (*string)(&g.AccountID), &g.Offline,
		&g.CreatedAt, &g.ExpiresAt, &r.revoked,
		(*string)(&a.State), &a.TokensValidFrom,
		&r.Standing.SessionOpen, &r.Standing.ConsentWithdrawn,
	}
}

// Signed returns what decides whether a signed access token still holds: its
// grant (empty for client credentials) and whether this one token was revoked.
//
// Errors: not_found when there is no such grant; unavailable.
func (s Store) Signed(ctx context.Context, id idp.GrantID, jti string, now, civil time.Time) (grant.Token, error) {
	if id == "" {
		var t grant.Token
		err := s.DB.QueryRow(ctx, selectRevoked, jti).Scan(&t.Revoked)
		return t, dbError("find revoked token", err)
	}
	var row standingRow
	targets := append(row.targets(), &row.Token.Revoked)
	if err := s.DB.QueryRow(ctx, selectSigned, string(id), now, civil, jti).Scan(targets...); err != nil {
		return grant.Token{}, dbError("find grant of token", err)
	}
	row.Grant.ID, row.Grant.RevokedAt = id, orZero(row.revoked)
	return row.Token, nil
}

const selectOpaque = `
	SELECT t.grant_id::text, t.client_id, t.scopes, t.audience, t.procedures, t.created_at, t.expires_at, t.revoked_at,` + standingColumns + `,
		coalesce(g.subject, ''), coalesce(g.sid, ''), coalesce(g.level, ''), coalesce(g.amr, '{}'),
		coalesce(g.method, ''), coalesce(g.auth_time, $2), coalesce(g.agency, ''),
		coalesce(g.policy_version, 0), coalesce(g.uses, '[]'), coalesce(a.stage, ''), ` + proofings + `
	FROM access_token t
	LEFT JOIN oauth_grant g ON g.grant_id = t.grant_id
	LEFT JOIN account a ON a.account_id = g.account_id
	LEFT JOIN session s ON s.session_id = g.session_id
	LEFT JOIN consent c ON c.consent_id = g.consent_id
	WHERE t.token_hash = $1
		AND t.expires_at > $2`

// Opaque returns an opaque access token that has not expired, and its grant.
//
// Errors: not_found, unavailable.
func (s Store) Opaque(ctx context.Context, hash [32]byte, now, civil time.Time) (grant.Token, error) {
	var row standingRow
	var id *string
	var revoked *time.Time
	var uses, proofings []byte
	o, g := &row.Token.Opaque, &row.Grant
	o.Hash = hash
	targets := []any{&id, (*string)(&o.ClientID), &o.Scopes, &o.Audience, &o.Procedures, &o.CreatedAt, &o.ExpiresAt, &revoked}
	targets = append(append(targets, row.targets()...),
		&g.Subject, &g.SID, (*string)(&g.Level), &g.AMR, (*string)(&g.Method), &g.AuthTime, &g.Agency,
		&g.PolicyVersion, &uses, (*string)(&row.Standing.Account.Stage), &proofings)
	if err := s.DB.QueryRow(ctx, selectOpaque, hash[:], now, civil).Scan(targets...); err != nil {
		return grant.Token{}, dbError("find access token", err)
	}
	if id != nil {
		o.GrantID, g.ID = idp.GrantID(*id), idp.GrantID(*id)
	}
	row.Grant.RevokedAt = orZero(row.revoked)
	o.RevokedAt, row.Token.Revoked = orZero(revoked), revoked != nil
	if err := json.Unmarshal(uses, &g.Uses); err != nil {
		return grant.Token{}, fmt.Errorf("read uses of grant %s: %w", g.ID, err)
	}
	var err error
	row.Standing.Account.Proofings, err = readProofings(proofings)
	return row.Token, err
}

const insertOpaque = `
	INSERT INTO access_token (token_hash, client_id, scopes, audience, created_at, expires_at)
	VALUES ($1, $2, $3, $4, $5, $6)`

// Open stores an opaque access token that belongs to no grant.
//
// Errors: unavailable.
func (s Store) Open(ctx context.Context, o grant.Opaque) error {
	_, err := s.DB.Exec(ctx, insertOpaque, o.Hash[:], string(o.ClientID), list(o.Scopes), list(o.Audience), o.CreatedAt, o.ExpiresAt)
	return dbError("store access token", err)
}

var revokeSignedSQL = `
	WITH revoked AS (
		INSERT INTO revoked_token (jti, expires_at)
		VALUES ($1, $2)
		ON CONFLICT ON CONSTRAINT revoked_token_pkey DO NOTHING
		RETURNING jti
	), concerned AS (
		SELECT $4::text AS client_id, '' AS subject, '' AS sid, NULL::uuid AS grant_id, jti AS token_id
		FROM revoked
	), ` + event.Tell("$3::timestamptz", "'revoked_by_client'") + `
	INSERT INTO audit_event (at, type, client_id, attrs)
	SELECT $3, 'token.revoked', $4, jsonb_build_object('jti', jti)
	FROM revoked`

// RevokeSigned ends one signed access token before its time, and tells the client.
//
// Errors: unavailable.
func (s Store) RevokeSigned(ctx context.Context, client idp.ClientID, jti string, expires, now time.Time) error {
	_, err := s.DB.Exec(ctx, revokeSignedSQL, jti, expires, now, string(client))
	return dbError("revoke access token", err)
}

const revokeOpaqueSQL = `
	WITH revoked AS (
		UPDATE access_token
		SET revoked_at = $3
		WHERE token_hash = $1
			AND client_id = $2
			AND revoked_at IS NULL
		RETURNING client_id
	)
	INSERT INTO audit_event (at, type, client_id, attrs)
	SELECT $3, 'token.revoked', client_id, '{}'
	FROM revoked`

// RevokeOpaque ends one opaque access token of the client before its time.
//
// Errors: unavailable.
func (s Store) RevokeOpaque(ctx context.Context, client idp.ClientID, hash [32]byte, now time.Time) error {
	_, err := s.DB.Exec(ctx, revokeOpaqueSQL, hash[:], string(client), now)
	return dbError("revoke access token", err)
}

const insertAssertion = `
	INSERT INTO client_assertion (client_id, jti, expires_at)
	VALUES ($1, $2, $3)
	ON CONFLICT DO NOTHING`

// UseAssertion remembers a client's assertion until its end (RFC 7523,
// section 3, item 7), once: two servers that see it at the same moment cannot
// both be first.
//
// Errors: conflict when it was seen before; unavailable.
func (s Store) UseAssertion(ctx context.Context, client idp.ClientID, jti string, expires time.Time) error {
	tag, err := s.DB.Exec(ctx, insertAssertion, string(client), jti, expires)
	if err == nil && tag.RowsAffected() == 0 {
		return errStale
	}
	return dbError("remember client assertion", err)
}
