package session

import (
	"testing"
	"time"

	"surety/assurance"
)

var t0 = time.Date(2026, 5, 3, 12, 0, 0, 0, time.UTC)

func use(at time.Time) assurance.Use {
	return assurance.Use{Method: assurance.MethodPassword, At: at, AMR: []string{"pwd"}}
}

func TestR11_SessionEndsWhenIdleAndAbsolutely(t *testing.T) {
	l := DefaultLifetimes()
	s := Begin("s", "a", use(t0), false, t0, l)
	for _, c := range []struct {
		after time.Duration
		open  bool
	}{{0, true}, {l.Idle - time.Second, true}, {l.Idle, false}} {
		if got := s.Open(t0.Add(c.after)); got != c.open {
			t.Errorf("after %v: open = %v", c.after, got)
		}
	}
	for at := t0; at.Before(t0.Add(l.Absolute)); at = at.Add(20 * time.Minute) {
		if !s.Open(at) {
			t.Fatalf("a session in use ended after %v", at.Sub(t0))
		}
		s, _ = s.Touch(at, l, false)
	}
	if s.Open(t0.Add(l.Absolute)) {
		t.Error("the absolute end moved with use")
	}
}

func TestR11_SharedComputerAndHighLevelEndSooner(t *testing.T) {
	l := DefaultLifetimes()
	if s := Begin("s", "a", use(t0), true, t0, l); s.Open(t0.Add(l.SharedComputer)) || !s.Open(t0.Add(l.SharedComputer-1)) {
		t.Error("a shared computer's session ends after 10 minutes")
	}
	s, _ := Begin("s", "a", use(t0), false, t0, l).Touch(t0.Add(time.Minute), l, true)
	if s.Open(t0.Add(time.Minute + l.IdleAtHigh)) {
		t.Error("a session at the highest level ends after 15 idle minutes")
	}
}

func TestTouchWritesOnceAMinuteAtMost(t *testing.T) {
	l := DefaultLifetimes()
	s := Begin("s", "a", use(t0), false, t0, l)
	if _, changed := s.Touch(t0.Add(59*time.Second), l, false); changed {
		t.Error("written again within a minute")
	}
	if _, changed := s.Touch(t0.Add(time.Minute), l, false); !changed {
		t.Error("not written after a minute")
	}
}

func TestEndedSessionIsNeverOpen(t *testing.T) {
	s := Begin("s", "a", use(t0), false, t0, DefaultLifetimes())
	s.EndedAt, s.EndedReason = t0, EndLogout
	if s.Open(t0) {
		t.Error("an ended session is open")
	}
}

func TestAddKeepsTheAbsoluteEndAndBoundsMemory(t *testing.T) {
	l := DefaultLifetimes()
	first := Begin("s", "a", use(t0), false, t0, l)
	s := first
	for i := range 48 {
		s = s.Add(use(t0.Add(time.Duration(i)*time.Second)), t0, l)
	}
	if len(s.Uses) != 1 || !s.Uses[0].At.Equal(t0.Add(47*time.Second)) {
		t.Errorf("of one kind of use the newest is kept, not %v", s.Uses)
	}
	if !s.ExpiresAt.Equal(first.ExpiresAt) {
		t.Error("logging in again moved the absolute end")
	}
	if len(first.Uses) != 1 {
		t.Error("Add changed the session it was called on")
	}
}
