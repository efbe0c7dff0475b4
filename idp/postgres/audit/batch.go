package audit

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"surety/idp"
	chain "surety/idp/audit"
	"surety/idp/postgres/db"

	"github.com/jackc/pgx/v5"
)

// The bounds of a Batch (DESIGN §10).
const (
	flushEvery  = 250 * time.Millisecond
	flushMost   = 5_000  // events in one COPY
	batchLimit  = 20_000 // events waiting: 5 s of the rate that we mean to reach
	unflushable = 5 * time.Second
)

// Batch writes events that have no transaction of their own, together, four
// times a second: issuing a token to a client by itself costs no round trip.
// A crash loses at most that window. When events cannot be written for five
// seconds, or too many wait, Add refuses, so that nothing is issued without a
// trace. If a connection breaks in the moment of a COPY, its events may be
// written twice; they name the token, so that shows.
type Batch struct {
	store *Store
	db    db.Querier
	clock func() time.Time
	log   *slog.Logger

	mu      sync.Mutex // guards what follows
	waiting []waiting
}

type waiting struct {
	since  time.Time
	values []any
}

// NewBatch returns a batch; Run must be called for it to write anything.
func NewBatch(store *Store, q db.Querier, clock func() time.Time, log *slog.Logger) *Batch {
	return &Batch{store: store, db: q, clock: clock, log: log}
}

// What Add answers while the audit cannot be written, and why.
var (
	errBatch = idp.E(idp.CodeUnavailable, "error.unavailable")
	errFull  = errors.New("too many audit events wait to be written")
	errStuck = errors.New("audit events could not be written for too long")
)

// Add takes the event for the next flush. It never waits. It returns code
// unavailable when the audit cannot be written: then the caller must not do
// what it wanted to record.
func (b *Batch) Add(now time.Time, e chain.Event) error {
	values, err := b.store.Values(now, e)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting) >= batchLimit {
		return errBatch.Because(errFull)
	}
	at := b.clock()
	if len(b.waiting) > 0 && at.Sub(b.waiting[0].since) >= unflushable {
		return errBatch.Because(errStuck)
	}
	b.waiting = append(b.waiting, waiting{since: at, values: values})
	return nil
}

// Run writes what was added until ctx ends, and then what is left.
func (b *Batch) Run(ctx context.Context) {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			b.flushLogged(ctx)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), unflushable)
			defer cancel()
			b.flushLogged(last)
			return
		}
	}
}

func (b *Batch) flushLogged(ctx context.Context) {
	if err := b.Flush(ctx); err != nil {
		b.log.ErrorContext(ctx, "audit events were not written; they are kept", "error", err)
	}
}

// Flush writes everything that waits. Only one goroutine may call it: Run's,
// or a test's.
func (b *Batch) Flush(ctx context.Context) error {
	for {
		part := b.next()
		if len(part) == 0 {
			return nil
		}
		_, err := b.db.CopyFrom(ctx, pgx.Identifier{"audit_event"}, copyColumns,
			pgx.CopyFromSlice(len(part), func(i int) ([]any, error) { return part[i].values, nil }))
		if err != nil {
			return db.Error("write audit events", err)
		}
		b.written(len(part))
	}
}

var copyColumns = strings.Split(Columns, ", ")

// next returns the oldest events without taking them off: they go when they
// are written.
func (b *Batch) next() []waiting {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := min(len(b.waiting), flushMost)
	return b.waiting[:n:n]
}

func (b *Batch) written(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	// A fresh slice, so that what was written can be collected.
	b.waiting = append([]waiting(nil), b.waiting[n:]...)
}
