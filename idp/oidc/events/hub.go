package events

import (
	"context"
	"net/http"
	"strconv"
	"sync"

	"surety/idp"
	"surety/idp/oidc"
)

// Bounds of what waits in one process.
const (
	maxWaiting = 2000 // polls in all
	maxOfOne   = 16   // polls of one client
)

var (
	errTooMany = &oidc.Fault{Code: "slow_down", Description: "this client has " + strconv.Itoa(maxOfOne) + " polls waiting already", Status: http.StatusTooManyRequests}
	errCrowded = &oidc.Fault{Code: oidc.TemporarilyUnavailable, Description: "too many polls are waiting", Status: http.StatusServiceUnavailable}
)

// Listener hears notifications; *db.DB is one.
type Listener interface {
	// Listen calls heard with each payload, and with "" whenever it had to
	// connect, until ctx ends.
	Listen(ctx context.Context, channel string, heard func(payload string))
}

// Hub wakes the polls that wait in this process. It may be used by many
// goroutines; each process has one. Make it with NewHub.
type Hub struct {
	mu      sync.Mutex
	waiting map[idp.ClientID]map[*waiter]struct{} // guarded by mu
	count   int                                   // of all in waiting; guarded by mu
	ended   chan struct{}
	end     sync.Once
}

// waiter is one poll that waits. Its channel holds one: it was woken.
type waiter struct{ woken chan struct{} }

// NewHub returns a hub in which nobody waits. Run it with Listen.
func NewHub() *Hub {
	return &Hub{waiting: map[idp.ClientID]map[*waiter]struct{}{}, ended: make(chan struct{})}
}

// Listen wakes whom a notification on the channel names until ctx ends.
func (h *Hub) Listen(ctx context.Context, l Listener, channel string) {
	l.Listen(ctx, channel, func(client string) { h.Wake(idp.ClientID(client)) })
}

// Wake has the polls of the client look for news; those of all clients for "".
func (h *Hub) Wake(client idp.ClientID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if client != "" {
		wake(h.waiting[client])
		return
	}
	for _, all := range h.waiting {
		wake(all)
	}
}

func wake(all map[*waiter]struct{}) {
	for w := range all {
		select {
		case w.woken <- struct{}{}:
		default: // it knows already
		}
	}
}

// End has all polls answer, and lets none wait any more: the process is stopping.
func (h *Hub) End() { h.end.Do(func() { close(h.ended) }) }

// over reports whether that was so.
func (h *Hub) over() bool {
	select {
	case <-h.ended:
		return true
	default:
		return false
	}
}

// join is called before the first look for news, so that what comes after that
// look wakes.
//
// Errors: *oidc.Fault.
func (h *Hub) join(client idp.ClientID) (*waiter, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case len(h.waiting[client]) >= maxOfOne:
		return nil, errTooMany
	case h.count >= maxWaiting:
		return nil, errCrowded
	}
	w := &waiter{woken: make(chan struct{}, 1)}
	if h.waiting[client] == nil {
		h.waiting[client] = map[*waiter]struct{}{}
	}
	h.waiting[client][w] = struct{}{}
	h.count++
	return w, nil
}

func (h *Hub) leave(client idp.ClientID, w *waiter) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.waiting[client], w)
	if len(h.waiting[client]) == 0 {
		delete(h.waiting, client)
	}
	h.count--
}
