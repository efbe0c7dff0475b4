package signin

import (
	"context"
	"errors"
	"time"

	"surety/idp"
	"surety/idp/interaction"
	"surety/idp/session"
)

var errStub = errors.New("signin: not yet")

// Flow is the use cases. Make it with New; safe for concurrent use.
type Flow struct{}

// Visitor returns who is behind the value of the session cookie, in one round
// trip. Nobody, without error, when the secret is unknown or its session over.
func (f *Flow) Visitor(ctx context.Context, secret string, now time.Time) (interaction.Visitor, error) {
	return interaction.Visitor{}, errStub
}

// Open stores a new pending request, bound to the browser.
func (f *Flow) Open(ctx context.Context, browser [32]byte, i interaction.Interaction) error {
	return errStub
}

// Load returns the pending request; see authorize.Interactions.
func (f *Flow) Load(ctx context.Context, browser [32]byte, id idp.InteractionID) (interaction.Interaction, error) {
	return interaction.Interaction{}, errStub
}

// Finish completes the request with an outcome, once.
func (f *Flow) Finish(ctx context.Context, browser [32]byte, id idp.InteractionID, outcome interaction.Outcome, now time.Time) error {
	return errStub
}

// LogInScreen says what the log-in page shows. id is empty outside a request.
// Errors: ErrElsewhere, not_found, expired, unavailable.
func (f *Flow) LogInScreen(ctx context.Context, b session.Browser, id idp.InteractionID) (LogInScreen, error) {
	return LogInScreen{}, errStub
}

// LogIn logs in by password.
//
// Errors: ErrElsewhere; invalid for a wrong login or password, whichever;
// throttled with the argument "wait" (time.Duration); unavailable with "wait"
// when the hash queue is full; forbidden when the account is frozen or closed
// (said only to who has the password).
func (f *Flow) LogIn(ctx context.Context, in LogIn) (session.Ticket, error) {
	return session.Ticket{}, errStub
}

// AccountScreen says what the page shows that asks whom to go on as.
func (f *Flow) AccountScreen(ctx context.Context, b session.Browser, id idp.InteractionID) (AccountScreen, error) {
	return AccountScreen{}, errStub
}

// ChooseAccount goes on as the account that is logged in. (Somebody else: LogIn.)
func (f *Flow) ChooseAccount(ctx context.Context, b session.Browser, id idp.InteractionID, account idp.AccountID) error {
	return errStub
}

// TermsScreen says what the page shows that asks to accept new terms. id is
// empty outside a request.
func (f *Flow) TermsScreen(ctx context.Context, b session.Browser, id idp.InteractionID) (TermsScreen, error) {
	return TermsScreen{}, errStub
}

// AcceptTerms records that the person accepted the version that was shown.
// Errors: conflict when another version is in force by now.
func (f *Flow) AcceptTerms(ctx context.Context, b session.Browser, id idp.InteractionID, version string) error {
	return errStub
}

// ConsentScreen says what the consent page shows.
func (f *Flow) ConsentScreen(ctx context.Context, b session.Browser, id idp.InteractionID) (ConsentScreen, error) {
	return ConsentScreen{}, errStub
}

// Allow records the consent; share lists the optional claims that the person
// left ticked.
func (f *Flow) Allow(ctx context.Context, b session.Browser, id idp.InteractionID, share []string) error {
	return errStub
}

// Deny ends the request with access_denied; the dispatcher sends the person
// back to the agency. It is also "cancel" on the log-in page: it may be
// called at any step.
func (f *Flow) Deny(ctx context.Context, b session.Browser, id idp.InteractionID) error {
	return errStub
}

// LogOut ends the browser's session and tells the agencies. No session is no error.
func (f *Flow) LogOut(ctx context.Context, b session.Browser) error { return errStub }

// LogOutEverywhere ends all sessions of the person, and all grants.
func (f *Flow) LogOutEverywhere(ctx context.Context, b session.Browser) error { return errStub }

// Sessions lists the person's open sessions, newest first, a page at a time.
// after is empty or a Next. Errors: ErrNobody.
func (f *Flow) Sessions(ctx context.Context, b session.Browser, after string) (SessionPage, error) {
	return SessionPage{}, errStub
}

// Overview returns what the person's own page shows. Errors: ErrNobody.
func (f *Flow) Overview(ctx context.Context, b session.Browser) (Overview, error) {
	return Overview{}, errStub
}
