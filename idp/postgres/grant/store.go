package grant

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/grant"
	"surety/idp/postgres/db"
)

// Store is what the endpoints of idp/oidc keep their grants in.
type Store struct {
	DB db.Querier
}

// errStale says that something a write rests on no longer stands.
var errStale = idp.E(idp.CodeConflict, "error.conflict")

// heldColumns are read by scanHeld, in this order. The session is open when
// its row says so at $2; the consent stands unless its row says otherwise at
// civil time $3.
const heldColumns = `
		g.grant_id, g.client_id, g.account_id, g.session_id, coalesce(g.consent_id::text, ''),
		g.subject, g.sid, g.scopes, g.audience, g.offline,
		g.level, g.acr, g.amr, g.method, g.auth_time,
		g.requested_acr, g.max_age, g.policy_version, g.uses, coalesce(g.claims, 'null'),
		g.stage, g.agency, g.procedures,
		g.created_at, g.expires_at, g.revoked_at,
		a.state, a.stage, a.tokens_valid_from,
		coalesce(s.ended_at IS NULL AND s.idle_expires_at > $2 AND s.expires_at > $2, false),
		` + consentEnded + `,
		` + proofings

// proofings are what is known of who the account g belongs to: the level may
// have to be decided anew. Few have any, so most pay nothing for it.
const proofings = `
		coalesce((
			SELECT jsonb_agg(jsonb_build_object(
				'Method', p.method, 'Version', p.method_version, 'Stage', p.stage, 'Cap', p.cap,
				'DocumentExpired', p.document_expired, 'DocumentUntil', p.document_until, 'NotBefore', p.not_before,
				'ExpiresAt', p.expires_at, 'At', p.proofed_at))
			FROM proofing p
			WHERE p.account_id = g.account_id
				AND p.revoked_at IS NULL), '[]')`

// consentEnded tells whether the consent c that a grant names was withdrawn or
// has expired at civil time $3. When the person agreed to more, another record
// took its place; withdrawing that one ends the grants of those before it too,
// and agreeing anew later does not bring them back.
const consentEnded = `
		coalesce(c.withdrawn_at IS NOT NULL OR c.expires_at <= $3 OR (c.superseded_by IS NOT NULL AND EXISTS (
			SELECT FROM consent w
			WHERE w.account_id = c.account_id
				AND w.client_id = c.client_id
				AND w.withdrawn_at IS NOT NULL
				AND w.granted_at >= c.granted_at)), false)`

// heldJoins lead from a grant to what decides whether it holds.
const heldJoins = `
	JOIN account a ON a.account_id = g.account_id
	LEFT JOIN session s ON s.session_id = g.session_id
	LEFT JOIN consent c ON c.consent_id = g.consent_id`

// heldRow takes what heldColumns give and needs converting.
type heldRow struct {
	grant.Held
	maxAge    *int32
	uses      []byte
	claims    []byte
	revoked   *time.Time
	proofings []byte
}

// targets are where heldColumns are scanned to.
func (r *heldRow) targets() []any {
	g, a := &r.Grant, &r.Standing.Account
	return []any{
		(*string)(&g.ID), (*string)(&g.ClientID), (*string)(&g.AccountID), (*string)(&g.SessionID), &g.ConsentID,
		&g.Subject, &g.SID, &g.Scopes, &g.Audience, &g.Offline,
		(*string)(&g.Level), &g.ACR, &g.AMR, (*string)(&g.Method), &g.AuthTime,
		&g.RequestedACR, &r.maxAge, &g.PolicyVersion, &r.uses, &r.claims,
		(*string)(&g.Stage), &g.Agency, &g.Procedures,
		&g.CreatedAt, &g.ExpiresAt, &r.revoked,
		(*string)(&a.State), (*string)(&a.Stage), &a.TokensValidFrom,
		&r.Standing.SessionOpen, &r.Standing.ConsentWithdrawn,
		&r.proofings,
	}
}

