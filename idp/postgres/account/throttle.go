package account

import (
	"context"
	"fmt"
	"time"

	"surety/idp"
	"surety/idp/postgres/db"
	"surety/idp/throttle"

	"github.com/jackc/pgx/v5"
)

// ChangeTries hands the states of the keys to the rule, in their order and
// locked, and keeps what it returns. Rows are made when they are not there,
// since what is not there cannot be locked, and locked in the order of their
// keys, so that two callers never wait for each other crosswise.
func (s *Store) ChangeTries(ctx context.Context, tx idp.Tx, keys [][32]byte, now time.Time, change func([]throttle.State) ([]throttle.State, error)) error {
	q := db.From(tx)
	names := make([][]byte, len(keys))
	for i := range keys {
		names[i] = keys[i][:]
	}
	states, err := lockTries(ctx, q, names, now)
	if err != nil {
		return err
	}
	if states, err = change(states); err != nil {
		return err
	}
	if len(states) != len(keys) {
		return fmt.Errorf("change tries: %d states for %d keys", len(states), len(keys))
	}
	tries, started := make([]int, len(keys)), make([]time.Time, len(keys))
	blocked, expires := make([]*time.Time, len(keys)), make([]time.Time, len(keys))
	for i, st := range states {
		tries[i], started[i], expires[i] = st.Tries, st.WindowStartedAt, st.ExpiresAt
		if st.Empty(now) { // says nothing any more: the sweep takes the row
			started[i], expires[i] = now, now
		}
		if !st.BlockedUntil.IsZero() {
			blocked[i] = &st.BlockedUntil
		}
	}
	_, err = q.Exec(ctx, `
		UPDATE throttle t
		SET tries = n.tries, window_started_at = n.started, blocked_until = n.blocked, expires_at = n.expires
		FROM unnest($1::bytea[], $2::integer[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[])
			AS n (key, tries, started, blocked, expires)
		WHERE t.key = n.key`, names, tries, started, blocked, expires)
	return db.Error("change tries", err)
}

func lockTries(ctx context.Context, q db.Querier, names [][]byte, now time.Time) ([]throttle.State, error) {
	rows, err := q.Query(ctx, `
		INSERT INTO throttle AS t (key, tries, window_started_at, expires_at)
		SELECT DISTINCT k, 0, $2::timestamptz, $2::timestamptz
		FROM unnest($1::bytea[]) k
		ORDER BY k
		ON CONFLICT ON CONSTRAINT throttle_pkey DO UPDATE
		SET tries = t.tries
		RETURNING key, tries, window_started_at, blocked_until, expires_at`, names, now)
	if err != nil {
		return nil, db.Error("lock tries", err)
	}
	known := make(map[string]throttle.State, len(names))
	var key []byte
	var st throttle.State
	_, err = pgx.ForEachRow(rows, []any{&key, &st.Tries, &st.WindowStartedAt, (*at)(&st.BlockedUntil), &st.ExpiresAt}, func() error {
		known[string(key)] = st
		return nil
	})
	if err != nil {
		return nil, db.Error("lock tries", err)
	}
	states := make([]throttle.State, len(names))
	for i, name := range names {
		states[i] = known[string(name)]
	}
	return states, nil
}
