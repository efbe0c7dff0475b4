package desk

import (
	"context"
	"sync"
	"time"

	"surety/idp/procedure"
)

// Bounds of the cache. Agencies come from addresses as well, so anybody may
// invent them.
const (
	maxAgencies = 4096
	maxLive     = 50_000 // versions of all agencies together
)

// ProcedureCache answers for procedures from memory, all of an agency at once.
// It may be used by many goroutines; each process has one.
type ProcedureCache struct {
	store *Procedures
	clock func() time.Time

	mu       sync.Mutex
	agencies map[string]*offer // guarded by mu
	live     int               // versions in agencies; guarded by mu
	// epoch counts notifications, guarded by mu: an answer that was asked for
	// before a change and arrives after it must not be kept.
	epoch uint64
}

// offer is what one agency offers. It never changes once it is made, save for
// readAt, which mu guards.
type offer struct {
	versions map[string][]procedure.Procedure // by code
	count    int
	civil    time.Time // the civil time from which on it answers
	mark     string    // tells whether anything has changed since
	readAt   time.Time // guarded by the cache's mu
}

// NewProcedureCache returns a cache in front of the store. Run it with Listen.
func NewProcedureCache(s *Procedures, clock func() time.Time) *ProcedureCache {
	return &ProcedureCache{store: s, clock: clock, agencies: map[string]*offer{}}
}

// InForce finds the agency's procedures with these codes, in their order, as
// they count at this civil time.
//
// Errors: not_found, with the argument "code", when one is not offered then;
// unavailable.
func (c *ProcedureCache) InForce(ctx context.Context, agency string, codes []string, civil time.Time) ([]procedure.Procedure, error) {
	o, err := c.offer(ctx, agency, civil)
	if err != nil {
		return nil, err
	}
	out := make([]procedure.Procedure, 0, len(codes))
	for _, code := range codes {
		p, ok := procedure.At(o.versions[code], civil)
		if !ok {
			return nil, errNoProcedure.With("code", code)
		}
		out = append(out, p)
	}
	return out, nil
}

// offer returns what the agency offers, from memory if nobody said that it
// has changed.
func (c *ProcedureCache) offer(ctx context.Context, agency string, civil time.Time) (*offer, error) {
	now := c.clock()
	c.mu.Lock()
	o, epoch := c.agencies[agency], c.epoch
	// A civil time that went back may need what had ended when this was read.
	fits := o != nil && !civil.Before(o.civil)
	fresh := fits && now.Sub(o.readAt) < cacheTTL && !now.Before(o.readAt)
	c.mu.Unlock()
	if fresh {
		return o, nil
	}
	// The mark is read first: what changes between the two readings is in the
	// second and then read once more, never missed.
	mark, err := c.store.fingerprint(ctx, agency)
	if err != nil {
		return nil, err
	}
	if !fits || o.mark != mark {
		if o, err = c.read(ctx, agency, civil, mark); err != nil {
			return nil, err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.epoch == epoch {
		o.readAt = now
		c.keep(agency, o)
	}
	return o, nil
}

func (c *ProcedureCache) read(ctx context.Context, agency string, civil time.Time, mark string) (*offer, error) {
	all, err := c.store.live(ctx, agency, civil)
	if err != nil {
		return nil, err
	}
	o := &offer{versions: make(map[string][]procedure.Procedure, len(all)), count: len(all), civil: civil, mark: mark}
	for _, p := range all {
		o.versions[p.Code] = append(o.versions[p.Code], p)
	}
	return o, nil
}

// keep remembers an offer. When a bound is reached everything is dropped: real
// agencies come back with their next request. It is called with mu held.
func (c *ProcedureCache) keep(agency string, o *offer) {
	c.drop(agency)
	if len(c.agencies) >= maxAgencies || c.live+o.count > maxLive {
		clear(c.agencies)
		c.live = 0
	}
	c.agencies[agency] = o
	c.live += o.count
}

// drop is called with mu held.
func (c *ProcedureCache) drop(agency string) {
	if o := c.agencies[agency]; o != nil {
		c.live -= o.count
		delete(c.agencies, agency)
	}
}

// Forget drops an agency, or all of them for "": the listener on ProcedureChanged.
func (c *ProcedureCache) Forget(agency string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	if agency == "" {
		clear(c.agencies)
		c.live = 0
		return
	}
	c.drop(agency)
}

// Listen keeps the cache in step until ctx ends.
func (c *ProcedureCache) Listen(ctx context.Context, l Listener) {
	l.Listen(ctx, ProcedureChanged, c.Forget)
}
