package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"surety/idp"
	chain "surety/idp/audit"
	"surety/idp/postgres/db"

	"github.com/jackc/pgx/v5"
)

// sealerLock is the advisory lock of the one sealer. audit_prepare takes it,
// too, so that nobody seals while rows move to a new partition.
const sealerLock = 7310215

// perSeal bounds how many events one seal covers, so that catching up after a
// pause stays in small transactions.
const perSeal = 20_000

// Sealer makes the seals. Any number may run; the advisory lock lets one work
// at a time. It remembers the last head that it saw, and refuses to build on a
// chain that has since lost it.
type Sealer struct {
	db    *db.DB
	mac   chain.MAC
	log   *slog.Logger
	clock func() time.Time

	// What follows is owned by the goroutine that calls Tick.
	head   chain.Head // the last that we saw
	logged time.Time  // when a head was last logged
	noted  handedOut  // numbers that wait for their transactions to end
}

// handedOut says that event numbers up to id went to transactions below xid.
type handedOut struct {
	id  int64
	xid uint64
}

// NewSealer returns a sealer whose seals are authenticated by mac.
func NewSealer(d *db.DB, mac chain.MAC, clock func() time.Time, log *slog.Logger) *Sealer {
	return &Sealer{db: d, mac: mac, clock: clock, log: log}
}

// errCutOff says that seals which this process has seen are gone.
var errCutOff = errors.New("the audit chain has lost its end: refusing to seal on top of it")

// Run seals once a second until ctx ends.
func (s *Sealer) Run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if _, err := s.Tick(ctx); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "audit events were not sealed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Tick seals what can be sealed now and returns how many events that were.
// Events of transactions still open, and those begun after the oldest of them,
// wait for a later tick. Without anything new it makes no seal.
func (s *Sealer) Tick(ctx context.Context) (int64, error) {
	var total int64
	for {
		sealed, more, err := s.sealOnce(ctx)
		if total += sealed; err != nil || !more {
			return total, err
		}
	}
}

func (s *Sealer) sealOnce(ctx context.Context) (sealed int64, more bool, err error) {
	now := s.clock()
	var made chain.Seal
	err = s.db.InTx(ctx, func(ctx context.Context, tx idp.Tx) error {
		state, err := s.look(ctx, db.From(tx))
		if err != nil || !state.mine {
			return err
		}
		if err := s.remember(ctx, db.From(tx), state.last); err != nil {
			return err
		}
		upto, sums, err := sum(ctx, db.From(tx), state.last.Upto, state.horizon)
		if err != nil {
			return err
		}
		seen := state.last.SeenID
		if upto == state.horizon { // else some of their events wait for the next seal
			seen = s.settled(state)
		}
		next := state.last.Link(upto, seen, sums, now, s.mac)
		if next.Count() == 0 && next.SeenID == state.last.SeenID {
			return nil
		}
		if err := insertSeal(ctx, db.From(tx), next); err != nil {
			return err
		}
		sealed, more = next.Count(), upto < state.horizon
		made = next
		return nil
	})
	if err != nil {
		return 0, false, err
	}
	if made.Number > 0 {
		s.head = made.Head()
	}
	s.logHead(ctx, now)
	return sealed, more, nil
}

// state is what a tick starts from.
type state struct {
	mine    bool   // we hold the lock
	horizon uint64 // every transaction below it has ended
	out     handedOut
	last    chain.Seal
}

// settled returns the highest number up to which all belong to transactions
// that have ended and are sealed now. Numbers that went to open transactions
// must not count: their events could be cut off later without a gap.
func (s *Sealer) settled(st state) int64 {
	if s.noted.id <= st.last.SeenID {
		s.noted = st.out
	}
	if s.noted.xid > st.horizon {
		return st.last.SeenID
	}
	return max(s.noted.id, st.last.SeenID)
}

