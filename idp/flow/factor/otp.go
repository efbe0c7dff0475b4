package factor

import (
	"context"
	"crypto/hmac"
	"errors"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/authn/otp"
	"surety/idp/interaction"
	"surety/idp/session"
	"surety/idp/throttle"
)

var errNoApp = idp.E(idp.CodeNotFound, "error.otp.none")

// BeginOTP makes a secret for a new authenticator app. It changes nothing.
// Errors: ErrNobody, ErrAgain, ErrHasApp, unavailable.
func (f *Flow) BeginOTP(ctx context.Context, b session.Browser) (OTPScreen, error) {
	return f.otpScreen(ctx, b, func(interaction.Visitor) (attempt, error) {
		return attempt{Secret: otp.NewSecret(), ExpiresAt: f.p.Now().Add(attemptLife)}, nil
	})
}

// OTPAgain shows the same secret again, after a code that did not fit.
// Errors: as BeginOTP; ErrAttempt.
func (f *Flow) OTPAgain(ctx context.Context, b session.Browser, text string) (OTPScreen, error) {
	return f.otpScreen(ctx, b, func(v interaction.Visitor) (attempt, error) {
		a, _, err := f.open(addApp, place(b, v), text, f.p.Now())
		return a, err
	})
}

func (f *Flow) otpScreen(ctx context.Context, b session.Browser, secret func(interaction.Visitor) (attempt, error)) (OTPScreen, error) {
	v, err := f.person(ctx, b)
	if err != nil {
		return OTPScreen{}, err
	}
	var s OTPScreen
	if s.Bound, err = f.binding(ctx, b, v); err != nil {
		return OTPScreen{}, err
	}
	factors, err := f.p.Factors.Factors(ctx, nil, v.Account.ID)
	if err != nil {
		return OTPScreen{}, err
	}
	old, err := f.replaceable(v, factors)
	if err != nil {
		return OTPScreen{}, err
	}
	a, err := secret(v)
	if err != nil {
		return OTPScreen{}, err
	}
	person, err := f.p.People.Person(ctx, nil, v.Account.ID)
	if err != nil {
		return OTPScreen{}, err
	}
	card, err := otp.NewCard(a.Secret, f.config.Name, loginOf(person))
	if err != nil {
		return OTPScreen{}, err
	}
	s.Attempt, err = f.seal(addApp, place(b, v), a)
	s.Key, s.URI, s.QR, s.Replace = card.Key, card.URI, card.QR, old != ""
	return s, err
}

// replaceable returns the app that a new one would replace, if there is one.
// Errors: ErrHasApp, unavailable.
func (f *Flow) replaceable(v interaction.Visitor, factors []idp.Factor) (idp.CredentialID, error) {
	old, found := app(factors)
	if !found {
		return "", nil
	}
	ok, err := f.mayReplace(v, old)
	if err == nil && !ok {
		err = ErrHasApp
	}
	return old.ID, err
}

// loginOf is what an app shows beside its codes, for its owner to know which.
func loginOf(p idp.Person) string {
	if len(p.LoginNames) > 0 {
		return p.LoginNames[0]
	}
	return string(p.AccountID)
}

// AddOTP keeps the app if the code fits, and makes recovery codes.
// Errors: ErrNobody, ErrAgain, ErrHasApp, ErrAttempt; invalid (field "code"); unavailable.
func (f *Flow) AddOTP(ctx context.Context, in AddOTP) (Added, error) {
	now := f.p.Now()
	v, err := f.person(ctx, in.Browser)
	if err != nil {
		return Added{}, err
	}
	a, _, err := f.open(addApp, place(in.Browser, v), in.Attempt, now)
	if err != nil {
		return Added{}, err
	}
	step, err := otp.Check(a.Secret, in.Code, 0, now)
	if err != nil {
		return Added{}, err
	}
	var done Added
	err = f.p.InTx(ctx, func(ctx context.Context, tx idp.Tx) error {
		factors, err := f.p.Factors.Factors(ctx, tx, v.Account.ID)
		if err != nil {
			return err
		}
		old, err := f.replaceable(v, factors)
		if err != nil {
			return err
		}
		done, err = f.enrol(ctx, tx, now, enrolment{
			browser: in.Browser, visitor: v, replace: old,
			factor: idp.Factor{Method: assurance.MethodOTP, Secret: a.Secret, AMR: otp.AMR(), LastStep: step},
		})
		return err
	})
	return done, err
}

