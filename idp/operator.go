package idp

import "time"

// Operator is a person who runs Surety. Operators have no account: they log
// in to other pages, by other means, than citizens do.
type Operator struct {
	ID         OperatorID
	Name       []byte // sealed by the key ring
	CreatedAt  time.Time
	DisabledAt time.Time // zero while the operator may log in
	SeenAt     time.Time // last login; zero: never
}

// OperatorInvite is an invitation to become an operator.
type OperatorInvite struct {
	Hash      [32]byte // of the token in its link
	Name      []byte   // sealed by the key ring
	Bootstrap bool     // made at the command line, on an empty system (RULES R5)
	By        OperatorID
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    time.Time
	VoidedAt  time.Time
}

// Open reports whether the invitation can still be taken up.
func (i OperatorInvite) Open(now time.Time) bool {
	return i.UsedAt.IsZero() && i.VoidedAt.IsZero() && now.Before(i.ExpiresAt)
}

// OperatorPasskey is an operator's credential. Data is what the passkey
// library needs to check the next answer; it changes with each.
type OperatorPasskey struct {
	ID       []byte
	Operator OperatorID
	Data     []byte // JSON
}

// OperatorSession is an operator's login in one browser.
type OperatorSession struct {
	Hash          [32]byte // of the cookie's secret
	Operator      Operator
	CreatedAt     time.Time
	IdleExpiresAt time.Time
	ExpiresAt     time.Time
	EndedAt       time.Time
}

// Open reports whether the session may be used.
func (s OperatorSession) Open(now time.Time) bool {
	return s.EndedAt.IsZero() && now.Before(s.IdleExpiresAt) && now.Before(s.ExpiresAt) && s.Operator.DisabledAt.IsZero()
}
