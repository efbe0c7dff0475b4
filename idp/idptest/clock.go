package idptest

import (
	"sync"
	"time"
)

// Clock stands still until it is set or moved. It may be used by many goroutines.
type Clock struct {
	mu  sync.Mutex // guards now
	now time.Time
}

// Start is when a new Clock begins: a Monday morning, in summer, not the first
// of a month, so that nothing works by accident of the calendar.
var Start = time.Date(2026, time.June, 15, 9, 30, 0, 0, time.UTC)

// NewClock returns a clock that shows t, or Start if t is zero.
func NewClock(t time.Time) *Clock {
	if t.IsZero() {
		t = Start
	}
	return &Clock{now: t}
}

// Now returns what the clock shows; pass it where a func() time.Time is asked for.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Set moves the clock to t.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

// Advance moves the clock by d and returns what it shows then.
func (c *Clock) Advance(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return c.now
}
