package operator

import (
	"context"
	"time"

	"surety/idp"
	"surety/idp/client"
	"surety/idp/keys"
)

// Clients stores relying parties. Every change tells all processes, when its
// transaction commits, that they must read the client anew.
type Clients interface {
	// Insert adds a client. Errors: conflict when the id is taken; unavailable.
	Insert(ctx context.Context, tx idp.Tx, c *client.Client) error
	// ForUpdate reads a client and locks it. Errors: not_found, unavailable.
	ForUpdate(ctx context.Context, tx idp.Tx, id idp.ClientID) (*client.Client, error)
	// Update writes everything but id and creation. Errors: not_found, unavailable.
	Update(ctx context.Context, tx idp.Tx, c *client.Client) error
	// Find reads a client. Errors: not_found, unavailable.
	Find(ctx context.Context, id idp.ClientID) (*client.Client, error)
	// Page lists clients by id, beginning after the given one. Errors: unavailable.
	Page(ctx context.Context, after idp.ClientID, limit int) ([]*client.Client, error)
}

// Keys stores signing keys. Every change tells all processes, when its
// transaction commits, that they must read the keys anew.
type Keys interface {
	// Lock reads all keys, without their private halves, and keeps others from
	// changing them until the transaction ends. Errors: unavailable.
	Lock(ctx context.Context, tx idp.Tx) ([]keys.SigningKey, error)
	// List reads all keys, without their private halves. Errors: unavailable.
	List(ctx context.Context) ([]keys.SigningKey, error)
	// Insert adds a key with its private half sealed. Errors: conflict, unavailable.
	Insert(ctx context.Context, tx idp.Tx, k keys.SigningKey, sealed []byte) error
	// Activate brings the time forward at which a key signs. Errors: not_found, unavailable.
	Activate(ctx context.Context, tx idp.Tx, kid string, activeAt time.Time) error
	// Schedule writes down the end of a key. Errors: not_found, unavailable.
	Schedule(ctx context.Context, tx idp.Tx, kid string, retiredAt, goneAt time.Time) error
	// Remove destroys a key. Errors: not_found, unavailable.
	Remove(ctx context.Context, tx idp.Tx, kid string) error
}

// Operators stores operators and invitations.
type Operators interface {
	// Count tells how many operators may log in, and keeps others from inviting
	// and joining until the transaction ends. Errors: unavailable.
	Count(ctx context.Context, tx idp.Tx) (int, error)
	// List reads all operators, oldest first. Errors: unavailable.
	List(ctx context.Context) ([]idp.Operator, error)
	// Add adds an operator. Errors: unavailable.
	Add(ctx context.Context, tx idp.Tx, o idp.Operator) error
	// Invite adds an invitation. Errors: conflict when it is for bootstrap and
	// another one is not used or voided yet; unavailable.
	Invite(ctx context.Context, tx idp.Tx, i idp.OperatorInvite) error
	// Invitation reads an invitation. Errors: not_found, unavailable.
	Invitation(ctx context.Context, hash [32]byte) (idp.OperatorInvite, error)
	// Invitations lists those that can still be taken up. Errors: unavailable.
	Invitations(ctx context.Context, now time.Time) ([]idp.OperatorInvite, error)
	// TakeUp uses an invitation, once: by one conditional UPDATE. Errors:
	// conflict when it was used, voided or is over; unavailable.
	TakeUp(ctx context.Context, tx idp.Tx, hash [32]byte, by idp.OperatorID, now time.Time) error
	// VoidBootstrap ends bootstrap invitations: all, or those only that are
	// over. Errors: unavailable.
	VoidBootstrap(ctx context.Context, tx idp.Tx, all bool, now time.Time) error
}

// Sessions stores passkeys and logins.
type Sessions interface {
	// Answer marks a challenge as answered, once. Errors: conflict when it was;
	// unavailable.
	Answer(ctx context.Context, tx idp.Tx, challenge [32]byte, expiresAt time.Time) error
	// AddPasskey stores a passkey. Errors: conflict when it is known; unavailable.
	AddPasskey(ctx context.Context, tx idp.Tx, p idp.OperatorPasskey, now time.Time) error
	// Passkey reads a passkey with its operator. Errors: not_found, unavailable.
	Passkey(ctx context.Context, tx idp.Tx, id []byte) (idp.OperatorPasskey, idp.Operator, error)
	// UsePasskey writes what an answer changed. Errors: not_found, unavailable.
	UsePasskey(ctx context.Context, tx idp.Tx, p idp.OperatorPasskey, now time.Time) error
	// Start stores a session. Errors: unavailable.
	Start(ctx context.Context, tx idp.Tx, s idp.OperatorSession) error
	// Session reads a session. Errors: not_found, unavailable.
	Session(ctx context.Context, hash [32]byte) (idp.OperatorSession, error)
	// Touch moves the idle end of an open session. Errors: unavailable.
	Touch(ctx context.Context, hash [32]byte, idleExpiresAt time.Time) error
	// End ends a session. Ending one that is over is no error. Errors: unavailable.
	End(ctx context.Context, tx idp.Tx, hash [32]byte, now time.Time) error
}
