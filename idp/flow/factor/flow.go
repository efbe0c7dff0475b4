package factor

import (
	"context"
	"errors"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/session"
)

// Flow is the use cases. Make it with New; safe for concurrent use.
type Flow struct{}

var errSoon = errors.New("not made yet")

// Methods returns what the page of the person's ways to log in shows.
// Errors: ErrNobody, unavailable.
func (f *Flow) Methods(ctx context.Context, b session.Browser) (Overview, error) {
	return Overview{}, errSoon
}

// BeginOTP makes a secret for a new authenticator app. It changes nothing.
// Errors: ErrNobody, ErrAgain, ErrHasApp, unavailable.
func (f *Flow) BeginOTP(ctx context.Context, b session.Browser) (OTPScreen, error) {
	return OTPScreen{}, errSoon
}

// OTPAgain shows the same secret again, after a code that did not fit.
// Errors: as BeginOTP; ErrAttempt.
func (f *Flow) OTPAgain(ctx context.Context, b session.Browser, attempt string) (OTPScreen, error) {
	return OTPScreen{}, errSoon
}

// AddOTP keeps the app if the code fits, and makes recovery codes.
// Errors: ErrNobody, ErrAgain, ErrHasApp, ErrAttempt; invalid (field "code"); unavailable.
func (f *Flow) AddOTP(ctx context.Context, in AddOTP) (Added, error) { return Added{}, errSoon }

// NewRecoveryCodes makes ten new recovery codes; those before are good no more.
// Errors: ErrNobody, ErrAgain; not_found when there is no app; unavailable.
func (f *Flow) NewRecoveryCodes(ctx context.Context, b session.Browser) ([]string, error) {
	return nil, errSoon
}

// BeginPasskey asks for a new passkey. It changes nothing.
// Errors: ErrNobody, ErrAgain; conflict when there are as many as may be; unavailable.
func (f *Flow) BeginPasskey(ctx context.Context, b session.Browser) (NewPasskey, error) {
	return NewPasskey{}, errSoon
}

// AddPasskey keeps the new passkey.
// Errors: ErrNobody, ErrAgain, ErrAttempt; invalid (field "passkey", or "name"); conflict; unavailable.
func (f *Flow) AddPasskey(ctx context.Context, in AddPasskey) (Added, error) { return Added{}, errSoon }

// SendBindCode sends a code to one of the person's Anchors, so that the method
// that is added next in this session counts fully.
// Errors: ErrNobody, ErrAgain; not_found; throttled with "wait"; unavailable.
func (f *Flow) SendBindCode(ctx context.Context, b session.Browser, contact idp.ContactID) (Sent, error) {
	return Sent{}, errSoon
}

// BindCode returns a code that was sent so. Errors: ErrNobody; ErrAttempt; unavailable.
func (f *Flow) BindCode(ctx context.Context, b session.Browser, id CodeID) (Sent, error) {
	return Sent{}, errSoon
}

// ResendBindCode sends a new one; the one before is good no more.
// Errors: as SendBindCode; ErrAttempt.
func (f *Flow) ResendBindCode(ctx context.Context, b session.Browser, id CodeID) (Sent, error) {
	return Sent{}, errSoon
}

// ConfirmBindCode takes the code. For ten minutes the next method that is
// added in this session is bound to the contact instead of limited.
// Errors: ErrNobody; ErrAttempt; invalid, expired or throttled (field "code"); unavailable.
func (f *Flow) ConfirmBindCode(ctx context.Context, in TypedCode) error { return errSoon }

// UseOTP takes a code of the app or a recovery code.
// Errors: ErrNobody; not_found when there is no app; invalid or throttled
// with "wait" (field "code"); unavailable.
func (f *Flow) UseOTP(ctx context.Context, in UseOTP) (Used, error) { return Used{}, errSoon }

// SendSMS sends a code to a confirmed phone of the person, to log in by.
// Errors: ErrNobody; not_found; throttled with "wait"; unavailable.
func (f *Flow) SendSMS(ctx context.Context, b session.Browser, contact idp.ContactID, i idp.InteractionID) (Sent, error) {
	return Sent{}, errSoon
}

