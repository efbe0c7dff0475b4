package factor

import (
	"context"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/interaction"
	"surety/idp/session"
	"surety/idp/throttle"
)

// takeTry takes a try of a short code before it is compared. What refuses it
// is apart from what goes wrong: a unit of work that refused is kept.
func (f *Flow) takeTry(ctx context.Context, tx idp.Tx, now time.Time, limits []throttle.Counter) (refused, err error) {
	err = f.limit(ctx, tx, now, limits)
	if idp.CodeOf(err) == idp.CodeThrottled {
		return blame(err, "code"), nil
	}
	return nil, err
}

// limit takes from the counters. Errors: throttled, unavailable.
func (f *Flow) limit(ctx context.Context, tx idp.Tx, now time.Time, limits []throttle.Counter) error {
	return f.p.Throttles.ChangeTries(ctx, tx, f.keys(limits), now, func(states []throttle.State) ([]throttle.State, error) {
		return throttle.Take(limits, states, now)
	})
}

// giveBack returns the try: the code was right.
func (f *Flow) giveBack(ctx context.Context, tx idp.Tx, now time.Time, limits []throttle.Counter) error {
	return f.p.Throttles.ChangeTries(ctx, tx, f.keys(limits), now, func(states []throttle.State) ([]throttle.State, error) {
		return throttle.Success(limits, states), nil
	})
}

func (f *Flow) keys(limits []throttle.Counter) [][32]byte {
	keys := make([][32]byte, len(limits))
	for i, c := range limits {
		keys[i] = c.Key(f.p.Ring.Fingerprint)
	}
	return keys
}

// failed records a code or an answer that proved nothing.
func (f *Flow) failed(ctx context.Context, tx idp.Tx, now time.Time, b session.Browser, v interaction.Visitor, m assurance.Method, why error) error {
	return f.p.Audit.Append(ctx, tx, now, event("factor.failed", b, v, map[string]string{"method": string(m), "reason": reason(why)}))
}

// reason names why in the audit.
func reason(why error) string {
	if e, ok := why.(*idp.Error); ok {
		return e.Key
	}
	return string(idp.CodeOf(why))
}

// blame names the form field of an error that says something to the person.
func blame(err error, field string) error {
	if e, ok := err.(*idp.Error); ok {
		return e.In(field)
	}
	return err
}
