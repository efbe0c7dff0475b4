package account

import (
	"context"
	"time"

	"surety/idp"
	"surety/idp/postgres/db"

	"github.com/jackc/pgx/v5"
)

// ReplaceRecoveryCodes gives the account these recovery codes; those before
// are good no more.
func (s *Store) ReplaceRecoveryCodes(ctx context.Context, tx idp.Tx, account idp.AccountID, codes []idp.RecoveryCode, now time.Time) error {
	batch := &pgx.Batch{}
	batch.Queue(`
		DELETE FROM recovery_code
		WHERE account_id = $1`, account)
	for _, c := range codes {
		batch.Queue(`
			INSERT INTO recovery_code (code_id, account_id, mac, created_at)
			VALUES ($1, $2, $3, $4)`, c.ID, account, c.MAC, now)
	}
	return db.Error("replace recovery codes", db.From(tx).SendBatch(ctx, batch).Close())
}

// RecoveryCodes lists those that are left.
func (s *Store) RecoveryCodes(ctx context.Context, tx idp.Tx, account idp.AccountID) ([]idp.RecoveryCode, error) {
	rows, err := s.db.On(tx).Query(ctx, `
		SELECT code_id, mac
		FROM recovery_code
		WHERE account_id = $1
			AND used_at IS NULL`, account)
	if err != nil {
		return nil, db.Error("list recovery codes", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[idp.RecoveryCode])
	return list, db.Error("list recovery codes", err)
}

// UseRecoveryCode uses one up, and reports whether it was there to use.
func (s *Store) UseRecoveryCode(ctx context.Context, tx idp.Tx, account idp.AccountID, id string, now time.Time) (bool, error) {
	tag, err := db.From(tx).Exec(ctx, `
		UPDATE recovery_code
		SET used_at = $3
		WHERE code_id = $1
			AND account_id = $2
			AND used_at IS NULL`, id, account, now)
	if err != nil {
		return false, db.Error("use recovery code", err)
	}
	return tag.RowsAffected() == 1, nil
}
