package audit

import (
	"context"
	"time"

	"surety/idp"
	chain "surety/idp/audit"
	"surety/idp/postgres/db"

	"github.com/jackc/pgx/v5"
)

// overdue is how long an event may wait for its seal. A worker that restarts
// takes seconds.
const overdue = time.Minute

// Verify reads the whole chain and every event under it and reports what was
// changed, is missing, was inserted or cut off. known is a head that was
// logged earlier, or zero. It reads in one snapshot, so that the sealer may go
// on meanwhile; events that are in no seal yet are counted as pending.
func Verify(ctx context.Context, d *db.DB, mac chain.MAC, known chain.Head, now time.Time) (chain.Report, error) {
	handedOut, err := settle(ctx, d)
	if err != nil {
		return chain.Report{}, err
	}
	var report chain.Report
	err = d.InTx(ctx, func(ctx context.Context, unit idp.Tx) error {
		tx := db.From(unit)
		_, err := tx.Exec(ctx, `SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY`)
		if err != nil {
			return db.Error("begin to verify", err)
		}
		// A whole year of events may have to be read.
		if _, err := tx.Exec(ctx, `SET LOCAL statement_timeout = 0`); err != nil {
			return db.Error("begin to verify", err)
		}
		report, err = verify(ctx, tx, chain.Check{MAC: mac, Known: known}, handedOut, now)
		return err
	})
	return report, err
}

// lastID is the highest event number since the last seal that has any.
const lastID = `
	SELECT max(event_id)
	FROM audit_event
	WHERE xid >= coalesce(
		(SELECT from_xid FROM audit_seal WHERE event_count > 0 ORDER BY seal_id DESC LIMIT 1),
		'0'::xid8)`

// settle returns the highest event number handed out, after giving the sealer
// the time to note it: a number may have gone to a transaction that is still
// open or was rolled back. What the sealer does not note within its time has
// no honest explanation.
func settle(ctx context.Context, d *db.DB) (int64, error) {
	var first int64
	for range 30 {
		var out, there int64
		err := d.QueryRow(ctx, `
			SELECT CASE WHEN is_called THEN last_value ELSE 0 END,
				greatest((SELECT max(seen_id) FROM audit_seal), (`+lastID+`), 0)
			FROM audit_event_seq`).Scan(&out, &there)
		if err != nil {
			return 0, db.Error("read audit event numbers", err)
		}
		if first == 0 {
			first = out // later ones are not our question
		}
		if there >= first {
			break
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return first, nil
}

func verify(ctx context.Context, tx pgx.Tx, check chain.Check, handedOut int64, now time.Time) (chain.Report, error) {
	var err error
	if check.Dropped, err = readDropped(ctx, tx); err != nil {
		return chain.Report{}, err
	}
	var last chain.Seal
	for {
		seals, err := readSeals(ctx, tx, last.Number)
		if err != nil {
			return chain.Report{}, err
		}
		if len(seals) == 0 {
			break
		}
		if err := checkSeals(ctx, tx, &check, seals); err != nil {
			return chain.Report{}, err
		}
		last = seals[len(seals)-1]
	}
	tail, err := readTail(ctx, tx, last, now)
	if err != nil {
		return chain.Report{}, err
	}
	tail.LastID = handedOut
	return check.Finish(tail), nil
}

// checkSeals sums the events under each seal as they are now. It reads those
// of all seals at once: there is a seal for every second of many months.
func checkSeals(ctx context.Context, tx pgx.Tx, check *chain.Check, seals []chain.Seal) error {
	at, summer := 0, chain.NewSummer()
	next := func() {
		check.Seal(seals[at], summer.Sums())
		at, summer = at+1, chain.NewSummer()
	}
	err := readRecords(ctx, tx, seals[0].From, seals[len(seals)-1].Upto, everything, func(r chain.Record) {
		for at < len(seals)-1 && r.XID >= seals[at].Upto {
			next()
		}
		// Else it lies in a gap between seals, which is a fault of its own.
		if r.XID >= seals[at].From && r.XID < seals[at].Upto {
			summer.Add(r)
		}
	})
	if err != nil {
		return err
	}
	for at < len(seals) {
		next()
	}
	return nil
}

func readSeals(ctx context.Context, q db.Querier, after int64) ([]chain.Seal, error) {
	rows, err := q.Query(ctx, `
		SELECT `+sealColumns+`
		FROM audit_seal
		WHERE seal_id > $1
		ORDER BY seal_id
		LIMIT 1000`, after)
	if err != nil {
		return nil, db.Error("read audit seals", err)
	}
	seals, err := pgx.CollectRows(rows, scanSeal)
	return seals, db.Error("read audit seals", err)
}

// readDropped finds the months that audit_drop has dropped: it leaves an event.
func readDropped(ctx context.Context, q db.Querier) (map[chain.Month]bool, error) {
	rows, err := q.Query(ctx, `
		SELECT DISTINCT attrs ->> 'month'
		FROM audit_event
		WHERE type = 'audit.dropped'
			AND attrs ? 'month'`)
	if err != nil {
		return nil, db.Error("read dropped audit months", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	dropped := make(map[chain.Month]bool, len(names))
	for _, name := range names {
		dropped[chain.Month(name)] = true
	}
	return dropped, db.Error("read dropped audit months", err)
}

func readTail(ctx context.Context, q db.Querier, last chain.Seal, now time.Time) (chain.Tail, error) {
	var t chain.Tail
	err := q.QueryRow(ctx, `
		SELECT count(*),
			count(*) FILTER (WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())),
			count(*) FILTER (WHERE at < $2),
			coalesce((`+lastID+`), 0)
		FROM audit_event
		WHERE xid >= $1`, last.Upto, now.Add(-overdue)).
		Scan(&t.Pending, &t.Future, &t.Overdue, &t.MaxID)
	return t, db.Error("read audit events without a seal", err)
}
