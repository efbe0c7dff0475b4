package desk

import (
	"context"
	"time"

	"surety/idp"
	"surety/idp/keys"
	"surety/idp/postgres/db"

	"github.com/jackc/pgx/v5"
)

// KeyChanged is the channel on which changes of signing keys are told.
const KeyChanged = "signing_key_changed"

// keyLock keeps two processes from planning with the same keys. An advisory
// lock, because where there are no keys yet there is no row to lock.
const keyLock = 7310311

// Keys stores signing keys (operator.Keys).
type Keys struct{ db *db.DB }

// NewKeys returns the store.
func NewKeys(d *db.DB) *Keys { return &Keys{db: d} }

var keyErrors = db.Known{
	"signing_key_pkey": idp.E(idp.CodeConflict, "error.conflict"),
	db.NoRows:          idp.E(idp.CodeNotFound, "error.not_found"),
}

const selectKeys = `
	SELECT kid, algorithm, sealed_private, created_at, published_at, active_at, retired_at, gone_at
	FROM signing_key
	ORDER BY algorithm, active_at, kid`

// SealedKey is a row: a key whose private half is sealed.
type SealedKey struct {
	keys.SigningKey
	Sealed []byte
}

// Lock reads all keys and keeps others from changing them until the
// transaction ends.
func (s *Keys) Lock(ctx context.Context, tx idp.Tx) ([]keys.SigningKey, error) {
	if _, err := db.From(tx).Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, keyLock); err != nil {
		return nil, db.Error("lock signing keys", err)
	}
	return withoutPrivate(readKeys(ctx, db.From(tx)))
}

// List reads all keys without their private halves.
func (s *Keys) List(ctx context.Context) ([]keys.SigningKey, error) {
	return withoutPrivate(readKeys(ctx, s.db))
}

func withoutPrivate(all []SealedKey, err error) ([]keys.SigningKey, error) {
	var out []keys.SigningKey
	for _, k := range all {
		out = append(out, k.SigningKey)
	}
	return out, err
}

func readKeys(ctx context.Context, q db.Querier) ([]SealedKey, error) {
	rows, err := q.Query(ctx, selectKeys)
	if err != nil {
		return nil, db.Error("read signing keys", err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (SealedKey, error) {
		var k SealedKey
		var retired, gone at
		err := row.Scan(&k.KID, &k.Algorithm, &k.Sealed, &k.CreatedAt, &k.PublishedAt, &k.ActiveAt, &retired, &gone)
		k.RetiredAt, k.GoneAt = time.Time(retired), time.Time(gone)
		return k, err
	})
	return all, db.Error("read signing keys", err)
}

// Insert adds a key with its private half sealed.
func (s *Keys) Insert(ctx context.Context, tx idp.Tx, k keys.SigningKey, sealed []byte) error {
	return s.write(ctx, tx, "insert signing key", `
		INSERT INTO signing_key (kid, algorithm, sealed_private, created_at, published_at, active_at, retired_at, gone_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		k.KID, k.Algorithm, sealed, k.CreatedAt, k.PublishedAt, k.ActiveAt, at(k.RetiredAt), at(k.GoneAt))
}

// Activate brings the time forward at which a key signs.
func (s *Keys) Activate(ctx context.Context, tx idp.Tx, kid string, activeAt time.Time) error {
	return s.write(ctx, tx, "activate signing key", `
		UPDATE signing_key
		SET active_at = least(active_at, $2), published_at = least(published_at, $2)
		WHERE kid = $1`, kid, activeAt)
}

// Schedule writes down the end of a key.
func (s *Keys) Schedule(ctx context.Context, tx idp.Tx, kid string, retiredAt, goneAt time.Time) error {
	return s.write(ctx, tx, "schedule signing key", `
		UPDATE signing_key
		SET retired_at = $2, gone_at = $3
		WHERE kid = $1`, kid, retiredAt, goneAt)
}

// Remove destroys a key.
func (s *Keys) Remove(ctx context.Context, tx idp.Tx, kid string) error {
	return s.write(ctx, tx, "remove signing key", `
		DELETE FROM signing_key
		WHERE kid = $1`, kid)
}

// write changes one row and tells all processes of it when the transaction commits.
func (s *Keys) write(ctx context.Context, tx idp.Tx, doing, sql string, args ...any) error {
	tag, err := db.From(tx).Exec(ctx, sql, args...)
	if err == nil && tag.RowsAffected() == 0 {
		err = pgx.ErrNoRows
	}
	if err != nil {
		return db.Error(doing, err, keyErrors)
	}
	_, err = db.From(tx).Exec(ctx, `SELECT pg_notify('`+KeyChanged+`', '')`)
	return db.Error(doing, err)
}
