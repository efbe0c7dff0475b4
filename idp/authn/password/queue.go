package password

import (
	"container/list"
	"context"
	"sync"
	"time"

	"surety/idp"
)

// queue hands out the workers' arenas, one source after the other in turn.
type queue struct {
	workers   int
	limit     int // waiting in all
	perSource int // waiting of one source

	mu      sync.Mutex
	free    []*arena         // guarded by mu; empty while anybody waits
	turns   *list.List       // guarded by mu; of *lane, the next in turn first
	lanes   map[string]*lane // guarded by mu; only those where somebody waits
	waiting int              // guarded by mu
	mean    time.Duration    // guarded by mu; of a hash, of late
}

// lane is the line of one source.
type lane struct {
	source string
	turn   *list.Element
	line   *list.List // of *waiter, first come first
}

// waiter waits for an arena. ready has room for one, so that handing over
// never blocks the one who hands over.
type waiter struct {
	ready chan *arena
	lane  *lane
	place *list.Element // nil once an arena was handed over; guarded by queue.mu
}

func newQueue(workers, limit, perSource int) *queue {
	q := &queue{
		workers: workers, limit: limit, perSource: perSource,
		turns: list.New(), lanes: map[string]*lane{}, mean: usualHash,
	}
	for range workers {
		q.free = append(q.free, &arena{})
	}
	return q
}

// usualHash is what a hash takes before any was measured.
const usualHash = 30 * time.Millisecond

// acquire waits for an arena. It fails at once with unavailable when the
// source or all sources together have too many waiting, and with the
// context's error when the person has gone: their place is free then.
func (q *queue) acquire(ctx context.Context, now time.Time, source string) (*arena, error) {
	q.mu.Lock()
	if n := len(q.free); n > 0 {
		a := q.free[n-1]
		q.free = q.free[:n-1]
		q.mu.Unlock()
		return a, nil
	}
	w, err := q.join(now, source)
	q.mu.Unlock()
	if err != nil {
		return nil, err
	}
	select {
	case a := <-w.ready:
		return a, nil
	case <-ctx.Done():
		if !q.leave(w) { // handed over in the same moment: pass it on
			q.release(<-w.ready, 0)
		}
		return nil, ctx.Err()
	}
}

// join is called with mu held.
func (q *queue) join(now time.Time, source string) (*waiter, error) {
	l := q.lanes[source]
	if q.waiting >= q.limit || (l != nil && l.line.Len() >= q.perSource) {
		wait := time.Second + time.Duration(q.waiting/q.workers)*q.mean
		return nil, ErrBusy.With("wait", wait).With("until", now.Add(wait))
	}
	if l == nil {
		l = &lane{source: source, line: list.New()}
		l.turn = q.turns.PushBack(l)
		q.lanes[source] = l
	}
	w := &waiter{ready: make(chan *arena, 1), lane: l}
	w.place = l.line.PushBack(w)
	q.waiting++
	return w, nil
}

// leave takes w out of its line; false if it is no longer there.
func (q *queue) leave(w *waiter) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if w.place == nil {
		return false
	}
	q.remove(w)
	return true
}

// remove is called with mu held.
func (q *queue) remove(w *waiter) {
	w.lane.line.Remove(w.place)
	w.place = nil
	q.waiting--
	if w.lane.line.Len() == 0 {
		q.turns.Remove(w.lane.turn)
		delete(q.lanes, w.lane.source)
	}
}

// release gives an arena back, or on to the next in turn. took is how long the
// hash took; 0 if there was none.
func (q *queue) release(a *arena, took time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if took > 0 {
		q.mean += (took - q.mean) / 8
	}
	front := q.turns.Front()
	if front == nil {
		q.free = append(q.free, a)
		return
	}
	l := front.Value.(*lane)
	q.turns.MoveToBack(front)
	w := l.line.Front().Value.(*waiter)
	q.remove(w)
	w.ready <- a
}

// ErrBusy says that too many passwords are being checked. Its arguments wait
// (time.Duration) and until (time.Time) say when to come again.
var ErrBusy = idp.E(idp.CodeUnavailable, "error.busy")
