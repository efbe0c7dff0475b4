package factor

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"surety/assurance"
	"surety/idp"
	"surety/idp/audit"
	"surety/idp/authn/passkey"
	"surety/idp/interaction"
	"surety/idp/session"
)

var (
	errFull = idp.E(idp.CodeConflict, "error.passkey.full")
	errName = idp.E(idp.CodeInvalid, "error.passkey.name").In("name")
	// errNoPasskeys is a wiring without passkeys: the issuer's host is an address.
	errNoPasskeys = idp.E(idp.CodeUnavailable, "error.unavailable").Because(errors.New("passkeys need an issuer whose host is a name"))
	errOthers     = errors.New("the passkey is another account's")
	errStranger   = errors.New("nobody has this passkey")
)

// BeginPasskey asks for a new passkey. It changes nothing.
// Errors: ErrNobody, ErrAgain; conflict when there are as many as may be; unavailable.
func (f *Flow) BeginPasskey(ctx context.Context, b session.Browser) (NewPasskey, error) {
	v, err := f.person(ctx, b)
	if err != nil {
		return NewPasskey{}, err
	}
	if f.p.Passkeys == nil {
		return NewPasskey{}, errNoPasskeys
	}
	q := NewPasskey{Suggested: b.Device().Name()}
	if q.Bound, err = f.binding(ctx, b, v); err != nil {
		return NewPasskey{}, err
	}
	factors, err := f.p.Factors.Factors(ctx, nil, v.Account.ID)
	if err != nil {
		return NewPasskey{}, err
	}
	have, err := keysOf(factors)
	if err != nil {
		return NewPasskey{}, err
	}
	person, err := f.p.People.Person(ctx, nil, v.Account.ID)
	if err != nil {
		return NewPasskey{}, err
	}
	options, state, err := f.p.Passkeys.Register(passkey.User{Handle: f.handle(v.Account.ID), Name: loginOf(person), Have: have})
	if err != nil {
		return NewPasskey{}, err
	}
	q.Options = options
	q.Attempt, err = f.seal(addPasskey, place(b, v), attempt{State: state, ExpiresAt: f.p.Now().Add(attemptLife)})
	return q, err
}

// handle is the account's name towards authenticators, which give it away
// without asking: the same for all its passkeys, so that a device knows them
// for one person's, and telling nothing to anybody else.
func (f *Flow) handle(account idp.AccountID) []byte {
	mac := f.p.Ring.MAC("passkey user handle", []byte(account))
	return mac[:]
}

// keysOf lists the ids of the account's passkeys. Errors: conflict when there
// are as many as may be.
func keysOf(factors []idp.Factor) ([][]byte, error) {
	var ids [][]byte
	for _, x := range factors {
		if x.Method != assurance.MethodPasskey {
			continue
		}
		kept, err := passkey.Kept(x)
		if err != nil {
			return nil, err
		}
		ids = append(ids, kept.ID)
	}
	if len(ids) >= maxPasskeys {
		return nil, errFull
	}
	return ids, nil
}

// AddPasskey keeps the new passkey.
// Errors: ErrNobody, ErrAgain, ErrAttempt; invalid (field "passkey", or "name"); conflict; unavailable.
func (f *Flow) AddPasskey(ctx context.Context, in AddPasskey) (Added, error) {
	now := f.p.Now()
	v, err := f.person(ctx, in.Browser)
	if err != nil {
		return Added{}, err
	}
	if f.p.Passkeys == nil {
		return Added{}, errNoPasskeys
	}
	name, err := cleanName(in.Name)
	if err != nil {
		return Added{}, err
	}
	a, hash, err := f.open(addPasskey, place(in.Browser, v), in.Attempt, now)
	if err != nil {
		return Added{}, err
	}
	made, err := f.p.Passkeys.Registered(a.State, in.Answer)
	if err != nil {
		return Added{}, blame(err, "passkey")
	}
	kept, err := passkey.Keep(idp.Factor{Name: name}, made)
	if err != nil {
		return Added{}, err
	}
	var done Added
	err = f.p.InTx(ctx, func(ctx context.Context, tx idp.Tx) error {
		factors, err := f.p.Factors.Factors(ctx, tx, v.Account.ID)
		if err != nil {
			return err
		}
		if _, err := keysOf(factors); err != nil {
			return err
		}
		if err := f.p.Factors.Answer(ctx, tx, hash, a.ExpiresAt); err != nil {
			return orUsed(err)
		}
		done, err = f.enrol(ctx, tx, now, enrolment{browser: in.Browser, visitor: v, factor: kept})
		return err
	})
	return done, err
}

