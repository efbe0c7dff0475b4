package idp

import "time"

// ProofPurpose says what a contact is proven for.
type ProofPurpose string

// The purposes.
const (
	ProveToRegister ProofPurpose = "register"
	ProveToRecover  ProofPurpose = "recover"
)

// ContactProof is an attempt to prove that a contact is reachable. The person
// goes on only in the browser that began it.
type ContactProof struct {
	ID            ProofID
	Purpose       ProofPurpose
	Browser       [32]byte
	Kind          ContactKind
	Value         string // what messages are sent to
	Display       string // what the person is shown
	Key           string // what equal contacts share; stored as a fingerprint
	Language      string
	TermsVersion  string
	InteractionID InteractionID
	CodeMAC       []byte // nil: no code is good for it
	LinkHash      []byte // nil: no link is good for it
	Tries         int
	Sends         int
	SentAt        time.Time
	CodeExpiresAt time.Time
	ConfirmedAt   time.Time
	AnotherAt     time.Time // the person wants one more account with a contact in use
	CompletedAt   time.Time
	CreatedAt     time.Time
	ExpiresAt     time.Time
}

// Live reports whether something may still become of the attempt.
func (p ContactProof) Live(now time.Time) bool {
	return p.ID != "" && p.CompletedAt.IsZero() && now.Before(p.ExpiresAt)
}

// Confirmed reports whether the contact was proven, and the attempt can go on.
func (p ContactProof) Confirmed(now time.Time) bool { return p.Live(now) && !p.ConfirmedAt.IsZero() }
