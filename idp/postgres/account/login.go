package account

import (
	"context"
	"errors"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/postgres/db"
	"surety/idp/postgres/event"

	"github.com/jackc/pgx/v5"
)

// FindLogin returns what the login name leads to, and whether the account knows
// the browser; zero, without error, when nobody has the name.
func (s *Store) FindLogin(ctx context.Context, tx idp.Tx, key string, browser [32]byte) (idp.Login, error) {
	var l idp.Login
	a, c := &l.Account, &l.Credential
	err := s.db.On(tx).QueryRow(ctx, `
		SELECT a.account_id, a.state, a.stage, a.language, a.tokens_valid_from, a.terms_version, a.created_at,
			coalesce(c.credential_id::text, ''), coalesce(c.verifier, ''), coalesce(c.bound_level, ''),
			coalesce(c.depends_on, '{}'), c.depends_until, c.changed_at,
			EXISTS (
				SELECT
				FROM known_device d
				WHERE d.account_id = a.account_id AND d.device_hash = $2)
		FROM login_name n
		JOIN account a ON a.account_id = n.account_id
		LEFT JOIN credential c ON c.account_id = a.account_id AND c.method = 'password'
		WHERE n.fingerprint = $1`, s.mark(idp.MarkLoginName, key), s.mark(idp.MarkDevice, string(browser[:]))).Scan(
		&a.ID, &a.State, &a.Stage, &a.Language, &a.TokensValidFrom, &a.TermsVersion, &a.CreatedAt,
		&c.ID, &c.Verifier, &c.BoundLevel, &c.DependsOn, (*at)(&c.DependsUntil), (*at)(&c.ChangedAt), &l.KnownDevice)
	if errors.Is(err, pgx.ErrNoRows) {
		return idp.Login{}, nil
	}
	if err != nil {
		return idp.Login{}, db.Error("find login name", err)
	}
	c.AccountID, c.Method = a.ID, assurance.MethodPassword
	return l, nil
}

// LoginUsed records a log-in: when the credential and the account were used
// last. It reports false when the password was changed or the account closed
// since the credential was read: then nobody logs in by it. A new verifier
// replaces the old one; empty keeps it. The contact that is the login name
// counts as used: a number that its owner logs in with is still theirs (RULES R6).
func (s *Store) LoginUsed(ctx context.Context, tx idp.Tx, c idp.Credential, loginKey, verifier string, now time.Time) (bool, error) {
	tag, err := db.From(tx).Exec(ctx, `
		WITH used AS (
			UPDATE credential
			SET last_used_at = $4, verifier = coalesce(nullif($3, ''), verifier)
			WHERE credential_id = $1 AND changed_at = $2
			RETURNING account_id
		), seen AS (
			UPDATE contact
			SET last_used_at = $4
			WHERE contact_id = (SELECT contact_id FROM login_name WHERE fingerprint = $5)
				AND EXISTS (SELECT FROM used)
		)
		UPDATE account
		SET last_used_at = $4
		WHERE account_id = (SELECT account_id FROM used)
			AND state = 'active'`, c.ID, c.ChangedAt, verifier, now, s.mark(idp.MarkLoginName, loginKey))
	if err != nil {
		return false, db.Error("record log-in", err)
	}
	return tag.RowsAffected() == 1, nil
}

// KnowDevice remembers that the person used this browser.
func (s *Store) KnowDevice(ctx context.Context, tx idp.Tx, account idp.AccountID, browser [32]byte, now time.Time) error {
	_, err := db.From(tx).Exec(ctx, `
		INSERT INTO known_device (device_hash, account_id, last_used_at, created_at)
		VALUES ($1, $2, $3, $3)
		ON CONFLICT ON CONSTRAINT known_device_pkey DO UPDATE
		SET last_used_at = excluded.last_used_at`, s.mark(idp.MarkDevice, string(browser[:])), account, now)
	return db.Error("remember device", err)
}

// AcceptTerms records that the person accepted a version of the terms.
func (s *Store) AcceptTerms(ctx context.Context, tx idp.Tx, account idp.AccountID, version string, now time.Time) error {
	_, err := db.From(tx).Exec(ctx, `
		WITH accepted AS (
			INSERT INTO terms_acceptance (account_id, version, accepted_at)
			VALUES ($1, $2, $3)
			ON CONFLICT ON CONSTRAINT terms_acceptance_pkey DO NOTHING
		)
		UPDATE account
		SET terms_version = $2, terms_accepted_at = $3
		WHERE account_id = $1`, account, version, now)
	return db.Error("accept terms", err)
}

var revokeSQL = `
		WITH revoked AS (
			UPDATE account
			SET tokens_valid_from = greatest(tokens_valid_from, $2)
			WHERE account_id = $1
			RETURNING account_id
		), concerned AS (
			SELECT DISTINCT g.client_id, g.subject, '' AS sid, NULL::uuid AS grant_id, '' AS token_id
			FROM oauth_grant g
			JOIN revoked r ON r.account_id = g.account_id
			WHERE g.revoked_at IS NULL
				AND g.expires_at > $2
		), ` + event.Tell("$2", "'logout_everywhere'") + `
		SELECT`

// RevokeBefore makes all grants of the account from before now count for
// nothing, and tells the clients that they were given to.
func (s *Store) RevokeBefore(ctx context.Context, tx idp.Tx, account idp.AccountID, now time.Time) error {
	_, err := db.From(tx).Exec(ctx, revokeSQL, account, now)
	return db.Error("revoke grants", err)
}

// SetPassword replaces the account's password, or gives it its first.
func (s *Store) SetPassword(ctx context.Context, tx idp.Tx, c idp.Credential) error {
	_, err := db.From(tx).Exec(ctx, `
		INSERT INTO credential (credential_id, account_id, method, verifier, bound_level, depends_on, depends_until,
			changed_at, created_at)
		VALUES ($1, $2, 'password', $3, $4, $5, $6, $7, $7)
		ON CONFLICT (account_id) WHERE method = 'password' DO UPDATE
		SET verifier = excluded.verifier, bound_level = excluded.bound_level, depends_on = excluded.depends_on,
			depends_until = excluded.depends_until, changed_at = excluded.changed_at`,
		c.ID, c.AccountID, c.Verifier, c.BoundLevel, append([]idp.ContactID{}, c.DependsOn...), at(c.DependsUntil), c.ChangedAt)
	return db.Error("set password", err)
}

// Methods lists what the account can log in with.
func (s *Store) Methods(ctx context.Context, account idp.AccountID) ([]idp.MethodState, error) {
	rows, err := s.db.Query(ctx, `
		SELECT method, changed_at, last_used_at
		FROM credential
		WHERE account_id = $1
		ORDER BY created_at`, account)
	if err != nil {
		return nil, db.Error("list methods", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (m idp.MethodState, err error) {
		return m, row.Scan(&m.Method, &m.ChangedAt, (*at)(&m.LastUsed))
	})
	return list, db.Error("list methods", err)
}
