package factor

import (
	"context"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/audit"
	"surety/idp/contact"
	"surety/idp/session"
	"surety/idp/throttle"
)

var (
	errNoPhone   = idp.E(idp.CodeInvalid, "error.phone.required").In("phone")
	errNoBrowser = idp.E(idp.CodeForbidden, "error.form")
)

func isPhone(c idp.Contact) bool { return c.Kind == idp.ContactPhone && !c.ConfirmedAt.IsZero() }

// SendSMS sends a code to a confirmed phone of the person, to log in by.
// Errors: ErrNobody; not_found; throttled with "wait"; unavailable.
func (f *Flow) SendSMS(ctx context.Context, b session.Browser, contact idp.ContactID, i idp.InteractionID) (Sent, error) {
	v, err := f.person(ctx, b)
	if err != nil {
		return Sent{}, err
	}
	c, err := f.own(ctx, nil, v, contact, isPhone)
	if err != nil {
		return Sent{}, err
	}
	return f.toContact(ctx, b, v, idp.CodeToLogIn, i, c)
}

// SMS returns a code that was sent so. Errors: ErrNobody; ErrAttempt; unavailable.
func (f *Flow) SMS(ctx context.Context, b session.Browser, id CodeID) (Sent, error) {
	return f.shownCode(ctx, b, idp.CodeToLogIn, id)
}

// ResendSMS sends a new one; the one before is good no more.
// Errors: as SendSMS; ErrAttempt.
func (f *Flow) ResendSMS(ctx context.Context, b session.Browser, id CodeID) (Sent, error) {
	return f.resend(ctx, b, idp.CodeToLogIn, id)
}

// UseSMS takes the code.
// Errors: ErrNobody; ErrAttempt; invalid, expired or throttled (field "code"); unavailable.
func (f *Flow) UseSMS(ctx context.Context, in TypedCode) (Arrived, error) {
	v, err := f.person(ctx, in.Browser)
	if err != nil {
		return Arrived{}, err
	}
	now := f.p.Now()
	var done Arrived
	err = f.check(ctx, now, f.typedHere(idp.CodeToLogIn, in, v), func(ctx context.Context, tx idp.Tx, c idp.ContactCode) error {
		phone, err := f.own(ctx, tx, v, c.ContactID, isPhone)
		if err != nil {
			return err
		}
		bound, err := f.raised(v, phone.BoundLevel, usesThrough(phone.ID))
		if err != nil {
			return err
		}
		if ok, err := f.p.Phones.UsePhone(ctx, tx, v.Account.ID, phone.ID, bound, now); err != nil || !ok {
			return orNobody(err)
		}
		done.Interaction = c.Form.InteractionID
		done.Ticket, err = f.goOn(ctx, tx, now, in.Browser, v, smsUse(phone.ID, bound, now))
		return err
	})
	return done, err
}

// smsUse is a log-in by a code: it shows who holds the telephone, and nothing else.
func smsUse(phone idp.ContactID, bound assurance.LevelName, now time.Time) assurance.Use {
	return assurance.Use{
		Method: assurance.MethodSMS, At: now, AMR: []string{"sms"}, DependsOn: []assurance.ContactID{phone}, BoundLevel: bound,
	}
}

func orNobody(err error) error {
	if err == nil {
		return ErrNobody
	}
	return err
}

// BeginSMSSignIn sends a code to the number, or, when nobody logs in with it,
// a message that says so; the answer is the same.
// Errors: signin.ErrElsewhere; invalid (field "phone"); throttled with "wait";
// forbidden when the browser has no cookie; unavailable.
func (f *Flow) BeginSMSSignIn(ctx context.Context, in BeginSMS) (Sent, error) {
	if !in.Browser.Bound() {
		return Sent{}, errNoBrowser
	}
	if !idp.ValidID(string(in.Interaction)) {
		in.Interaction = ""
	}
	if err := f.p.Arrivals.MayLogIn(ctx, in.Browser, in.Interaction); err != nil {
		return Sent{}, err
	}
	c, err := f.config.Contacts.Parse(in.Phone)
	switch {
	case err != nil:
		return Sent{}, blame(err, "phone")
	case c.Kind != contact.Phone:
		return Sent{}, errNoPhone
	}
	now := f.p.Now()
	code := newCode(idp.CodeToSignIn, in.Browser.Hash, idp.CodeForm{
		To: c.Value, Display: c.Display, Key: c.Key(), Kind: c.Kind, Language: in.Browser.Language,
		InteractionID: in.Interaction, Shared: in.Shared,
	}, now)
	err = f.p.InTx(ctx, func(ctx context.Context, tx idp.Tx) error {
		e, err := f.p.Phones.PhoneLogin(ctx, tx, code.Form.Key, in.Browser.Hash, now.Add(-phoneIdle))
		if err != nil {
			return err
		}
		if e.Account.Usable() {
			code.AccountID, code.ContactID = e.Account.ID, e.Contact
		}
		return f.begin(ctx, tx, now, in.Browser, code)
	})
	if err != nil {
		return Sent{}, err
	}
	return f.sent(code, now), nil
}

