package account

import (
	"context"
	"time"

	"surety/idp"
	"surety/idp/throttle"
)

// Throttles keeps what is limited.
type Throttles interface {
	// ChangeTries hands the states of the keys, locked, to the rule, and keeps
	// what it returns; nothing when it fails. Errors: those of change; unavailable.
	ChangeTries(ctx context.Context, tx idp.Tx, keys [][32]byte, now time.Time, change func([]throttle.State) ([]throttle.State, error)) error
}

// maySend takes one message to the contact. Whom the contact belongs to makes
// no difference.
func (f *Flow) maySend(ctx context.Context, tx idp.Tx, now time.Time, contact, source string) error {
	return f.take(ctx, tx, now, throttle.ForSending(contact, throttle.Source(source)))
}

// takeWrong takes one of the wrong codes that a contact has a day.
func (f *Flow) takeWrong(ctx context.Context, tx idp.Tx, now time.Time, contact string) error {
	return f.take(ctx, tx, now, throttle.ForCode(contact))
}

// returnWrong gives it back: the code was right.
func (f *Flow) returnWrong(ctx context.Context, tx idp.Tx, now time.Time, contact string) error {
	limits := throttle.ForCode(contact)
	return f.p.Throttles.ChangeTries(ctx, tx, f.keys(limits), now, func(states []throttle.State) ([]throttle.State, error) {
		return throttle.Success(limits, states), nil
	})
}

func (f *Flow) take(ctx context.Context, tx idp.Tx, now time.Time, limits []throttle.Counter) error {
	return f.p.Throttles.ChangeTries(ctx, tx, f.keys(limits), now, func(states []throttle.State) ([]throttle.State, error) {
		return throttle.Take(limits, states, now)
	})
}

func (f *Flow) keys(limits []throttle.Counter) [][32]byte {
	keys := make([][32]byte, len(limits))
	for i, c := range limits {
		keys[i] = c.Key(f.p.Ring.Fingerprint)
	}
	return keys
}