// held finishes what was scanned.
func (r *heldRow) held() (grant.Held, error) {
	h := r.Held
	h.Standing.Account.ID = h.Grant.AccountID
	if r.maxAge != nil {
		age := time.Duration(*r.maxAge) * time.Second
		h.Grant.MaxAge = &age
	}
	if r.revoked != nil {
		h.Grant.RevokedAt = *r.revoked
	}
	if err := json.Unmarshal(r.uses, &h.Grant.Uses); err != nil {
		return grant.Held{}, fmt.Errorf("read uses of grant %s: %w", h.Grant.ID, err)
	}
	if string(r.claims) != "null" {
		h.Grant.Claims = r.claims
	}
	var err error
	h.Standing.Account.Proofings, err = readProofings(r.proofings)
	return h, err
}

const selectCode = `
	SELECT` + heldColumns + `,
		k.redirect_uri, k.challenge, k.nonce, k.expires_at, k.used_at
	FROM auth_code k
	JOIN oauth_grant g ON g.grant_id = k.grant_id` + heldJoins + `
	WHERE k.code_hash = $1`

// Code returns the grant behind a code, used or not, expired or not.
//
// Errors: not_found, unavailable.
func (s Store) Code(ctx context.Context, hash [32]byte, now, civil time.Time) (grant.Held, error) {
	var row heldRow
	var used *time.Time
	k := grant.Code{Hash: hash}
	targets := append(row.targets(), &k.RedirectURI, &k.Challenge, &k.Nonce, &k.ExpiresAt, &used)
	if err := s.DB.QueryRow(ctx, selectCode, hash[:], now, civil).Scan(targets...); err != nil {
		return grant.Held{}, db.Error("find code", err)
	}
	h, err := row.held()
	k.GrantID, k.UsedAt = h.Grant.ID, orZero(used)
	h.Code = k
	return h, err
}

const selectRefresh = `
	SELECT` + heldColumns + `,
		r.expires_at, r.used_at
	FROM refresh_token r
	JOIN oauth_grant g ON g.grant_id = r.grant_id` + heldJoins + `
	WHERE r.token_hash = $1`

// Refresh returns the grant behind a refresh token, used or not, expired or
// not.
//
// Errors: not_found, unavailable.
func (s Store) Refresh(ctx context.Context, hash [32]byte, now, civil time.Time) (grant.Held, error) {
	var row heldRow
	var used *time.Time
	r := grant.Refresh{Hash: hash}
	targets := append(row.targets(), &r.ExpiresAt, &used)
	if err := s.DB.QueryRow(ctx, selectRefresh, hash[:], now, civil).Scan(targets...); err != nil {
		return grant.Held{}, db.Error("find refresh token", err)
	}
	h, err := row.held()
	r.GrantID, r.UsedAt = h.Grant.ID, orZero(used)
	h.Refresh = r
	return h, err
}

// readProofings reads the aggregate; null leaves a time zero.
func readProofings(b []byte) ([]assurance.Proofing, error) {
	if string(b) == "[]" {
		return nil, nil
	}
	var out []assurance.Proofing
	if err := json.Unmarshal(b, &out); err != nil {
		return nil, fmt.Errorf("read proofings: %w", err)
	}
	return out, nil
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// one runs a statement that tells by a count whether it did its work.
func (s Store) one(ctx context.Context, doing, sql string, args ...any) error {
	var done bool
	switch err := s.DB.QueryRow(ctx, sql, args...).Scan(&done); {
	case err != nil:
		return db.Error(doing, err)
	case !done:
		return fmt.Errorf("%s: %w", doing, errStale)
	}
	return nil
}

// null turns an empty id into NULL.
func null[T ~string](id T) any {
	if id == "" {
		return nil
	}
	return string(id)
}

// nullTime turns a zero time into NULL.
func nullTime(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}
