package desk

import (
	"context"
	"sync"
	"time"

	"surety/idp"
	"surety/idp/client"
)

// Bounds of the cache.
const (
	// cacheTTL is how old an answer may be when no notification came: the
	// longest that a switched-off client goes on while the line is down.
	cacheTTL = 5 * time.Second
	// cacheSize bounds the memory that unknown ids, which anybody may invent,
	// can take.
	cacheSize = 4096
)

// ClientCache answers for clients from memory. It may be used by many
// goroutines; each process has one.
type ClientCache struct {
	find  func(ctx context.Context, id idp.ClientID) (*client.Client, error)
	clock func() time.Time

	mu    sync.Mutex
	known map[idp.ClientID]*entry // guarded by mu
	// epoch counts notifications, guarded by mu: an answer that was asked for
	// before a change and arrives after it must not be kept.
	epoch uint64
}

// entry is one client, or that there is none.
type entry struct {
	client *client.Client // nil: not found
	err    error
	readAt time.Time
}

// NewClientCache returns a cache in front of the store. Run it with Listen.
func NewClientCache(s *Clients, clock func() time.Time) *ClientCache {
	return &ClientCache{find: s.Find, clock: clock, known: map[idp.ClientID]*entry{}}
}

// Client returns the client, also when it is disabled.
//
// Errors: not_found, unavailable.
func (c *ClientCache) Client(ctx context.Context, id idp.ClientID) (*client.Client, error) {
	now := c.clock()
	c.mu.Lock()
	e, epoch := c.known[id], c.epoch
	c.mu.Unlock()
	if e != nil && now.Sub(e.readAt) < cacheTTL && !now.Before(e.readAt) {
		return e.client, e.err
	}
	got, err := c.find(ctx, id)
	if err != nil && idp.CodeOf(err) != idp.CodeNotFound {
		return nil, err // nothing is known: nothing to keep
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.epoch == epoch {
		c.makeRoom()
		c.known[id] = &entry{client: got, err: err, readAt: now}
	}
	return got, err
}

// makeRoom drops everything when the bound is reached: real clients are few
// and come back with their next request. It is called with mu held.
func (c *ClientCache) makeRoom() {
	if len(c.known) >= cacheSize {
		clear(c.known)
	}
}

// Forget drops a client, or all of them for "": the listener on ClientChanged.
func (c *ClientCache) Forget(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	if id == "" {
		clear(c.known)
		return
	}
	delete(c.known, idp.ClientID(id))
}

// Listener hears notifications; *db.DB is one.
type Listener interface {
	// Listen calls heard with each payload, and with "" whenever it had to
	// connect, until ctx ends.
	Listen(ctx context.Context, channel string, heard func(payload string))
}

// Listen keeps the cache in step until ctx ends.
func (c *ClientCache) Listen(ctx context.Context, l Listener) { l.Listen(ctx, ClientChanged, c.Forget) }
