package idp

import (
	"time"

	"surety/assurance"
)

// EventKind says what happened to tokens that were given out.
type EventKind string

// The kinds (OpenID Continuous Access Evaluation Profile 1.0, sections 3.1 and 3.4).
const (
	EventSessionRevoked EventKind = "session_revoked"
	EventLevelChanged   EventKind = "level_changed"
)

// SecurityEvent tells a client that access tokens which it got are not to be
// taken any more. The narrowest of TokenID, GrantID, SID and Subject that is
// there says which.
type SecurityEvent struct {
	ID          string // unique; where the client names it to acknowledge it
	ClientID    ClientID
	Kind        EventKind
	Subject     string  // this client's subject for the person; empty only beside TokenID
	SID         string  // this client's name for the session; empty: all of the person's
	GrantID     GrantID // empty: all of the session's
	TokenID     string  // jti of the one token
	ACR         string  // what is left of a level that changed
	PreviousACR string  // what the tokens say, where that is more
	Reason      string  // one word for the log of the client
	At          time.Time
}

// Taken is what a credential left behind when it was removed.
type Taken struct {
	Emptied []SessionID    // sessions without any use left
	Grants  []RestingGrant // grants that rested on it, with the uses that they still rest on
}

// RestingGrant is a grant, and what it rests on.
type RestingGrant struct {
	ID       GrantID
	ClientID ClientID
	Subject  string
	SID      string
	Level    assurance.LevelName // decided last
	Uses     []assurance.Use
}
