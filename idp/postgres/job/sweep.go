package job

import (
	"context"
	"errors"
	"fmt"
	"time"

	chain "surety/idp/audit"
	rules "surety/idp/job"
	"surety/idp/postgres/db"
)

// perBatch is how many rows one DELETE takes: few enough that nobody waits
// for its locks.
const perBatch = 1000

// ended lists the tables whose rows end by themselves: when they may go, and
// how long they are kept after their end because something may still ask.
var ended = []struct {
	table, column string
	keep          time.Duration
}{
	{"interaction", "expires_at", time.Hour},   // the page still says that it has expired
	{"contact_proof", "expires_at", time.Hour}, // likewise
	{"contact_code", "expires_at", time.Hour},  // likewise
	{"passkey_answer", "expires_at", time.Hour},
	{"auth_code", "expires_at", time.Hour},     // a code used again is still told from one never made
	{"refresh_token", "expires_at", time.Hour}, // likewise
	{"access_token", "expires_at", time.Minute},
	{"revoked_token", "expires_at", time.Minute}, // clocks of ours differ by less
	{"oauth_grant", "expires_at", time.Hour},     // takes what is left of its codes and tokens along
	{"session", "expires_at", 24 * time.Hour},
	{"operator_session", "expires_at", 24 * time.Hour},
	{"operator_answer", "expires_at", time.Hour},
	{"operator_invite", "expires_at", 30 * 24 * time.Hour},
	{"outcome", "expires_at", time.Hour}, // the client is still told that it came too late
	{"security_event", "expires_at", 0},
	{"event_seen", "expires_at", 0},
	{"throttle", "expires_at", 0},
	// What was sent or given up is kept as long as the same event could come again.
	{"outbox", "created_at", 30 * 24 * time.Hour},
}

// sweeps are the tasks that keep the database small.
func sweeps(d *db.DB) []rules.Task {
	return []rules.Task{
		{Name: "sweep", Every: time.Minute, Do: func(ctx context.Context, now time.Time) error {
			_, err := Sweep(ctx, d, now)
			return err
		}},
		{Name: "partitions", Every: time.Hour, Do: func(ctx context.Context, now time.Time) error {
			return Partitions(ctx, d, now)
		}},
	}
}

// Sweep removes rows that have ended, in batches, until none is left or ctx
// ends, and returns how many. What cannot be swept now does not keep the rest
// from going.
func Sweep(ctx context.Context, q db.Querier, now time.Time) (total int64, err error) {
	for _, e := range ended {
		n, failed := sweepTable(ctx, q, e.table, e.column, now.Add(-e.keep))
		total += n
		err = errors.Join(err, failed)
	}
	return total, err
}

func sweepTable(ctx context.Context, q db.Querier, table, column string, before time.Time) (total int64, err error) {
	// The names are constants above.
	statement := fmt.Sprintf(`
		DELETE FROM %[1]s
		WHERE ctid = ANY (ARRAY(
			SELECT ctid
			FROM %[1]s
			WHERE %[2]s < $1
			ORDER BY %[2]s
			LIMIT %[3]d))`, table, column, perBatch)
	for {
		tag, err := q.Exec(ctx, statement, before)
		if err != nil {
			return total, db.Error("sweep "+table, err)
		}
		total += tag.RowsAffected()
		if tag.RowsAffected() < perBatch {
			return total, nil
		}
	}
}

// Partitions makes the partitions that will be needed and drops the days of
// client assertions that have ended. Audit months are dropped by the operator.
func Partitions(ctx context.Context, q db.Querier, now time.Time) error {
	today := now.UTC().Truncate(24 * time.Hour)
	for _, statement := range []struct {
		sql string
		day time.Time
	}{
		{`SELECT audit_prepare($1, 4)`, chain.MonthOf(now)},
		{`SELECT client_assertion_prepare($1, 4)`, today},
		{`SELECT client_assertion_drop($1)`, today},
	} {
		if _, err := q.Exec(ctx, statement.sql, statement.day); err != nil {
			return db.Error("keep partitions", err)
		}
	}
	return nil
}