// SMS returns a code that was sent so. Errors: ErrNobody; ErrAttempt; unavailable.
func (f *Flow) SMS(ctx context.Context, b session.Browser, id CodeID) (Sent, error) {
	return Sent{}, errSoon
}

// ResendSMS sends a new one; the one before is good no more.
// Errors: as SendSMS; ErrAttempt.
func (f *Flow) ResendSMS(ctx context.Context, b session.Browser, id CodeID) (Sent, error) {
	return Sent{}, errSoon
}

// UseSMS takes the code.
// Errors: ErrNobody; ErrAttempt; invalid, expired or throttled (field "code"); unavailable.
func (f *Flow) UseSMS(ctx context.Context, in TypedCode) (Arrived, error) { return Arrived{}, errSoon }

// AskPasskey asks for a passkey of the person who is logged in.
// Errors: ErrNobody, unavailable.
func (f *Flow) AskPasskey(ctx context.Context, b session.Browser) (Question, error) {
	return Question{}, errSoon
}

// UsePasskey takes the answer. A passkey of another account is refused.
// Errors: ErrNobody; ErrAttempt; invalid (field "passkey"); unavailable.
func (f *Flow) UsePasskey(ctx context.Context, in UsePasskey) (Arrived, error) {
	return Arrived{}, errSoon
}

// AskToSignIn asks for any passkey of ours; whose is for the answer to say.
// Errors: forbidden when the browser has no cookie; unavailable.
func (f *Flow) AskToSignIn(ctx context.Context, b session.Browser) (Question, error) {
	return Question{}, errSoon
}

// SignInByPasskey takes the answer and logs the person in.
// Errors: signin.ErrElsewhere; ErrAttempt; invalid (field "passkey"), also
// when nobody has it; forbidden when the account is frozen or closed; unavailable.
func (f *Flow) SignInByPasskey(ctx context.Context, in UsePasskey) (Arrived, error) {
	return Arrived{}, errSoon
}

// BeginSMSSignIn sends a code to the number, or, when nobody logs in with it,
// a message that says so; the answer is the same.
// Errors: signin.ErrElsewhere; invalid (field "phone"); throttled with "wait";
// forbidden when the browser has no cookie; unavailable.
func (f *Flow) BeginSMSSignIn(ctx context.Context, in BeginSMS) (Sent, error) { return Sent{}, errSoon }

// SMSSignIn returns a code that was sent so. Errors: ErrAttempt; unavailable.
func (f *Flow) SMSSignIn(ctx context.Context, b session.Browser, id CodeID) (Sent, error) {
	return Sent{}, errSoon
}

// ResendSMSSignIn sends a new one; the one before is good no more.
// Errors: ErrAttempt; throttled with "wait"; unavailable.
func (f *Flow) ResendSMSSignIn(ctx context.Context, b session.Browser, id CodeID) (Sent, error) {
	return Sent{}, errSoon
}

// SignInBySMS takes the code and logs the person in.
// Errors: signin.ErrElsewhere; ErrAttempt; invalid, expired or throttled
// (field "code"); unavailable.
func (f *Flow) SignInBySMS(ctx context.Context, in TypedCode) (Arrived, error) {
	return Arrived{}, errSoon
}

// Rename gives a passkey another name.
// Errors: ErrNobody; not_found; invalid (field "name"); unavailable.
func (f *Flow) Rename(ctx context.Context, b session.Browser, id idp.CredentialID, name string) error {
	return errSoon
}

// Removal says what removing a method means. Errors: ErrNobody; not_found; unavailable.
func (f *Flow) Removal(ctx context.Context, b session.Browser, id idp.CredentialID) (Removal, error) {
	return Removal{}, errSoon
}

// Remove removes a method, and its uses from every session and grant.
// Errors: ErrNobody, ErrAgain, ErrLast; not_found; unavailable.
func (f *Flow) Remove(ctx context.Context, in Remove) (Removed, error) { return Removed{}, errSoon }

var (
	_ = time.Second
	_ assurance.LevelName
)
