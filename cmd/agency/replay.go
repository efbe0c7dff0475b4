package main

import (
	"errors"
	"sync"
	"time"
)

// maxSeen bounds the memory of logout tokens.
const maxSeen = 20_000

var (
	errReplayed = errors.New("this logout token was taken before")
	errFull     = errors.New("too many logout tokens at once")
)

// replays remembers the ids of logout tokens until they end by themselves.
type replays struct {
	mu   sync.Mutex
	seen map[string]time.Time // until when
}

// take notes the id, once. When the memory is full of tokens that still live
// it refuses: forgetting one would let it be played back.
func (r *replays) take(id string, until, now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if known, ok := r.seen[id]; ok && now.Before(known) {
		return errReplayed
	}
	if len(r.seen) >= maxSeen {
		for old, end := range r.seen {
			if !now.Before(end) {
				delete(r.seen, old)
			}
		}
	}
	if len(r.seen) >= maxSeen {
		return errFull
	}
	r.seen[id] = until
	return nil
}
