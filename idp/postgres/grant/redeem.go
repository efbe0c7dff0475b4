package grant

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"surety/idp"
	"surety/idp/grant"
	"surety/idp/postgres/event"
)

// redeemTail writes what a redemption gives, from the row that the use left
// in held: the refresh token, an opaque access token, the audit event.
const redeemTail = `
	), held AS (
		SELECT g.grant_id, g.client_id, g.account_id, g.session_id
		FROM used u
		JOIN oauth_grant g ON g.grant_id = u.grant_id
		WHERE g.revoked_at IS NULL
	), refreshed AS (
		-- A retry within the grace gets the same successor, which is there already.
		INSERT INTO refresh_token (token_hash, grant_id, created_at, expires_at)
		SELECT $4, grant_id, $1, $5
		FROM held
		WHERE $4::bytea IS NOT NULL
		ON CONFLICT ON CONSTRAINT refresh_token_pkey DO NOTHING
	), opened AS (
		INSERT INTO access_token (token_hash, grant_id, client_id, scopes, audience, procedures, created_at, expires_at)
		SELECT $6, grant_id, client_id, $7, $8, $18, $1, $9
		FROM held
		WHERE $6::bytea IS NOT NULL
	), event AS (
		INSERT INTO audit_event (at, type, account_id, client_id, session_id, attrs)
		SELECT $1, $10, account_id, client_id, session_id, $11
		FROM held
	), decided AS (
		UPDATE oauth_grant
		SET level = $12, acr = $13, amr = $14, method = $15, auth_time = $16, policy_version = $17, stage = $19
		WHERE $12::text IS NOT NULL
			AND grant_id = (SELECT grant_id FROM held)
	)
	SELECT EXISTS (SELECT FROM held)`

const redeemSQL = `
	WITH used AS (
		UPDATE auth_code
		SET used_at = $1
		WHERE code_hash = $2
			AND used_at IS NULL
			AND $3::timestamptz IS NULL
			AND expires_at > $1
		RETURNING grant_id` + redeemTail

// A used refresh token passes once more within the grace, so that a client
// whose network broke gets its answer again.
const rotateSQL = `
	WITH used AS (
		UPDATE refresh_token
		SET used_at = coalesce(used_at, $1)
		WHERE token_hash = $2
			AND (used_at IS NULL OR used_at >= $3)
			AND expires_at > $1
		RETURNING grant_id` + redeemTail

// Redeem uses a code and writes what it gives.
//
// Errors: conflict when it was used, has expired or its grant is revoked, and
// then nothing is written; unavailable.
func (s Store) Redeem(ctx context.Context, r grant.Redemption) error {
	r.GraceFrom = time.Time{} // codes have none
	return s.redeem(ctx, "redeem code", redeemSQL, "token.issued", r)
}

// Rotate uses a refresh token and writes what it gives.
//
// Errors: conflict when it was used before the grace, has expired or its grant
// is revoked, and then nothing is written; unavailable.
func (s Store) Rotate(ctx context.Context, r grant.Redemption) error {
	return s.redeem(ctx, "rotate refresh token", rotateSQL, "token.refreshed", r)
}

func (s Store) redeem(ctx context.Context, doing, sql, event string, r grant.Redemption) error {
	var refreshHash, refreshEnd, accessHash, accessEnd any
	var scopes, audience, procedures []string
	if r.Refresh != nil {
		refreshHash, refreshEnd = r.Refresh.Hash[:], r.Refresh.ExpiresAt
	}
	if r.Access != nil {
		accessHash, accessEnd = r.Access.Hash[:], r.Access.ExpiresAt
		scopes, audience, procedures = list(r.Access.Scopes), list(r.Access.Audience), list(r.Access.Procedures)
	}
	attrs := []byte(`{}`)
	if r.JTI != "" {
		attrs = fmt.Appendf(nil, `{"jti":%q}`, r.JTI) // our own alphabet, nothing to escape
	}
	var level, acr, amr, method, authTime, version, stage any
	if d := r.Decided; d != nil {
		level, acr, amr, method = string(d.Level), d.ACR, list(d.AMR), string(d.Method)
		authTime, version, stage = d.AuthTime, d.PolicyVersion, string(d.Stage)
	}
	return s.one(ctx, doing, sql,
		r.Now, r.Used[:], nullTime(r.GraceFrom), refreshHash, refreshEnd,
		accessHash, scopes, audience, accessEnd, event, attrs,
		level, acr, amr, method, authTime, version, procedures, stage)
}

var revokeSQL = `
	WITH revoked AS (
		UPDATE oauth_grant
		SET revoked_at = $2
		WHERE grant_id = $1
			AND revoked_at IS NULL
		RETURNING grant_id, account_id, client_id, session_id, subject
	), concerned AS (
		-- Not the session: another grant in it may go on.
		SELECT client_id, subject, '' AS sid, grant_id, '' AS token_id
		FROM revoked
	), ` + event.Tell("$2", "$4") + `
	INSERT INTO audit_event (at, type, account_id, client_id, session_id, attrs)
	SELECT $2, 'grant.revoked', account_id, client_id, session_id, $3
	FROM revoked`

// Revoke ends a grant and everything that was issued under it, and tells the
// client. Revoking what is revoked does nothing. The reason goes into the audit.
//
// Errors: unavailable.
func (s Store) Revoke(ctx context.Context, id idp.GrantID, reason string, now time.Time) error {
	attrs, err := json.Marshal(map[string]string{"grant_id": string(id), "reason": reason})
	if err != nil {
		return fmt.Errorf("write audit of revocation: %w", err)
	}
	_, err = s.DB.Exec(ctx, revokeSQL, string(id), now, attrs, reason)
	return dbError("revoke grant", err)
}
