package session

import (
	"time"

	"surety/assurance"
	"surety/idp"
)

// ErrNobody says that nobody is logged in in this browser.
var ErrNobody = idp.E(idp.CodeForbidden, "error.session.nobody")

// Lifetimes are the numbers of RULES R11.
type Lifetimes struct {
	Idle           time.Duration // 30 min
	IdleAtHigh     time.Duration // 15 min, for sessions at the policy's highest level
	Absolute       time.Duration // 12 h
	SharedComputer time.Duration // 10 min idle on a shared computer
}

// DefaultLifetimes are those of RULES R11.
func DefaultLifetimes() Lifetimes {
	return Lifetimes{Idle: 30 * time.Minute, IdleAtHigh: 15 * time.Minute, Absolute: 12 * time.Hour, SharedComputer: 10 * time.Minute}
}

// EndReason says why a session ended.
type EndReason string

// The reasons.
const (
	EndLogout           EndReason = "logout"
	EndLogoutEverywhere EndReason = "logout_everywhere"
	EndPasswordChanged  EndReason = "password_changed"
	EndReplaced         EndReason = "replaced"
	// EndMethodRemoved ends a session that rested on what was removed alone.
	EndMethodRemoved EndReason = "method_removed"
)

// Session is one browser in which a person is logged in.
type Session struct {
	ID            idp.SessionID
	AccountID     idp.AccountID
	Shared        bool // "this is a shared computer"
	Uses          []assurance.Use
	CreatedAt     time.Time
	SeenAt        time.Time
	IdleExpiresAt time.Time
	ExpiresAt     time.Time
	EndedAt       time.Time // zero while it is open
	EndedReason   EndReason
}

// Open reports whether the session may be used at now.
func (s Session) Open(now time.Time) bool {
	return s.EndedAt.IsZero() && now.Before(s.IdleExpiresAt) && now.Before(s.ExpiresAt)
}

// Ends is when the session ends if nobody uses it any more.
func (s Session) Ends() time.Time {
	if s.ExpiresAt.Before(s.IdleExpiresAt) {
		return s.ExpiresAt
	}
	return s.IdleExpiresAt
}

// touchEvery bounds how often a live session is written: the idle end moves
// in steps of a minute, which nobody can see and the database can.
const touchEvery = time.Minute

// Touch returns the session with its idle end moved on, and whether it
// changed enough to be worth a write.
func (s Session) Touch(now time.Time, l Lifetimes, high bool) (Session, bool) {
	if now.Sub(s.SeenAt) < touchEvery {
		return s, false
	}
	s.SeenAt = now
	s.IdleExpiresAt = now.Add(l.idle(s.Shared, high))
	return s, true
}

// Begin returns a new session for the account with one use.
func Begin(id idp.SessionID, account idp.AccountID, use assurance.Use, shared bool, now time.Time, l Lifetimes) Session {
	return Session{
		ID: id, AccountID: account, Shared: shared, Uses: []assurance.Use{use}, CreatedAt: now, SeenAt: now,
		IdleExpiresAt: now.Add(l.idle(shared, false)), ExpiresAt: now.Add(l.Absolute),
	}
}

// Add returns the session with one more use, as after logging in again.
// The absolute end does not move.
func (s Session) Add(use assurance.Use, now time.Time, l Lifetimes) Session {
	s.Uses, s.SeenAt, s.IdleExpiresAt = assurance.Remember(s.Uses, use), now, now.Add(l.idle(s.Shared, false))
	return s
}

func (l Lifetimes) idle(shared, high bool) time.Duration {
	switch {
	case shared:
		return l.SharedComputer
	case high:
		return l.IdleAtHigh
	}
	return l.Idle
}
