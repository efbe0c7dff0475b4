package consent

import (
	"context"
	"errors"
	"fmt"

	"surety/consent"
	"surety/idp"
	"surety/idp/keys"
	"surety/idp/postgres/db"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype/zeronull"
)

// Store keeps consents. Make it with New; safe for concurrent use.
type Store struct {
	db   *db.DB
	ring *keys.Ring
}

// New returns a store on the database, sealing by the ring.
func New(d *db.DB, ring *keys.Ring) *Store { return &Store{db: d, ring: ring} }

// at maps the zero time to NULL and back.
type at = zeronull.Timestamptz

// known says what the constraints mean.
var known = db.Known{
	"consent_current_idx": idp.E(idp.CodeConflict, "error.conflict"),
}

const columns = `consent_id, account_id, client_id, scopes, claims, left_out, shown, purpose, granted_at, expires_at, withdrawn_at,
	coalesce(superseded_by::text, '')`

func scan(row pgx.CollectableRow) (r consent.Record, err error) {
	return r, row.Scan(&r.ID, &r.AccountID, &r.ClientID, &r.Scopes, &r.Claims, &r.LeftOut, &r.Shown, &r.Purpose, &r.GrantedAt,
		(*at)(&r.ExpiresAt), (*at)(&r.WithdrawnAt), &r.SupersededBy)
}

// Standing returns the record that is neither withdrawn nor superseded; inside
// a unit of work it is locked. Zero, without error, when there is none.
func (s *Store) Standing(ctx context.Context, tx idp.Tx, account idp.AccountID, client idp.ClientID) (consent.Record, error) {
	sql := `
		SELECT ` + columns + `
		FROM consent
		WHERE account_id = $1
			AND client_id = $2
			AND withdrawn_at IS NULL
			AND superseded_by IS NULL`
	if tx != nil {
		sql += `
		FOR UPDATE`
	}
	rows, err := s.db.On(tx).Query(ctx, sql, account, client)
	if err != nil {
		return consent.Record{}, db.Error("read consent", err)
	}
	r, err := pgx.CollectExactlyOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return consent.Record{}, nil
	}
	return r, db.Error("read consent", err)
}

// Replace writes a new record, with the values that were shown, and the end
// of the one before, if there was one.
// Errors: conflict when another answer was first.
func (s *Store) Replace(ctx context.Context, tx idp.Tx, agreed, before consent.Record, values []byte) error {
	q := db.From(tx)
	var wrapped []byte
	err := q.QueryRow(ctx, `
		WITH ended AS (
			UPDATE consent
			SET superseded_by = nullif($3, '')::uuid
			WHERE consent_id = nullif($2, '')::uuid
		)
		SELECT data_key
		FROM account
		WHERE account_id = $1`, agreed.AccountID, string(before.ID), string(before.SupersededBy)).Scan(&wrapped)
	if err != nil {
		return db.Error("end consent", err)
	}
	key, err := s.ring.UnwrapDataKey([]byte(agreed.AccountID), wrapped)
	if err != nil {
		return fmt.Errorf("record consent: %w", err)
	}
	_, err = q.Exec(ctx, `
		INSERT INTO consent (consent_id, account_id, client_id, scopes, claims, left_out, shown, purpose, sealed_values,
			granted_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		agreed.ID, agreed.AccountID, agreed.ClientID, list(agreed.Scopes), list(agreed.Claims), list(agreed.LeftOut), list(agreed.Shown),
		agreed.Purpose, key.Seal(idp.SealedConsent, []byte(agreed.ID), values), agreed.GrantedAt, at(agreed.ExpiresAt))
	return db.Error("record consent", err, known)
}

// list is never NULL: no values are an empty list.
func list(values []string) []string {
	if values == nil {
		return []string{}
	}
	return values
}

// List returns the account's records that are neither withdrawn nor
// superseded, newest first.
func (s *Store) List(ctx context.Context, account idp.AccountID, limit int) ([]consent.Record, error) {
	rows, err := s.db.Query(ctx, `
		SELECT `+columns+`
		FROM consent
		WHERE account_id = $1
			AND withdrawn_at IS NULL
			AND superseded_by IS NULL
		ORDER BY granted_at DESC, consent_id
		LIMIT $2`, account, limit)
	if err != nil {
		return nil, db.Error("list consents", err)
	}
	records, err := pgx.CollectRows(rows, scan)
	return records, db.Error("list consents", err)
}
