package signin

import (
	"context"
	"encoding/base64"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/audit"
	"surety/idp/authn/password"
	"surety/idp/interaction"
	"surety/idp/message"
	"surety/idp/session"
	"surety/idp/throttle"
)

// msgNewDevice tells all contacts of a log-in in a browser that the account
// does not know: Time, Device, Link to the recovery.
const msgNewDevice = "new_login"

// signInSteps are those at which somebody may log in: also at a step-up, where
// a password may be the first of two things that are missing.
var signInSteps = []interaction.StepKind{interaction.StepSignIn, interaction.StepSelectAccount, interaction.StepStepUp}

// LogInScreen says what the log-in page shows. id is empty outside a request.
// Errors: ErrElsewhere, not_found, expired, unavailable.
func (f *Flow) LogInScreen(ctx context.Context, b session.Browser, id idp.InteractionID) (LogInScreen, error) {
	p, err := f.at(ctx, b, id, signInSteps...)
	if err != nil {
		return LogInScreen{}, err
	}
	return LogInScreen{
		Client: p.client, LoginHint: p.interaction.Request.LoginHint, Reason: p.step.Reason,
		Again: p.step.Reason == interaction.ReasonAgain,
	}, nil
}

// LogIn logs in by password.
//
// Errors: ErrElsewhere; invalid for a wrong login or password, whichever;
// throttled with the argument "wait" (time.Duration); unavailable with "wait"
// when the hash queue is full; forbidden when the account is frozen or closed
// (said only to who has the password).
func (f *Flow) LogIn(ctx context.Context, in LogIn) (session.Ticket, error) {
	switch {
	case in.Login == "":
		return session.Ticket{}, idp.E(idp.CodeInvalid, "error.login.required").In("login")
	case in.Password == "":
		return session.Ticket{}, idp.E(idp.CodeInvalid, "error.password.required").In("password")
	}
	if in.Interaction != "" {
		if _, err := f.at(ctx, in.Browser, in.Interaction, signInSteps...); err != nil {
			return session.Ticket{}, err
		}
	}
	in.Browser.Source = throttle.Source(in.Browser.Source)
	now, key := f.p.Now(), f.config.Contacts.LoginKey(in.Login)
	l, limits, err := f.admit(ctx, now, key, in.Browser)
	if err != nil {
		return session.Ticket{}, err
	}
	use, err := f.p.Passwords.Verify(ctx, now, in.Browser.Source, in.Password, l.Credential)
	switch idp.CodeOf(err) {
	case "":
		if err != nil {
			return session.Ticket{}, err
		}
	case idp.CodeInvalid:
		return session.Ticket{}, f.refuse(ctx, now, l, in.Browser, err)
	default: // busy: no password was compared, so no try was made
		return session.Ticket{}, f.giveBack(ctx, now, limits, err)
	}
	if !l.Account.Usable() {
		return session.Ticket{}, f.refuse(ctx, now, l, in.Browser, idp.E(idp.CodeForbidden, "error.account."+string(l.Account.State)))
	}
	return f.enter(ctx, now, in, entry{key: key, login: l, limits: limits, use: use, verifier: f.rehash(ctx, in, l)})
}

// admit finds the login and takes a try, before any hash is computed. It does
// the same for a login name that nobody has.
func (f *Flow) admit(ctx context.Context, now time.Time, key string, b session.Browser) (idp.Login, []throttle.Counter, error) {
	var l idp.Login
	var limits []throttle.Counter
	err := f.p.InTx(ctx, func(ctx context.Context, tx idp.Tx) error {
		var err error
		if l, err = f.p.Logins.FindLogin(ctx, tx, key, b.Hash); err != nil {
			return err
		}
		limits = throttle.ForPassword(key, b.Source, b.Hash, l.KnownDevice && b.Bound())
		return f.p.Throttles.ChangeTries(ctx, tx, f.keys(limits), now, func(states []throttle.State) ([]throttle.State, error) {
			return throttle.Take(limits, states, now)
		})
	})
	return l, limits, err
}

// refuse records a failed log-in and returns why it failed.
func (f *Flow) refuse(ctx context.Context, now time.Time, l idp.Login, b session.Browser, why error) error {
	err := f.p.InTx(ctx, func(ctx context.Context, tx idp.Tx) error {
		return f.p.Audit.Append(ctx, tx, now, audit.Event{
			Type: "login.failed", AccountID: l.Account.ID,
			Attrs:    map[string]string{"method": string(assurance.MethodPassword), "reason": string(idp.CodeOf(why))},
			Personal: personal(b),
		})
	})
	if err != nil {
		return err
	}
	return why
}

