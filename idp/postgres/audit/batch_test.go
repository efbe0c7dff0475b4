package audit

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"surety/idp"
)

func (b *bundle) batch() *Batch {
	return NewBatch(b.store, b.DB, b.clock.Now, slog.New(slog.NewTextHandler(io.Discard, nil)))
}

func (b *bundle) count() (n int) {
	b.t.Helper()
	if err := b.QueryRow(b.t.Context(), `SELECT count(*) FROM audit_event`).Scan(&n); err != nil {
		b.t.Fatal(err)
	}
	return n
}

func TestBatch_WritesEverythingOnceAndTheRestAtTheEnd(t *testing.T) {
	b := setup(t)
	batch := b.batch()
	for range flushMost + 10 {
		if err := batch.Add(b.clock.Now(), event("token.issued")); err != nil {
			t.Fatal(err)
		}
	}
	if err := batch.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := b.count(); n != flushMost+10 {
		t.Errorf("%d events", n)
	}
	if err := batch.Add(b.clock.Now(), event("token.issued")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	batch.Run(ctx)
	if n := b.count(); n != flushMost+11 {
		t.Errorf("after the end: %d events", n)
	}
}

func TestBatch_RefusesOnceItIsFull(t *testing.T) {
	b := setup(t)
	batch := b.batch()
	for range batchLimit {
		if err := batch.Add(b.clock.Now(), event("token.issued")); err != nil {
			t.Fatal(err)
		}
	}
	if err := batch.Add(b.clock.Now(), event("token.issued")); idp.CodeOf(err) != idp.CodeUnavailable {
		t.Errorf("have %v", err)
	}
}

// Nothing is issued without a trace: after five seconds without a flush Add
// refuses, and takes events again once the database is back.
func TestBatch_RefusesWhileTheDatabaseIsAway(t *testing.T) {
	b := setup(t)
	batch := b.batch()
	back := b.Lose(t)
	if err := batch.Add(b.clock.Now(), event("token.issued")); err != nil {
		t.Fatal(err)
	}
	if err := batch.Flush(t.Context()); idp.CodeOf(err) != idp.CodeUnavailable {
		t.Fatalf("flush without a database: %v", err)
	}
	if err := batch.Add(b.clock.Now(), event("token.issued")); err != nil {
		t.Errorf("within the five seconds: %v", err)
	}
	b.clock.Advance(5 * time.Second)
	if err := batch.Add(b.clock.Now(), event("token.issued")); idp.CodeOf(err) != idp.CodeUnavailable {
		t.Errorf("after five seconds: %v", err)
	}
	back()
	if err := batch.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := batch.Add(b.clock.Now(), event("token.issued")); err != nil {
		t.Errorf("after it came back: %v", err)
	}
	if n := b.count(); n != 2 {
		t.Errorf("%d events", n)
	}
}