// UseOTP takes a code of the app or a recovery code.
// Errors: ErrNobody; not_found when there is no app; invalid or throttled
// with "wait" (field "code"); unavailable.
func (f *Flow) UseOTP(ctx context.Context, in UseOTP) (Used, error) {
	now := f.p.Now()
	v, err := f.person(ctx, in.Browser)
	if err != nil {
		return Used{}, err
	}
	recovery, isRecovery := otp.ReadRecoveryCode(in.Code)
	if !isRecovery && !otp.IsCode(otp.Clean(in.Code)) {
		return Used{}, otp.ErrShape // a slip: no try
	}
	var done Used
	var refused error
	err = f.p.InTx(ctx, func(ctx context.Context, tx idp.Tx) error {
		done, refused = Used{}, nil
		taken, err := f.takeTry(ctx, tx, now, throttle.ForCode("otp "+string(v.Account.ID)))
		if err != nil || taken != nil {
			refused = taken
			return err
		}
		factors, err := f.p.Factors.Factors(ctx, tx, v.Account.ID)
		if err != nil {
			return err
		}
		old, found := app(factors)
		if !found {
			return errNoApp
		}
		use := otpUse{browser: in.Browser, visitor: v, app: old, interaction: in.Interaction}
		if isRecovery {
			done, refused, err = f.useRecovery(ctx, tx, now, use, recovery)
		} else {
			done, refused, err = f.useApp(ctx, tx, now, use, in.Code)
		}
		return err
	})
	if err == nil {
		err = refused
	}
	return done, err
}

// otpUse is a code that is being compared, a try being taken.
type otpUse struct {
	browser     session.Browser
	visitor     interaction.Visitor
	app         idp.Factor
	interaction idp.InteractionID
}

func (f *Flow) useApp(ctx context.Context, tx idp.Tx, now time.Time, in otpUse, code string) (done Used, refused, err error) {
	step, err := otp.Check(in.app.Secret, code, in.app.LastStep, now)
	switch {
	case errors.Is(err, otp.ErrWrong), errors.Is(err, otp.ErrUsed):
		return Used{}, err, f.failed(ctx, tx, now, in.browser, in.visitor, assurance.MethodOTP, err)
	case err != nil:
		return Used{}, nil, err
	}
	done, ok, err := f.useFactor(ctx, tx, now, in, step, false)
	if err == nil && !ok { // somebody was first with this very code
		return Used{}, otp.ErrUsed, f.failed(ctx, tx, now, in.browser, in.visitor, assurance.MethodOTP, otp.ErrUsed)
	}
	return done, nil, err
}

func (f *Flow) useRecovery(ctx context.Context, tx idp.Tx, now time.Time, in otpUse, code string) (done Used, refused, err error) {
	account := in.visitor.Account.ID
	codes, err := f.p.Recovery.RecoveryCodes(ctx, tx, account)
	if err != nil {
		return Used{}, nil, err
	}
	for _, c := range codes {
		mac := f.recoveryMAC(account, c.ID, code)
		if !hmac.Equal(mac[:], c.MAC) {
			continue
		}
		if ok, err := f.p.Recovery.UseRecoveryCode(ctx, tx, account, c.ID, now); err != nil || !ok {
			return Used{}, otp.ErrWrong, err
		}
		done, ok, err := f.useFactor(ctx, tx, now, in, 0, true)
		if err == nil && !ok {
			err = ErrNobody // the account is no longer active
		}
		if err != nil {
			return Used{}, nil, err
		}
		done.Recovery, done.Left = true, len(codes)-1
		return done, nil, f.tell(ctx, tx, now, notice{
			kind: msgRecoveryUsed, key: c.ID, browser: in.browser, visitor: in.visitor, args: map[string]any{"count": done.Left},
		})
	}
	return Used{}, otp.ErrWrong, f.failed(ctx, tx, now, in.browser, in.visitor, assurance.MethodOTP, otp.ErrWrong)
}

