package person

import (
	"context"
	"time"

	"surety/idp"
	"surety/idp/grant"
	"surety/idp/postgres/db"
)

// holderColumns decide whether the grant g still holds at $1 (protocol time)
// and $2 (civil time), and say what it covers.
const holderColumns = `
		g.grant_id, g.client_id, g.account_id, g.subject, g.offline, coalesce(g.claims, 'null'),
		coalesce(g.consent_id::text, ''), g.agency, g.procedures, g.created_at, g.expires_at, g.revoked_at,
		a.state, a.stage, a.language, a.tokens_valid_from, a.created_at,
		coalesce(s.ended_at IS NULL AND s.idle_expires_at > $1 AND s.expires_at > $1, false),
		-- Withdrawing a later record ends the grants of those it took the place
		-- of too, and agreeing anew does not bring them back (idp/postgres/grant).
		coalesce(c.withdrawn_at IS NOT NULL OR c.expires_at <= $2 OR (c.superseded_by IS NOT NULL AND EXISTS (
			SELECT FROM consent w
			WHERE w.account_id = c.account_id
				AND w.client_id = c.client_id
				AND w.withdrawn_at IS NOT NULL
				AND w.granted_at >= c.granted_at)), false), coalesce(c.claims, '{}'),` + provenColumn + `,`

// provenColumn are the account's proofings, only where the request asks for
// something that rests on them.
const provenColumn = `
		CASE WHEN g.claims ?| ARRAY['verified_userinfo', 'verified_id_token'] THEN (
			SELECT jsonb_agg(jsonb_build_object(
				'Method', p.method, 'Version', p.method_version, 'Stage', p.stage, 'Cap', p.cap,
				'DocumentExpired', p.document_expired, 'DocumentUntil', p.document_until, 'NotBefore', p.not_before,
				'ExpiresAt', p.expires_at, 'At', p.proofed_at) ORDER BY p.proofed_at, p.proofing_id)
			FROM proofing p
			WHERE p.account_id = g.account_id
				AND p.revoked_at IS NULL) END`

const holderJoins = `
	JOIN account a ON a.account_id = g.account_id
	LEFT JOIN session s ON s.session_id = g.session_id
	LEFT JOIN consent c ON c.consent_id = g.consent_id`

// The personal side is read only if the request can ask for any of it; login
// names are nobody's to ask for.
const (
	wantedSigned = `$5 OR g.claims IS NOT NULL`
	wantedOpaque = `$4 OR g.claims IS NOT NULL`
	personSigned = `
		CASE WHEN ` + wantedSigned + ` THEN a.data_key END,
		CASE WHEN ` + wantedSigned + ` THEN ` + attributesColumn + ` END,
		CASE WHEN ` + wantedSigned + ` THEN ` + contactsColumn + ` END`
	personOpaque = `
		CASE WHEN ` + wantedOpaque + ` THEN a.data_key END,
		CASE WHEN ` + wantedOpaque + ` THEN ` + attributesColumn + ` END,
		CASE WHEN ` + wantedOpaque + ` THEN ` + contactsColumn + ` END`
)

const selectSigned = `
	SELECT '{}'::text[], '{}'::text[],` + holderColumns + personSigned + `
	FROM oauth_grant g` + holderJoins + `
	WHERE g.grant_id = $3
		AND NOT EXISTS (
			SELECT FROM revoked_token x
			WHERE x.jti = $4)`

const selectOpaque = `
	SELECT t.scopes, t.audience,` + holderColumns + personOpaque + `
	FROM access_token t
	JOIN oauth_grant g ON g.grant_id = t.grant_id` + holderJoins + `
	WHERE t.token_hash = $3
		AND t.expires_at > $1
		AND t.revoked_at IS NULL`

// Holder returns the person behind an access token, in one round trip.
//
// Errors: not_found when there is no such token, it is over, or it was
// revoked by itself; unavailable.
func (s *Store) Holder(ctx context.Context, t grant.Shown) (grant.Holder, error) {
	query, args := selectOpaque, []any{t.Now, t.Civil, t.Hash[:], t.Personal}
	if t.GrantID != "" {
		query, args = selectSigned, []any{t.Now, t.Civil, t.GrantID, t.JTI, t.Personal}
	}
	var h grant.Holder
	var sealed Sealed
	var revoked *time.Time
	var claims []byte
	g, a := &h.Grant, &h.Standing.Account
	targets := append([]any{
		&h.Scopes, &h.Audience,
		&g.ID, &g.ClientID, &g.AccountID, &g.Subject, &g.Offline, &claims,
		&g.ConsentID, &g.Agency, &g.Procedures, &g.CreatedAt, &g.ExpiresAt, &revoked,
		&a.State, &a.Stage, &a.Language, &a.TokensValidFrom, &a.CreatedAt,
		&h.Standing.SessionOpen, &h.Standing.ConsentWithdrawn, &h.Consented, &a.Proofings,
	}, sealed.Fields()[:3]...)
	if err := s.db.QueryRow(ctx, query, args...).Scan(targets...); err != nil {
		return grant.Holder{}, db.Error("read holder of token", err)
	}
	a.ID = g.AccountID
	if revoked != nil {
		g.RevokedAt = *revoked
	}
	if string(claims) != "null" {
		g.Claims = claims
	}
	// What does not hold any more is not opened either.
	if sealed.dataKey == nil || !g.Valid(h.Standing, t.Now) {
		return h, nil
	}
	var err error
	h.Person, err = sealed.Open(s.ring, idp.AccountID(g.AccountID))
	return h, err
}