// orUsed is ErrAttempt for a challenge that was answered before.
func orUsed(err error) error {
	if idp.CodeOf(err) == idp.CodeExpired {
		return ErrAttempt.Because(err)
	}
	return err
}

// cleanName is a name as it is kept; empty is a name that the pages make up.
func cleanName(typed string) (string, error) {
	if len(typed) > 4*maxName || !utf8.ValidString(typed) {
		return "", errName
	}
	name := strings.Join(strings.Fields(typed), " ")
	if utf8.RuneCountInString(name) > maxName || strings.ContainsFunc(name, unicode.IsControl) {
		return "", errName
	}
	return name, nil
}

// AskPasskey asks for a passkey of the person who is logged in.
// Errors: ErrNobody, unavailable.
func (f *Flow) AskPasskey(ctx context.Context, b session.Browser) (Question, error) {
	v, err := f.person(ctx, b)
	if err != nil {
		return Question{}, err
	}
	return f.ask(askPasskey, place(b, v))
}

// AskToSignIn asks for any passkey of ours; whose is for the answer to say.
// Errors: forbidden when the browser has no cookie; unavailable.
func (f *Flow) AskToSignIn(_ context.Context, b session.Browser) (Question, error) {
	if !b.Bound() {
		return Question{}, errNoBrowser
	}
	return f.ask(signIn, b.Hash)
}

func (f *Flow) ask(k kind, place [32]byte) (Question, error) {
	if f.p.Passkeys == nil {
		return Question{}, errNoPasskeys
	}
	options, state, err := f.p.Passkeys.Ask()
	if err != nil {
		return Question{}, err
	}
	text, err := f.seal(k, place, attempt{State: state, ExpiresAt: f.p.Now().Add(attemptLife)})
	return Question{Options: options, Attempt: text}, err
}

// answered is a passkey that has answered our question.
type answered struct {
	entrance idp.Entrance
	factor   idp.Factor // with its record as it is now
}

// answer checks the answer to a question and takes its challenge.
// Errors: ErrAnswer with the cause, for whatever is wrong with it; ErrAttempt.
func (f *Flow) answer(ctx context.Context, tx idp.Tx, now time.Time, b session.Browser, a attempt, hash [32]byte, text []byte) (answered, error) {
	var x answered
	key, err := f.p.Passkeys.CredentialID(text)
	if err != nil {
		return x, err
	}
	var id idp.CredentialID
	if x.entrance, id, err = f.p.Factors.Passkey(ctx, tx, key, b.Hash); err != nil {
		return x, err
	}
	if !x.entrance.Found() {
		return x, passkey.ErrAnswer.Because(errStranger)
	}
	factors, err := f.p.Factors.Factors(ctx, tx, x.entrance.Account.ID)
	if err != nil {
		return x, err
	}
	n := slices.IndexFunc(factors, func(y idp.Factor) bool { return y.ID == id })
	if n < 0 {
		return x, passkey.ErrAnswer.Because(errStranger) // removed a moment ago
	}
	kept, err := passkey.Kept(factors[n])
	if err != nil {
		return x, err
	}
	if kept, _, err = f.p.Passkeys.Asked(now, a.State, text, kept); err != nil {
		return x, err
	}
	if x.factor, err = passkey.Keep(factors[n], kept); err != nil {
		return x, err
	}
	return x, orUsed(f.p.Factors.Answer(ctx, tx, hash, a.ExpiresAt))
}

