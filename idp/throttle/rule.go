package throttle

import (
	"time"

	"surety/idp"
)

// Rule says how often something may be tried.
type Rule struct {
	Tries  int           // until it is blocked
	Window time.Duration // how long tries are remembered
	// Block is how long the first block lasts; each further try after it
	// doubles it, up to MostBlock. 0: a block ends with the window.
	Block     time.Duration
	MostBlock time.Duration
	Pause     time.Duration // between two tries; 0: none
	// Forget says that a success forgets all tries; otherwise it gives only
	// its own back, since the others may be somebody else's.
	Forget bool
	Key    string // text key for the person who is blocked
}

// State is what is remembered of the tries. The zero State has none.
type State struct {
	Tries           int
	WindowStartedAt time.Time
	BlockedUntil    time.Time // zero: not blocked
	ExpiresAt       time.Time // from here on it says nothing and may be deleted
}

// Take takes a try. It fails with code throttled, and takes nothing, while the
// state is blocked; the error's arguments until (time.Time) and wait
// (time.Duration) say when to come again.
func (r Rule) Take(s State, now time.Time) (State, error) {
	if s.blocked(now) {
		wait := s.BlockedUntil.Sub(now)
		return s, idp.E(idp.CodeThrottled, r.Key).With("until", s.BlockedUntil).With("wait", wait)
	}
	if !now.Before(s.ExpiresAt) {
		s = State{WindowStartedAt: now, ExpiresAt: now.Add(r.Window)}
	}
	s.Tries++
	s.BlockedUntil = r.blockAfter(s, now)
	if r.Block > 0 {
		// What grows must not be forgotten while it goes on: the window
		// begins anew with each try, at the end of its block.
		s.ExpiresAt = later(now, s.BlockedUntil).Add(r.Window)
	}
	return s, nil
}

// blockAfter says until when the try just taken blocks the next one.
func (r Rule) blockAfter(s State, now time.Time) time.Time {
	switch over := s.Tries - r.Tries; {
	case over < 0 && r.Pause > 0:
		return now.Add(r.Pause)
	case over < 0:
		return time.Time{}
	case r.Block == 0:
		return s.ExpiresAt
	default:
		block := r.Block
		for range over {
			if block >= r.MostBlock {
				break
			}
			block *= 2
		}
		return now.Add(min(block, max(r.MostBlock, r.Block)))
	}
}

// Success is for a try that was right: it does not count.
func (r Rule) Success(s State) State {
	if r.Forget {
		return State{}
	}
	return r.GiveBack(s)
}

// GiveBack is for a try that came to nothing: what it was taken for could not
// be compared, because the house was busy or down.
func (r Rule) GiveBack(s State) State {
	if s.Tries <= 1 {
		return State{}
	}
	s.Tries--
	s.BlockedUntil = time.Time{}
	return s
}

func (s State) blocked(now time.Time) bool { return now.Before(s.BlockedUntil) }

// Empty reports whether the state says nothing at that time: its row can go.
func (s State) Empty(now time.Time) bool { return s.Tries == 0 || !now.Before(s.ExpiresAt) }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