// SMSSignIn returns a code that was sent so. Errors: ErrAttempt; unavailable.
func (f *Flow) SMSSignIn(ctx context.Context, b session.Browser, id CodeID) (Sent, error) {
	if !b.Bound() {
		return Sent{}, ErrAttempt
	}
	now := f.p.Now()
	c, err := f.live(ctx, idp.CodeToSignIn, b.Hash, id, now)
	return f.sent(c, now), err
}

// ResendSMSSignIn sends a new one; the one before is good no more.
// Errors: ErrAttempt; throttled with "wait"; unavailable.
func (f *Flow) ResendSMSSignIn(ctx context.Context, b session.Browser, id CodeID) (Sent, error) {
	if !b.Bound() {
		return Sent{}, ErrAttempt
	}
	return f.again(ctx, b, idp.CodeToSignIn, b.Hash, id)
}

// SignInBySMS takes the code and logs the person in.
// Errors: signin.ErrElsewhere; ErrAttempt; invalid, expired or throttled
// (field "code"); unavailable.
func (f *Flow) SignInBySMS(ctx context.Context, in TypedCode) (Arrived, error) {
	if !in.Browser.Bound() {
		return Arrived{}, ErrAttempt
	}
	now := f.p.Now()
	c, err := f.live(ctx, idp.CodeToSignIn, in.Browser.Hash, in.ID, now)
	if err != nil {
		return Arrived{}, err
	}
	if err := f.p.Arrivals.MayLogIn(ctx, in.Browser, c.Form.InteractionID); err != nil {
		return Arrived{}, err
	}
	done := Arrived{Interaction: c.Form.InteractionID}
	err = f.check(ctx, now, f.signingIn(in), func(ctx context.Context, tx idp.Tx, c idp.ContactCode) error {
		e, err := f.p.Phones.PhoneLogin(ctx, tx, c.Form.Key, in.Browser.Hash, now.Add(-phoneIdle))
		if err != nil {
			return err
		}
		if e.Account.ID != c.AccountID || e.Contact != c.ContactID {
			return ErrAttempt // the number has gone to somebody else since
		}
		if ok, err := f.p.Phones.UsePhone(ctx, tx, e.Account.ID, e.Contact, e.BoundLevel, now); err != nil || !ok {
			return orAttempt(err)
		}
		done.Ticket, err = f.p.Arrivals.Arrive(ctx, tx, now, e.Account, e.KnownDevice, session.Arrival{
			AccountID: e.Account.ID, Browser: in.Browser, Shared: c.Form.Shared, Use: smsUse(e.Contact, e.BoundLevel, now),
		})
		return err
	})
	return done, err
}

// signingIn is a code that somebody typed who is nobody yet. Wrong ones count
// for the number, whether anybody logs in with it or not.
func (f *Flow) signingIn(in TypedCode) typed {
	return typed{
		purpose: idp.CodeToSignIn, place: in.Browser.Hash, id: in.ID, digits: in.Code,
		limits: func(c idp.ContactCode) []throttle.Counter { return throttle.ForCode(c.Form.Key) },
		failed: func(ctx context.Context, tx idp.Tx, c idp.ContactCode, why error) error {
			d := in.Browser.Device()
			return f.p.Audit.Append(ctx, tx, f.p.Now(), audit.Event{
				Type: "login.failed", AccountID: c.AccountID,
				Attrs:    map[string]string{"method": string(assurance.MethodSMS), "reason": reason(why)},
				Personal: map[string]string{"source": d.Source, "user_agent": d.UserAgent},
			})
		},
	}
}
