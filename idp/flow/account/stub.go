package account

import (
	"context"
	"errors"

	"surety/idp"
	"surety/idp/session"
)

var errStub = errors.New("account: not yet")

// Flow is the use cases. Make it with New; safe for concurrent use.
type Flow struct{}

// BeginRegistration sends a code to the contact. The answer is the same
// whether accounts have it or not.
//
// Errors: invalid (field "contact" or "terms"); conflict when other terms are
// in force by now; throttled with the argument "wait" (time.Duration); unavailable.
func (f *Flow) BeginRegistration(ctx context.Context, in BeginRegistration) (Attempt, error) {
	return Attempt{}, errStub
}

// RegistrationAttempt returns the attempt for the page that asks for the code.
// Errors: not_found also when the browser is another; expired.
func (f *Flow) RegistrationAttempt(ctx context.Context, b session.Browser, id idp.ProofID) (Attempt, error) {
	return Attempt{}, errStub
}

// ResendRegistration sends a new code; the one before is good no more.
// Errors: throttled with "wait"; not_found; expired.
func (f *Flow) ResendRegistration(ctx context.Context, b session.Browser, id idp.ProofID) (Attempt, error) {
	return Attempt{}, errStub
}

// ConfirmRegistration confirms the contact by its code.
// Errors: invalid (field "code"); throttled when no tries are left for this
// code or this contact; expired; not_found.
func (f *Flow) ConfirmRegistration(ctx context.Context, b session.Browser, id idp.ProofID, code string) (Registration, error) {
	return Registration{}, errStub
}

// RegistrationLink says what the page shows that the link leads to. It
// changes nothing. Errors: expired when the link is unknown, used or too old,
// whichever.
func (f *Flow) RegistrationLink(ctx context.Context, b session.Browser, token string) (Landing, error) {
	return Landing{}, errStub
}

// PressRegistrationLink is the button of that page.
func (f *Flow) PressRegistrationLink(ctx context.Context, b session.Browser, token string) (Landing, error) {
	return Landing{}, errStub
}

// Registration returns where a registration with a confirmed contact stands.
// Errors: not_found also when the browser is another or the contact is not
// confirmed; expired.
func (f *Flow) Registration(ctx context.Context, b session.Browser, id idp.ProofID) (Registration, error) {
	return Registration{}, errStub
}

// AnotherAccount says that the person wants one more account with a contact
// that accounts have already. Errors: forbidden when there are as many as may be.
func (f *Flow) AnotherAccount(ctx context.Context, b session.Browser, id idp.ProofID) (Registration, error) {
	return Registration{}, errStub
}

// Complete makes the account and logs the person in.
// Errors: invalid (joined errors, one for each field: family_name, given_name,
// patronymic, password); conflict when an account with this contact came into
// being meanwhile (the page asks again by Registration.Used); expired;
// unavailable with "wait" when the hash queue is full.
func (f *Flow) Complete(ctx context.Context, in Complete) (Completed, error) {
	return Completed{}, errStub
}

// BeginRecovery sends a code to the contact, or the message that there is no
// account; the answer is the same. Errors: as BeginRegistration.
func (f *Flow) BeginRecovery(ctx context.Context, in BeginRecovery) (Attempt, error) {
	return Attempt{}, errStub
}

// RecoveryAttempt returns the attempt for the page that asks for the code.
func (f *Flow) RecoveryAttempt(ctx context.Context, b session.Browser, id idp.ProofID) (Attempt, error) {
	return Attempt{}, errStub
}

// ResendRecovery sends a new code; the one before is good no more.
func (f *Flow) ResendRecovery(ctx context.Context, b session.Browser, id idp.ProofID) (Attempt, error) {
	return Attempt{}, errStub
}

// ConfirmRecovery confirms the contact by its code.
func (f *Flow) ConfirmRecovery(ctx context.Context, b session.Browser, id idp.ProofID, code string) (Recovery, error) {
	return Recovery{}, errStub
}

// RecoveryLink says what the page shows that the link leads to.
func (f *Flow) RecoveryLink(ctx context.Context, b session.Browser, token string) (Landing, error) {
	return Landing{}, errStub
}

// PressRecoveryLink is the button of that page.
func (f *Flow) PressRecoveryLink(ctx context.Context, b session.Browser, token string) (Landing, error) {
	return Landing{}, errStub
}

// Recovery returns where a recovery with a confirmed contact stands.
func (f *Flow) Recovery(ctx context.Context, b session.Browser, id idp.ProofID) (Recovery, error) {
	return Recovery{}, errStub
}

// ResetPassword sets the new password, ends the account's other sessions and
// logs the person in.
// Errors: invalid (field "password", or "account" when none or a wrong one is
// chosen); expired; unavailable with "wait".
func (f *Flow) ResetPassword(ctx context.Context, in ResetPassword) (Recovered, error) {
	return Recovered{}, errStub
}

// SeedAccounts makes accounts without mail, their contacts taken as
// confirmed. Those whose contact is a login name already stay as they are.
func (f *Flow) SeedAccounts(ctx context.Context, seeds []Seed) ([]Seeded, error) {
	return nil, errStub
}