// giveBack returns the try of a log-in that never got to be compared.
func (f *Flow) giveBack(ctx context.Context, now time.Time, limits []throttle.Counter, why error) error {
	err := f.p.InTx(context.WithoutCancel(ctx), func(ctx context.Context, tx idp.Tx) error {
		return f.p.Throttles.ChangeTries(ctx, tx, f.keys(limits), now, func(states []throttle.State) ([]throttle.State, error) {
			return throttle.GiveBack(limits, states), nil
		})
	})
	if err != nil {
		return err
	}
	return why
}

func (f *Flow) succeed(ctx context.Context, tx idp.Tx, now time.Time, limits []throttle.Counter) error {
	return f.p.Throttles.ChangeTries(ctx, tx, f.keys(limits), now, func(states []throttle.State) ([]throttle.State, error) {
		return throttle.Success(limits, states), nil
	})
}

func (f *Flow) keys(limits []throttle.Counter) [][32]byte {
	keys := make([][32]byte, len(limits))
	for i, c := range limits {
		keys[i] = c.Key(f.p.Fingerprint)
	}
	return keys
}

// rehash returns a verifier with the parameters of today, or "" when the one
// there is has them. If the queue is full the next log-in will do.
func (f *Flow) rehash(ctx context.Context, in LogIn, l idp.Login) string {
	if !f.p.Passwords.NeedsRehash(l.Credential.Verifier) {
		return ""
	}
	verifier, err := f.p.Passwords.Hash(ctx, in.Browser.Source, in.Password)
	if err != nil {
		return ""
	}
	return verifier
}

// entry is a log-in whose password was right.
type entry struct {
	key      string // of the login name
	login    idp.Login
	limits   []throttle.Counter
	use      assurance.Use
	verifier string // replaces the one there is; may be empty
}

// enter opens the session, unless the password was changed while it was being
// compared: whoever reset it has ended all sessions, and this would be one more.
func (f *Flow) enter(ctx context.Context, now time.Time, in LogIn, e entry) (session.Ticket, error) {
	var ticket session.Ticket
	account := e.login.Account.ID
	err := f.p.InTx(ctx, func(ctx context.Context, tx idp.Tx) error {
		ok, err := f.p.Logins.LoginUsed(ctx, tx, e.login.Credential, e.key, e.verifier, now)
		if err != nil {
			return err
		}
		if !ok {
			return password.ErrWrong
		}
		if err := f.succeed(ctx, tx, now, e.limits); err != nil {
			return err
		}
		ticket, err = f.Begin(ctx, tx, now, session.Arrival{AccountID: account, Use: e.use, Browser: in.Browser, Shared: in.Shared})
		if err != nil || e.login.KnownDevice {
			return err
		}
		return f.warn(ctx, tx, now, e.login.Account, in.Browser)
	})
	return ticket, err
}

// warn tells all contacts that somebody logged in in a browser that the
// account does not know. The same kind of browser at the same address is told
// once an hour: private windows, which forget who they are, would otherwise
// bury the one message that matters.
func (f *Flow) warn(ctx context.Context, tx idp.Tx, now time.Time, a idp.Account, b session.Browser) error {
	person, err := f.p.People.Person(ctx, tx, a.ID)
	if err != nil {
		return err
	}
	seen := f.p.Fingerprint("device notice", []byte(a.ID), []byte(b.Device().Name()), []byte(throttle.Source(b.Source)),
		[]byte(now.UTC().Format("2006-01-02T15")))
	event := base64.RawURLEncoding.EncodeToString(seen[:])
	for _, c := range person.Contacts {
		err := f.messages().Send(ctx, tx, now, message.Message{
			Key: "device/" + event + "/" + string(c.ID), Kind: msgNewDevice, Via: c.Kind, To: c.Value, Lang: a.Language, Account: a.ID,
			Args: map[string]any{"Time": now, "Device": b.Device().Name(), "Link": f.config.Issuer + "/recover"},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Forgive forgets the failures of these login names from this browser and its
// source: their person has just proven to be themselves. What others used up
// elsewhere stays.
func (f *Flow) Forgive(ctx context.Context, tx idp.Tx, now time.Time, b session.Browser, logins ...string) error {
	var own []throttle.Counter
	for _, login := range logins {
		key, source := f.config.Contacts.LoginKey(login), throttle.Source(b.Source)
		own = append(own, throttle.ForPassword(key, source, b.Hash, true)...)
		own = append(own, throttle.ForPassword(key, source, b.Hash, false)[0]) // the second is everybody's
	}
	if len(own) == 0 {
		return nil
	}
	return f.p.Throttles.ChangeTries(ctx, tx, f.keys(own), now, func(states []throttle.State) ([]throttle.State, error) {
		return make([]throttle.State, len(states)), nil
	})
}
