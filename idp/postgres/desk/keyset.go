package desk

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"surety/idp/keys"
)

// keysLookAgain is how often the keys are read when nothing was said: far
// below the lead of a day with which a next key is published.
const keysLookAgain = time.Minute

// KeySet holds the signing keys in memory and exchanges them when one changes
// its part, without anybody waiting. It may be used by many goroutines; each
// process has one.
type KeySet struct {
	store *Keys
	ring  *keys.Ring
	clock func() time.Time
	log   *slog.Logger
	set   atomic.Pointer[keys.Set]
	wake  chan struct{} // holds one: a change was told
}

// OpenKeySet reads the keys for the first time.
//
// Errors: unavailable; keys.ErrOpen when the ring is not the one that the keys
// are sealed under.
func OpenKeySet(ctx context.Context, s *Keys, ring *keys.Ring, clock func() time.Time, log *slog.Logger) (*KeySet, error) {
	k := &KeySet{store: s, ring: ring, clock: clock, log: log, wake: make(chan struct{}, 1)}
	return k, k.Reload(ctx)
}

// Set is what is true of the keys now. It is never nil.
func (k *KeySet) Set() *keys.Set { return k.set.Load() }

// Reload reads the keys. A key that does not open fails the whole reading:
// going on with fewer keys than are published would break verifiers in a way
// that nobody sees here.
func (k *KeySet) Reload(ctx context.Context) error {
	sealed, err := readKeys(ctx, k.store.db)
	if err != nil {
		return err
	}
	now := k.clock()
	var all []keys.SigningKey
	for _, row := range sealed {
		if !row.GoneAt.IsZero() && !row.GoneAt.After(now) {
			continue // waits to be destroyed
		}
		key, err := k.ring.OpenSigningKey(row.KID, row.Algorithm, row.Sealed)
		if err != nil {
			return err
		}
		key.CreatedAt, key.PublishedAt, key.ActiveAt = row.CreatedAt, row.PublishedAt, row.ActiveAt
		key.RetiredAt, key.GoneAt = row.RetiredAt, row.GoneAt
		all = append(all, key)
	}
	set, err := keys.NewSet(all, now)
	if err != nil {
		return fmt.Errorf("read signing keys: %w", err)
	}
	k.set.Store(set)
	return nil
}

// Run keeps the keys in step until ctx ends: when a change is told, when a
// key's time comes, and every minute. What cannot be read now is tried again;
// until then the keys that are known go on.
func (k *KeySet) Run(ctx context.Context, l Listener) {
	go l.Listen(ctx, KeyChanged, func(string) {
		select {
		case k.wake <- struct{}{}:
		default: // one is waiting already
		}
	})
	for {
		timer := time.NewTimer(k.nextLook())
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-k.wake:
		case <-timer.C:
		}
		timer.Stop()
		if err := k.Reload(ctx); err != nil && ctx.Err() == nil {
			k.log.ErrorContext(ctx, "signing keys could not be read", "error", err)
		}
	}
}

// nextLook is the time until a key changes its part, or a minute. It is never
// zero, so that a moment that has just come does not spin.
func (k *KeySet) nextLook() time.Duration {
	next := keysLookAgain
	if until := k.Set().Until(); !until.IsZero() {
		next = min(next, until.Sub(k.clock()))
	}
	return max(next, 10*time.Millisecond)
}
