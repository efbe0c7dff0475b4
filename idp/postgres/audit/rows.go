package audit

import (
	"context"
	"math"
	"time"

	chain "surety/idp/audit"
	"surety/idp/postgres/db"

	"github.com/jackc/pgx/v5"
)

// everything is no limit.
const everything = math.MaxInt32

// readRecords calls each with the events of transactions from <= xid < upto,
// in the order in which they are sealed, up to limit.
func readRecords(ctx context.Context, q db.Querier, from, upto uint64, limit int, each func(chain.Record)) error {
	rows, err := q.Query(ctx, `
		SELECT event_id, xid, at, type, coalesce(account_id::text, ''), coalesce(actor_id, ''),
			coalesce(client_id, ''), coalesce(session_id::text, ''), attrs, personal
		FROM audit_event
		WHERE xid >= $1
			AND xid < $2
		ORDER BY xid, event_id
		LIMIT $3`, from, upto, limit)
	if err != nil {
		return db.Error("read audit events", err)
	}
	var r chain.Record
	_, err = pgx.ForEachRow(rows, []any{
		&r.ID, &r.XID, &r.At, &r.Type, &r.AccountID, &r.ActorID, &r.ClientID, &r.SessionID, &r.Attrs, &r.Personal,
	}, func() error {
		each(r)
		r = chain.Record{} // maps and slices are the callee's now
		return nil
	})
	return db.Error("read audit events", err)
}

const sealColumns = `seal_id, from_xid, upto_xid, seen_id, months, counts, hashes, previous, hash, mac, sealed_at`

// scanSeal reads one row of sealColumns.
func scanSeal(row pgx.CollectableRow) (chain.Seal, error) {
	var s chain.Seal
	var m months
	err := row.Scan(&s.Number, &s.From, &s.Upto, &s.SeenID, &m.months, &m.counts, &m.hashes, &s.Previous, &s.Hash, &s.MAC, &s.SealedAt)
	if err != nil {
		return chain.Seal{}, err
	}
	for i := range m.months {
		s.Sums = append(s.Sums, chain.Sum{Month: m.months[i], Count: m.counts[i], Hash: m.hashes[i]})
	}
	return s, nil
}

func insertSeal(ctx context.Context, q db.Querier, s chain.Seal) error {
	m := split(s.Sums)
	_, err := q.Exec(ctx, `
		INSERT INTO audit_seal (`+sealColumns+`, event_count)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		s.Number, s.From, s.Upto, s.SeenID, m.months, m.counts, m.hashes, s.Previous, s.Hash, s.MAC, s.SealedAt, s.Count())
	return db.Error("insert audit seal", err)
}

// months holds the sums of a seal as its three parallel columns.
type months struct {
	months []time.Time
	counts []int64
	hashes [][]byte
}

func split(sums []chain.Sum) months {
	// Empty, not nil: the columns are not nullable.
	m := months{months: []time.Time{}, counts: []int64{}, hashes: [][]byte{}}
	for _, sum := range sums {
		m.months = append(m.months, sum.Month)
		m.counts = append(m.counts, sum.Count)
		m.hashes = append(m.hashes, sum.Hash)
	}
	return m
}
