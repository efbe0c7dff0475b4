package signin

import (
	"context"
	"time"

	"surety/idp/session"
)

// Prolong keeps the person's session open and says when it ends if nobody
// uses it any more. Errors: ErrNobody, unavailable.
func (f *Flow) Prolong(ctx context.Context, b session.Browser) (time.Time, error) {
	v, err := f.here(ctx, b)
	if err != nil {
		return time.Time{}, err
	}
	if !v.Known() {
		return time.Time{}, ErrNobody
	}
	return v.Session.Ends(), nil
}
