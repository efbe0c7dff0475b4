package signin

import (
	"context"
	"time"

	"surety/idp"
	"surety/idp/interaction"
	"surety/idp/session"
)

// What follows is for the other ways to log in (package factor): they prove
// who is there, and this package does the rest.

// Here returns who is in the browser, and keeps their session alive; nobody,
// without error, when there is none or the account is frozen or closed.
// Errors: unavailable.
func (f *Flow) Here(ctx context.Context, b session.Browser) (interaction.Visitor, error) {
	return f.here(ctx, b)
}

// MayLogIn says whether logging in is what the request asks for now. Outside a
// request, where id is empty, it always is.
// Errors: ErrElsewhere; not_found, expired and conflict as for every step.
func (f *Flow) MayLogIn(ctx context.Context, b session.Browser, id idp.InteractionID) error {
	if id == "" {
		return nil
	}
	_, err := f.at(ctx, b, id, signInSteps...)
	return err
}

// Arrive is Begin for somebody who has just signed in; when the account does
// not know the browser, all its contacts are told.
func (f *Flow) Arrive(ctx context.Context, tx idp.Tx, now time.Time, a idp.Account, known bool, in session.Arrival) (session.Ticket, error) {
	ticket, err := f.Begin(ctx, tx, now, in)
	if err != nil || known {
		return ticket, err
	}
	return ticket, f.warn(ctx, tx, now, a, in.Browser)
}

// EndEmptied ends sessions that rested on what was taken away, and tells their agencies.
func (f *Flow) EndEmptied(ctx context.Context, tx idp.Tx, now time.Time, account idp.AccountID, why session.EndReason, ids ...idp.SessionID) error {
	for _, id := range ids {
		if err := f.end(ctx, tx, now, session.Session{ID: id, AccountID: account}, why); err != nil {
			return err
		}
	}
	return nil
}
