package password

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// line starts one waiter of a source and returns when it waits. What it got is
// reported with the name.
func line(ctx context.Context, q *queue, source, name string, got chan<- string) {
	go func() {
		a, err := q.acquire(ctx, time.Time{}, source)
		switch {
		case a != nil:
			got <- name
		case errors.Is(err, context.Canceled):
			got <- name + " left"
		default:
			got <- name + " refused"
		}
	}()
	synctest.Wait()
}

// One source with a long line does not make the others wait behind it.
func TestQueue_SourcesTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1, 16, 8)
		a, err := q.acquire(t.Context(), time.Time{}, "greedy")
		if err != nil {
			t.Fatal(err)
		}
		got := make(chan string, 16)
		for i := range 5 {
			line(t.Context(), q, "greedy", fmt.Sprint("g", i), got)
		}
		line(t.Context(), q, "anna", "a0", got)
		line(t.Context(), q, "ivan", "i0", got)
		line(t.Context(), q, "anna", "a1", got)
		for _, want := range []string{"g0", "a0", "i0", "g1", "a1", "g2", "g3", "g4"} {
			q.release(a, 0)
			if name := <-got; name != want {
				t.Fatalf("%s's turn, not %s's", name, want)
			}
		}
	})
}

func TestQueue_Bounds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1, 3, 2)
		a, err := q.acquire(t.Context(), time.Time{}, "x")
		if err != nil {
			t.Fatal(err)
		}
		got := make(chan string, 8)
		line(t.Context(), q, "x", "x0", got)
		line(t.Context(), q, "x", "x1", got)
		line(t.Context(), q, "x", "x2", got) // more than its source may
		if name := <-got; name != "x2 refused" {
			t.Fatal(name)
		}
		ctx, leave := context.WithCancel(t.Context())
		line(ctx, q, "y", "y0", got)
		line(t.Context(), q, "z", "z0", got) // more than the house may
		if name := <-got; name != "z0 refused" {
			t.Fatal(name)
		}
		leave() // the person closes the page: the place is free at once
		if name := <-got; name != "y0 left" {
			t.Fatal(name)
		}
		line(t.Context(), q, "z", "z1", got)
		for _, want := range []string{"x0", "z1", "x1"} {
			q.release(a, 0)
			if name := <-got; name != want {
				t.Fatalf("%s, want %s", name, want)
			}
		}
		q.release(a, 0)
		if q.waiting != 0 || len(q.free) != 1 || len(q.lanes) != 0 || q.turns.Len() != 0 {
			t.Errorf("left over: %d waiting, %d free, %d lanes, %d turns", q.waiting, len(q.free), len(q.lanes), q.turns.Len())
		}
	})
}

// The arena that is handed over in the moment in which its waiter leaves must
// not get lost, or the house would stop hashing one day.
func TestQueue_HandOverToOneWhoLeaves(t *testing.T) {
	t.Parallel()
	for range 200 {
		q := newQueue(1, 4, 4)
		a, err := q.acquire(t.Context(), time.Time{}, "x")
		if err != nil {
			t.Fatal(err)
		}
		ctx, leave := context.WithCancel(t.Context())
		outcome := make(chan *arena)
		go func() {
			a, _ := q.acquire(ctx, time.Time{}, "x")
			outcome <- a
		}()
		go leave()
		q.release(a, 0)
		if b := <-outcome; b != nil {
			q.release(b, 0)
		}
		if len(q.free) != 1 || q.waiting != 0 {
			t.Fatalf("%d free, %d waiting", len(q.free), q.waiting)
		}
	}
}

// For any order of coming, leaving and being served: bounds hold, nothing gets
// lost, nobody waits while a worker is free.
func TestQueue_Invariants(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := newQueue(rapid.IntRange(1, 3).Draw(t, "workers"), 6, 3)
		workers := q.workers
		var held []*arena
		var waiting []*waiter
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0, 1:
				if n := len(q.free); n > 0 {
					a, err := q.acquire(context.Background(), time.Time{}, "any")
					if err != nil {
						t.Fatal(err)
					}
					held = append(held, a)
					break
				}
				q.mu.Lock()
				w, err := q.join(time.Time{}, rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "source"))
				q.mu.Unlock()
				if err == nil {
					waiting = append(waiting, w)
				} else if q.waiting < 3 {
					t.Fatal("refused without need")
				}
			case 2:
				if len(held) > 0 {
					q.release(held[0], 0)
					held = held[1:]
				}
			case 3:
				if len(waiting) > 0 {
					i := rapid.IntRange(0, len(waiting)-1).Draw(t, "who leaves")
					q.leave(waiting[i])
				}
			}
			waiting, held = settle(waiting, held)
			if len(held)+len(q.free) != workers {
				t.Fatalf("%d arenas of %d", len(held)+len(q.free), workers)
			}
			if q.waiting != len(waiting) || q.waiting > 6 || (q.waiting > 0 && len(q.free) > 0) {
				t.Fatalf("%d waiting (%d known), %d free", q.waiting, len(waiting), len(q.free))
			}
		}
	})
}

// settle moves those who were served to the holders and drops those who left.
func settle(waiting []*waiter, held []*arena) ([]*waiter, []*arena) {
	var still []*waiter
	for _, w := range waiting {
		select {
		case a := <-w.ready:
			held = append(held, a)
		default:
			if w.place != nil {
				still = append(still, w)
			}
		}
	}
	return still, held
}