func (s *Sealer) look(ctx context.Context, tx pgx.Tx) (state, error) {
	var st state
	// Two statements: the lock must be held before the snapshot is taken, or we
	// could read the chain as it was before; and numbers are read before it, so
	// that whoever got one has an id below the snapshot's end.
	err := tx.QueryRow(ctx, `
		SELECT pg_try_advisory_xact_lock($1), CASE WHEN is_called THEN last_value ELSE 0 END
		FROM audit_event_seq`, sealerLock).Scan(&st.mine, &st.out.id)
	if err != nil || !st.mine {
		return st, db.Error("take the sealer's lock", err)
	}
	err = tx.QueryRow(ctx, `
		SELECT pg_snapshot_xmin(s), pg_snapshot_xmax(s)
		FROM pg_current_snapshot() s`).Scan(&st.horizon, &st.out.xid)
	if err != nil {
		return st, db.Error("read the sealer's horizon", err)
	}
	st.last, err = lastSeal(ctx, tx)
	if err != nil {
		return st, err
	}
	if st.horizon < st.last.Upto {
		return st, fmt.Errorf("the database's transactions (%d) are behind the audit chain (%d): it was restored from a dump; advance them with pg_resetwal",
			st.horizon, st.last.Upto)
	}
	return st, nil
}

func lastSeal(ctx context.Context, q db.Querier) (chain.Seal, error) {
	rows, err := q.Query(ctx, `
		SELECT `+sealColumns+`
		FROM audit_seal
		ORDER BY seal_id DESC
		LIMIT 1`)
	if err != nil {
		return chain.Seal{}, db.Error("read the last seal", err)
	}
	seal, err := pgx.CollectExactlyOneRow(rows, scanSeal)
	if errors.Is(err, pgx.ErrNoRows) {
		return chain.Genesis(), nil
	}
	return seal, db.Error("read the last seal", err)
}

// sum reads the events from the last seal up to the horizon. When there are
// too many for one seal it stops at the start of a transaction: a seal never
// splits one.
func sum(ctx context.Context, q db.Querier, from, horizon uint64) (upto uint64, sums []chain.Sum, err error) {
	records := make([]chain.Record, 0, 64)
	keep := func(r chain.Record) { records = append(records, r) }
	if err := readRecords(ctx, q, from, horizon, perSeal, keep); err != nil {
		return 0, nil, err
	}
	upto = horizon
	if n := len(records); n == perSeal {
		upto = records[n-1].XID // perhaps not read to its end
		if upto == records[0].XID {
			upto++
			records = records[:0]
			if err := readRecords(ctx, q, from, upto, everything, keep); err != nil {
				return 0, nil, err
			}
		}
	}
	summer := chain.NewSummer()
	for _, r := range records {
		if r.XID < upto {
			summer.Add(r)
		}
	}
	return upto, summer.Sums(), nil
}

// remember refuses a chain in which the seal that we know is gone or another.
func (s *Sealer) remember(ctx context.Context, tx pgx.Tx, last chain.Seal) error {
	if s.head.Number > 0 {
		var hash []byte
		err := tx.QueryRow(ctx, `
			SELECT hash
			FROM audit_seal
			WHERE seal_id = $1`, s.head.Number).Scan(&hash)
		if errors.Is(err, pgx.ErrNoRows) || (err == nil && !bytes.Equal(hash, s.head.Hash)) {
			return fmt.Errorf("%w (we have seen %s, it ends at %d)", errCutOff, s.head, last.Number)
		}
		if err != nil {
			return db.Error("look for the seal we know", err)
		}
	}
	s.head = last.Head()
	return nil
}

// logHead writes the head where the database's owner cannot reach it, once an
// hour: what was cut off can be told from it (Verify).
func (s *Sealer) logHead(ctx context.Context, now time.Time) {
	if s.head.Number == 0 || now.Sub(s.logged) < time.Hour {
		return
	}
	s.logged = now
	s.log.InfoContext(ctx, "head of the audit chain", "head", s.head.String())
}
