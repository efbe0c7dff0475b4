package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"surety/idp"
	"surety/idp/keys"
	"surety/idp/postgres/db"
	"surety/idp/postgres/event"

	"github.com/jackc/pgx/v5"
)

// factorErrors is what the person is told of what somebody else was first to.
var factorErrors = db.Known{
	"credential_lookup_idx":  idp.E(idp.CodeConflict, "error.passkey.known").In("passkey"),
	"credential_one_otp_idx": idp.E(idp.CodeConflict, "error.otp.replace"),
	"passkey_answer_pkey":    idp.E(idp.CodeExpired, "error.factor.attempt"),
}

// Factors lists what the account logs in with besides a password, oldest
// first, with names and secrets in clear. Within a unit of work the account is
// locked: what is added, used and removed there happens one after the other.
func (s *Store) Factors(ctx context.Context, tx idp.Tx, account idp.AccountID) ([]idp.Factor, error) {
	q := s.db.On(tx)
	if tx != nil {
		_, err := q.Exec(ctx, `
			SELECT
			FROM account
			WHERE account_id = $1
			FOR NO KEY UPDATE`, account)
		if err != nil {
			return nil, db.Error("lock account", err)
		}
	}
	rows, err := q.Query(ctx, `
		SELECT c.credential_id, c.method, c.sealed, c.sealed_name, c.amr, c.bound_level, c.depends_on, c.depends_until,
			c.last_step, c.created_at, c.last_used_at, a.data_key
		FROM credential c
		JOIN account a ON a.account_id = c.account_id
		WHERE c.account_id = $1
			AND c.method IN ('otp', 'passkey')
		ORDER BY c.created_at, c.credential_id`, account)
	if err != nil {
		return nil, db.Error("list factors", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (idp.Factor, error) {
		f := idp.Factor{AccountID: account}
		var sealed, name, wrapped []byte
		err := row.Scan(&f.ID, &f.Method, &sealed, &name, &f.AMR, &f.BoundLevel, &f.DependsOn, (*at)(&f.DependsUntil),
			&f.LastStep, &f.CreatedAt, (*at)(&f.LastUsedAt), &wrapped)
		if err != nil {
			return f, err
		}
		key, err := s.ring.UnwrapDataKey([]byte(account), wrapped)
		if err != nil {
			return f, err
		}
		return openFactor(key, f, sealed, name)
	})
	return list, db.Error("list factors", err)
}

func openFactor(key keys.DataKey, f idp.Factor, sealed, name []byte) (idp.Factor, error) {
	var err error
	if f.Secret, err = key.Open(idp.SealedFactor, []byte(f.ID), sealed); err != nil {
		return f, fmt.Errorf("open factor: %w", err)
	}
	if name != nil {
		plain, err := key.Open(idp.SealedFactorName, []byte(f.ID), name)
		if err != nil {
			return f, fmt.Errorf("open name of factor: %w", err)
		}
		f.Name = string(plain)
	}
	return f, nil
}

// AddFactor stores a new one. Errors: conflict for a second app, and for a
// passkey that somebody has.
func (s *Store) AddFactor(ctx context.Context, tx idp.Tx, f idp.Factor) error {
	q := db.From(tx)
	key, err := s.dataKey(ctx, q, f.AccountID)
	if err != nil {
		return err
	}
	var lookup, name []byte
	if len(f.Key) > 0 {
		lookup = s.mark(idp.MarkPasskey, string(f.Key))
	}
	if f.Name != "" {
		name = key.Seal(idp.SealedFactorName, []byte(f.ID), []byte(f.Name))
	}
	_, err = q.Exec(ctx, `
		INSERT INTO credential (credential_id, account_id, method, verifier, bound_level, depends_on, depends_until,
			lookup, sealed, sealed_name, last_step, amr, last_used_at, changed_at, created_at)
		VALUES ($1, $2, $3, '', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)`,
		f.ID, f.AccountID, f.Method, f.BoundLevel, append([]idp.ContactID{}, f.DependsOn...), at(f.DependsUntil), lookup,
		key.Seal(idp.SealedFactor, []byte(f.ID), f.Secret), name, f.LastStep, f.AMR, at(f.LastUsedAt), f.CreatedAt)
	return db.Error("add factor", err, factorErrors)
}

// UseFactor records a use of a factor: its secret and bound level as they are
// now, and, unless it is 0, the time step whose code was taken. It reports
// false, and records nothing, when that step or a later one was taken before,
// the factor was removed meanwhile, or the account is no longer active.
func (s *Store) UseFactor(ctx context.Context, tx idp.Tx, f idp.Factor, step int64, now time.Time) (bool, error) {
	q := db.From(tx)
	key, err := s.dataKey(ctx, q, f.AccountID)
	if err != nil {
		return false, err
	}
	tag, err := q.Exec(ctx, `
		WITH used AS (
			UPDATE credential
			SET sealed = $3, bound_level = $4, last_step = greatest(last_step, $5), last_used_at = $6
			WHERE credential_id = $1
				AND account_id = $2
				AND ($5 = 0 OR last_step < $5)
				AND EXISTS (SELECT FROM account WHERE account_id = $2 AND state = 'active')
			RETURNING account_id
		)
		UPDATE account
		SET last_used_at = $6
		WHERE account_id = (SELECT account_id FROM used)`,
		f.ID, f.AccountID, key.Seal(idp.SealedFactor, []byte(f.ID), f.Secret), f.BoundLevel, step, now)
	if err != nil {
		return false, db.Error("record use of factor", err)
	}
	return tag.RowsAffected() == 1, nil
}

// RenameFactor gives one of the account's passkeys another name. It reports
// whether there is such a passkey.
func (s *Store) RenameFactor(ctx context.Context, tx idp.Tx, account idp.AccountID, id idp.CredentialID, name string, now time.Time) (bool, error) {
	q := db.From(tx)
	key, err := s.dataKey(ctx, q, account)
	if err != nil {
		return false, err
	}
	tag, err := q.Exec(ctx, `
		UPDATE credential
		SET sealed_name = $3, changed_at = $4
		WHERE credential_id = $1
			AND account_id = $2
			AND method = 'passkey'`, id, account, key.Seal(idp.SealedFactorName, []byte(id), []byte(name)), now)
	if err != nil {
		return false, db.Error("rename factor", err)
	}
	return tag.RowsAffected() == 1, nil
}

// RemoveFactor removes one, with the recovery codes of an app, and takes its
// uses out of all the account's live sessions and grants: what it proved counts
// no more. It returns what is left of them. Errors: not_found.
func (s *Store) RemoveFactor(ctx context.Context, tx idp.Tx, account idp.AccountID, id idp.CredentialID) (idp.Taken, error) {
	batch := &pgx.Batch{}
	batch.Queue(`
		DELETE FROM recovery_code
		WHERE account_id = $2
			AND EXISTS (SELECT FROM credential WHERE credential_id = $1 AND account_id = $2 AND method = 'otp')`, id, account)
	batch.Queue(`
		DELETE FROM credential
		WHERE credential_id = $1
			AND account_id = $2
			AND method IN ('otp', 'passkey')
		RETURNING credential_id`, id, account)
	batch.Queue(`
		UPDATE oauth_grant
		SET uses = `+usesBut+`
		WHERE account_id = $2
			AND revoked_at IS NULL
			AND uses @> jsonb_build_array(jsonb_build_object('credential', $1::text))
		RETURNING grant_id, client_id, subject, sid, level, uses`, string(id), account)
	batch.Queue(`
		UPDATE session
		SET uses = `+usesBut+`
		WHERE account_id = $2
			AND ended_at IS NULL
			AND uses @> jsonb_build_array(jsonb_build_object('credential', $1::text))
		RETURNING CASE WHEN uses = '[]' THEN session_id::text ELSE '' END`, string(id), account)
	results := db.From(tx).SendBatch(ctx, batch)
	defer results.Close()
	if _, err := results.Exec(); err != nil {
		return idp.Taken{}, db.Error("remove recovery codes", err)
	}
	if tag, err := results.Exec(); err != nil {
		return idp.Taken{}, db.Error("remove factor", err)
	} else if tag.RowsAffected() == 0 {
		return idp.Taken{}, errNoFactor
	}
	return readTaken(results)
}

// readTaken reads what the last two statements of RemoveFactor return.
func readTaken(results pgx.BatchResults) (idp.Taken, error) {
	var t idp.Taken
	rows, err := results.Query()
	if err != nil {
		return t, db.Error("take uses out of grants", err)
	}
	if t.Grants, err = pgx.CollectRows(rows, pgx.RowToStructByPos[idp.RestingGrant]); err != nil {
		return t, db.Error("take uses out of grants", err)
	}
	if rows, err = results.Query(); err != nil {
		return t, db.Error("take uses out of sessions", err)
	}
	touched, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, session := range touched {
		if session != "" {
			t.Emptied = append(t.Emptied, idp.SessionID(session))
		}
	}
	return t, db.Error("take uses out of sessions", err)
}

// Tell tells clients of tokens that say more than is true any more.
func (s *Store) Tell(ctx context.Context, tx idp.Tx, now time.Time, events []idp.SecurityEvent) error {
	return event.Write(ctx, tx, now, events)
}

// usesBut is a column uses without those of the credential $1, in their order.
const usesBut = `coalesce((
			SELECT jsonb_agg(u.use ORDER BY u.n)
			FROM jsonb_array_elements(uses) WITH ORDINALITY u (use, n)
			WHERE u.use->>'credential' IS DISTINCT FROM $1), '[]')`

var errNoFactor = idp.E(idp.CodeNotFound, "error.factor.unknown")

// Passkey returns which passkey of whom has this id, and whether the account
// knows the browser; zero, without error, when nobody has it.
func (s *Store) Passkey(ctx context.Context, tx idp.Tx, key []byte, browser [32]byte) (idp.Entrance, idp.CredentialID, error) {
	var e idp.Entrance
	var id idp.CredentialID
	a := &e.Account
	err := s.db.On(tx).QueryRow(ctx, `
		SELECT c.credential_id, a.account_id, a.state, a.stage, a.language,
			EXISTS (
				SELECT
				FROM known_device d
				WHERE d.account_id = a.account_id AND d.device_hash = $2)
		FROM credential c
		JOIN account a ON a.account_id = c.account_id
		WHERE c.lookup = $1`, s.mark(idp.MarkPasskey, string(key)), s.mark(idp.MarkDevice, string(browser[:]))).Scan(
		&id, &a.ID, &a.State, &a.Stage, &a.Language, &e.KnownDevice)
	if errors.Is(err, pgx.ErrNoRows) {
		return idp.Entrance{}, "", nil
	}
	return e, id, db.Error("find passkey", err)
}

// Answer marks a passkey's challenge as answered, once: two answers at the
// same moment wait for one another at the primary key. Errors: expired for the second.
func (s *Store) Answer(ctx context.Context, tx idp.Tx, challenge [32]byte, expiresAt time.Time) error {
	_, err := db.From(tx).Exec(ctx, `
		INSERT INTO passkey_answer (challenge_hash, expires_at)
		VALUES ($1, $2)`, challenge[:], expiresAt)
	return db.Error("mark passkey's answer", err, factorErrors)
}