// UsePasskey takes the answer. A passkey of another account is refused.
// Errors: ErrNobody; ErrAttempt; invalid (field "passkey"); unavailable.
func (f *Flow) UsePasskey(ctx context.Context, in UsePasskey) (Arrived, error) {
	now := f.p.Now()
	v, err := f.person(ctx, in.Browser)
	if err != nil {
		return Arrived{}, err
	}
	a, hash, err := f.open(askPasskey, place(in.Browser, v), in.Attempt, now)
	if err != nil {
		return Arrived{}, err
	}
	done := Arrived{Interaction: in.Interaction}
	err = f.p.InTx(ctx, func(ctx context.Context, tx idp.Tx) error {
		x, err := f.answer(ctx, tx, now, in.Browser, a, hash, in.Answer)
		if err != nil {
			return err
		}
		if x.entrance.Account.ID != v.Account.ID {
			return passkey.ErrAnswer.Because(errOthers)
		}
		if x.factor.BoundLevel, err = f.raised(v, x.factor.BoundLevel, usesOf(x.factor.ID)); err != nil {
			return err
		}
		if ok, err := f.p.Factors.UseFactor(ctx, tx, x.factor, 0, now); err != nil || !ok {
			return orNobody(err)
		}
		done.Ticket, err = f.goOn(ctx, tx, now, in.Browser, v, x.factor.Use(now))
		return err
	})
	return done, f.refuse(ctx, now, err, func(why string) audit.Event {
		return event("factor.failed", in.Browser, v, map[string]string{"method": string(assurance.MethodPasskey), "reason": why})
	})
}

// SignInByPasskey takes the answer and logs the person in.
// Errors: signin.ErrElsewhere; ErrAttempt; invalid (field "passkey"), also
// when nobody has it; forbidden when the account is frozen or closed; unavailable.
func (f *Flow) SignInByPasskey(ctx context.Context, in UsePasskey) (Arrived, error) {
	now := f.p.Now()
	if !in.Browser.Bound() {
		return Arrived{}, ErrAttempt
	}
	if !idp.ValidID(string(in.Interaction)) {
		in.Interaction = ""
	}
	if err := f.p.Arrivals.MayLogIn(ctx, in.Browser, in.Interaction); err != nil {
		return Arrived{}, err
	}
	a, hash, err := f.open(signIn, in.Browser.Hash, in.Attempt, now)
	if err != nil {
		return Arrived{}, err
	}
	var who idp.AccountID
	done := Arrived{Interaction: in.Interaction}
	err = f.p.InTx(ctx, func(ctx context.Context, tx idp.Tx) error {
		x, err := f.answer(ctx, tx, now, in.Browser, a, hash, in.Answer)
		if who = x.entrance.Account.ID; err != nil {
			return err
		}
		if account := x.entrance.Account; !account.Usable() {
			// Said only to who has shown that it is theirs.
			return idp.E(idp.CodeForbidden, "error.account."+string(account.State))
		}
		if ok, err := f.p.Factors.UseFactor(ctx, tx, x.factor, 0, now); err != nil || !ok {
			return orAttempt(err)
		}
		done.Ticket, err = f.p.Arrivals.Arrive(ctx, tx, now, x.entrance.Account, x.entrance.KnownDevice, session.Arrival{
			AccountID: who, Browser: in.Browser, Shared: in.Shared, Use: x.factor.Use(now),
		})
		return err
	})
	return done, f.refuse(ctx, now, err, func(why string) audit.Event {
		e := event("login.failed", in.Browser, interaction.Visitor{}, map[string]string{"method": string(assurance.MethodPasskey), "reason": why})
		e.AccountID = who
		return e
	})
}

// refuse records an answer that proved nothing, and returns why.
func (f *Flow) refuse(ctx context.Context, now time.Time, why error, what func(reason string) audit.Event) error {
	var reason string
	switch {
	case errors.Is(why, passkey.ErrCloned):
		reason = "cloned"
	case errors.Is(why, errOthers):
		reason = "other_account"
	case errors.Is(why, errStranger):
		reason = "unknown"
	case idp.CodeOf(why) == idp.CodeInvalid, idp.CodeOf(why) == idp.CodeForbidden:
		reason = string(idp.CodeOf(why))
	default:
		return why
	}
	err := f.p.InTx(ctx, func(ctx context.Context, tx idp.Tx) error {
		return f.p.Audit.Append(ctx, tx, now, what(reason))
	})
	if err != nil {
		return err
	}
	return blame(why, "passkey")
}