// useFactor records the use of the app and adds it to the session.
func (f *Flow) useFactor(ctx context.Context, tx idp.Tx, now time.Time, in otpUse, step int64, recovery bool) (Used, bool, error) {
	if err := f.giveBack(ctx, tx, now, throttle.ForCode("otp "+string(in.visitor.Account.ID))); err != nil {
		return Used{}, false, err
	}
	var err error
	if in.app.BoundLevel, err = f.raised(in.visitor, in.app.BoundLevel, usesOf(in.app.ID)); err != nil {
		return Used{}, false, err
	}
	if ok, err := f.p.Factors.UseFactor(ctx, tx, in.app, step, now); err != nil || !ok {
		return Used{}, ok, err
	}
	done := Used{Arrived: Arrived{Interaction: in.interaction}}
	done.Ticket, err = f.goOn(ctx, tx, now, in.browser, in.visitor, otp.Use(in.app, recovery, now))
	return done, true, err
}

// NewRecoveryCodes makes ten new recovery codes; those before are good no more.
// Errors: ErrNobody, ErrAgain, ErrHasApp; not_found when there is no app; unavailable.
func (f *Flow) NewRecoveryCodes(ctx context.Context, b session.Browser) ([]string, error) {
	now := f.p.Now()
	v, err := f.person(ctx, b)
	if err != nil {
		return nil, err
	}
	if _, _, err := f.bound(v, ""); err != nil {
		return nil, err
	}
	var codes []string
	err = f.p.InTx(ctx, func(ctx context.Context, tx idp.Tx) error {
		factors, err := f.p.Factors.Factors(ctx, tx, v.Account.ID)
		if err != nil {
			return err
		}
		if id, err := f.replaceable(v, factors); err != nil || id == "" {
			return orNoApp(err)
		}
		if codes, err = f.writeRecovery(ctx, tx, now, v.Account.ID); err != nil {
			return err
		}
		if err := f.p.Audit.Append(ctx, tx, now, event("recovery_codes.made", b, v, nil)); err != nil {
			return err
		}
		return f.tell(ctx, tx, now, notice{kind: msgRecoveryMade, key: idp.NewID(), browser: b, visitor: v})
	})
	return codes, err
}

func orNoApp(err error) error {
	if err == nil {
		return errNoApp
	}
	return err
}

// writeRecovery makes new recovery codes and keeps what recognises them.
func (f *Flow) writeRecovery(ctx context.Context, tx idp.Tx, now time.Time, account idp.AccountID) ([]string, error) {
	codes, kept := make([]string, otp.RecoveryCodes), make([]idp.RecoveryCode, otp.RecoveryCodes)
	for i := range codes {
		codes[i] = otp.NewRecoveryCode()
		plain, _ := otp.ReadRecoveryCode(codes[i])
		id := idp.NewID()
		mac := f.recoveryMAC(account, id, plain)
		kept[i] = idp.RecoveryCode{ID: id, MAC: mac[:]}
	}
	return codes, f.p.Recovery.ReplaceRecoveryCodes(ctx, tx, account, kept, now)
}

// recoveryMAC is the form in which a recovery code is kept: a row that is
// copied to another account recognises nothing there.
func (f *Flow) recoveryMAC(account idp.AccountID, id, code string) [32]byte {
	return f.p.Ring.MAC("recovery code", []byte(account), []byte(id), []byte(code))
}
