package db

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
)

// Counter counts the round trips made under one context.
type Counter struct {
	parent *Counter

	mu       sync.Mutex // guards what follows
	trips    []string   // first words of each statement
	prepares int
}

type counterKey struct{}

// Count returns a context whose round trips are counted, also in the counter
// that ctx may already have.
func Count(ctx context.Context) (context.Context, *Counter) {
	parent, _ := ctx.Value(counterKey{}).(*Counter)
	c := &Counter{parent: parent}
	return context.WithValue(ctx, counterKey{}, c), c
}

// Trips returns the number of round trips: each statement, batch, copy, BEGIN
// and COMMIT is one. Prepares are not among them: each connection pays them
// once in its life.
func (c *Counter) Trips() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.trips)
}

// Prepares returns how many statements had to be prepared on the way.
func (c *Counter) Prepares() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.prepares
}

// String lists the trips, for the message of a test that expected others.
func (c *Counter) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.trips, "; ")
}

func (c *Counter) add(sql string) {
	for ; c != nil; c = c.parent {
		c.mu.Lock()
		c.trips = append(c.trips, sql)
		c.mu.Unlock()
	}
}

func (c *Counter) addPrepare() {
	for ; c != nil; c = c.parent {
		c.mu.Lock()
		c.prepares++
		c.mu.Unlock()
	}
}

// tracer sees every round trip that pgx makes.
type tracer struct{ total atomic.Int64 }

func (t *tracer) count(ctx context.Context, sql string) context.Context {
	t.total.Add(1)
	if c, ok := ctx.Value(counterKey{}).(*Counter); ok {
		c.add(brief(sql))
	}
	return ctx
}

// brief shortens a statement to its first words.
func brief(sql string) string {
	words := strings.Fields(sql)
	return strings.Join(words[:min(len(words), 8)], " ")
}

// TraceQueryStart counts Query, QueryRow and Exec, BEGIN and COMMIT included.
func (t *tracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	return t.count(ctx, data.SQL)
}

// TraceQueryEnd does nothing.
func (t *tracer) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart counts a batch as one: it is sent and answered at once.
func (t *tracer) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return t.count(ctx, "batch")
}

// TraceBatchQuery does nothing.
func (t *tracer) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd does nothing.
func (t *tracer) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// TraceCopyFromStart counts a copy as one.
func (t *tracer) TraceCopyFromStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceCopyFromStartData) context.Context {
	return t.count(ctx, "copy "+data.TableName.Sanitize())
}

// TraceCopyFromEnd does nothing.
func (t *tracer) TraceCopyFromEnd(context.Context, *pgx.Conn, pgx.TraceCopyFromEndData) {}

// TracePrepareStart counts a statement that this connection did not know yet.
func (t *tracer) TracePrepareStart(ctx context.Context, _ *pgx.Conn, _ pgx.TracePrepareStartData) context.Context {
	if c, ok := ctx.Value(counterKey{}).(*Counter); ok {
		c.addPrepare()
	}
	return ctx
}

// TracePrepareEnd does nothing.
func (t *tracer) TracePrepareEnd(context.Context, *pgx.Conn, pgx.TracePrepareEndData) {}
