package factor_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"surety/idp"
	"surety/idp/authn/otp"
	"surety/idp/authn/passkey"
	"surety/idp/flow/factor"
	"surety/idp/idptest/citizens"
	"surety/idp/session"
)

// DESIGN §3: adding an authenticator never raises the level above that of the
// session that added it.
func TestAStolenPasswordAddsAnAppAndAPasskeyAndGainsNothing(t *testing.T) {
	t.Parallel()
	w := world(t)
	thief := w.enter(hannaMail)
	w.wantLevel(thief, "checked", "by the password alone")
	key, app := w.addApp(&thief)
	w.wantLevel(thief, "checked", "with an app that it added")
	stolen := device()
	added := w.addPasskey(&thief, stolen)
	w.wantLevel(thief, "checked", "with a passkey that it added")
	if app.Level != "checked" || added.Level != "checked" {
		t.Errorf("the app counts up to %q, the passkey up to %q", app.Level, added.Level)
	}
	// Neither vouches for the other, however often they are used side by side.
	for range 3 {
		w.useApp(&thief, key)
		w.usePasskey(&thief, stolen)
	}
	w.wantLevel(thief, "checked", "after using both")
	// Nor in another session, nor alone, nor with a recovery code.
	again := w.enter(hannaMail)
	w.useApp(&again, key)
	w.usePasskey(&again, stolen)
	done, err := w.Factor.UseOTP(t.Context(), factor.UseOTP{Browser: again, Code: app.Recovery[0]})
	again.Session = citizens.Must(t, done, err).Ticket.Secret
	w.wantLevel(again, "checked", "after logging in with all of it")
	w.wantLevel(w.signInByPasskey(stolen), "checked", "by the passkey alone")
}

func TestACodeToAContactConfirmedAtProofingBindsWhatIsAddedNext(t *testing.T) {
	t.Parallel()
	w := world(t)
	b := w.enter(hannaMail)
	s, err := w.Factor.BeginOTP(t.Context(), b)
	if err != nil || s.Bound.Level != "checked" || len(s.Bound.Anchors) != 1 {
		t.Fatalf("before the code: %+v, %v", s.Bound, err)
	}
	w.bind(b, s.Bound.Anchors[0].ID)
	s, err = w.Factor.BeginOTP(t.Context(), b)
	if err != nil || s.Bound.Level != "" || len(s.Bound.Anchors) != 0 {
		t.Fatalf("after the code: %+v, %v", s.Bound, err)
	}
	_, app := w.addApp(&b)
	if app.Level != "" {
		t.Errorf("the app counts up to %q only", app.Level)
	}
	w.wantLevel(b, "substantial", "with the app")
	// The code was for one method.
	other := w.enter(hannaMail)
	if added := w.addPasskey(&other, device()); added.Level != "checked" {
		t.Errorf("one code bound a second method, up to %q", added.Level)
	}
}

func TestACodeToBindIsWorthNothingInAnotherSessionOrLater(t *testing.T) {
	t.Parallel()
	w := world(t)
	b, other := w.enter(hannaMail), w.enter(hannaMail)
	w.bind(b, w.phone(b))
	if added := w.addPasskey(&other, device()); added.Level != "checked" {
		t.Errorf("a code entered in one session bound what another added, up to %q", added.Level)
	}
	w.Clock.Advance(9*time.Minute + 30*time.Second)
	ticket, err := w.LogIn(b, hannaMail)
	b.Session = citizens.Must(t, ticket, err).Secret
	w.Clock.Advance(time.Minute)
	if added := w.addPasskey(&b, device()); added.Level != "checked" {
		t.Errorf("a code of ten minutes ago bound a method, up to %q", added.Level)
	}
}

func TestACodeToAContactThatWasNotConfirmedAtProofingBindsNothing(t *testing.T) {
	t.Parallel()
	w := world(t)
	b := w.enter(hannaMail)
	v, err := w.SignIn.Here(t.Context(), b)
	citizens.Must(t, v, err)
	person, err := w.People.Person(t.Context(), nil, v.Account.ID)
	citizens.Must(t, person, err)
	for _, c := range person.Contacts {
		if c.AnchoredAt.IsZero() {
			_, err := w.Factor.SendBindCode(t.Context(), b, c.ID)
			want(t, err, idp.CodeNotFound, "error.contact.unknown")
		}
	}
	// The telephone changes hands between the code and the app.
	w.bind(b, w.phone(b))
	citizens.Must(t, 0, exec(w, `UPDATE contact SET anchored_at = NULL`))
	if _, app := w.addApp(&b); app.Level != "checked" {
		t.Errorf("a contact that is anchored no more bound an app, up to %q", app.Level)
	}
}

func exec(w *people, sql string, args ...any) error {
	_, err := w.Owner(w.TB).Exec(w.Context(), sql, args...)
	return err
}

// DESIGN §3: factors are independent.
func TestAPasswordResetBySMSAndACodeToTheSamePhoneAreOneFactor(t *testing.T) {
	t.Parallel()
	w := world(t)
	honest := w.enter(hannaMail)
	w.useSMS(&honest)
	w.wantLevel(honest, "substantial", "by the password and the phone")

	thief := w.resetByPhone()
	w.useSMS(&thief)
	w.wantLevel(thief, "checked", "by the phone alone, twice")
	again := w.enter(hannaMail)
	w.useSMS(&again)
	w.wantLevel(again, "checked", "after logging in with the new password")
	w.Clock.Advance(31 * 24 * time.Hour)
	later := w.enter(hannaMail)
	w.useSMS(&later)
	w.wantLevel(later, "substantial", "after thirty days")
}

// Whoever has only the telephone must not join its two uses by a passkey.
func TestThePhoneThatResetThePasswordBindsNothing(t *testing.T) {
	t.Parallel()
	w := world(t)
	thief := w.resetByPhone()
	o, err := w.Factor.Methods(t.Context(), thief)
	if err != nil || len(o.Anchors) != 0 || len(o.Phones) != 1 {
		t.Fatalf("%+v, %v", o, err)
	}
	_, err = w.Factor.SendBindCode(t.Context(), thief, o.Phones[0].ID)
	want(t, err, idp.CodeNotFound, "error.contact.unknown")
	// Nor where the code was entered before the password was reset.
	citizens.Must(t, 0, exec(w, `UPDATE credential SET depends_until = NULL`))
	honest := w.enter(hannaMail)
	w.bind(honest, o.Phones[0].ID)
	citizens.Must(t, 0, exec(w, `UPDATE session SET uses = jsonb_set(uses, '{0,depends_on}', jsonb_build_array($1::text))`, string(o.Phones[0].ID)))
	if added := w.addPasskey(&honest, device()); added.Level != "checked" {
		t.Errorf("the phone that reset the password bound a passkey, up to %q", added.Level)
	}
}

// An app that a code to the phone bound is no second factor beside a password
// that the same phone has reset.
func TestAnAppDependsOnTheContactThatBoundItForThirtyDays(t *testing.T) {
	t.Parallel()
	w := world(t)
	b := w.enter(hannaMail)
	w.bind(b, w.phone(b))
	key, _ := w.addApp(&b)
	w.wantLevel(b, "substantial", "with a password of one's own")
	thief := w.resetByPhone()
	w.useApp(&thief, key)
	w.wantLevel(thief, "checked", "with a password that the phone reset")
}

func TestACodeOfAnAppIsNeverTakenTwice(t *testing.T) {
	t.Parallel()
	w := world(t)
	b := w.enter(hannaMail)
	key, _ := w.addApp(&b)
	// What was typed to add the app was used by that.
	_, err := w.Factor.UseOTP(t.Context(), factor.UseOTP{Browser: b, Code: w.code(key)})
	want(t, err, idp.CodeInvalid, "error.otp.used")
	w.Clock.Advance(30 * time.Second)
	code := w.code(key)
	done, err := w.Factor.UseOTP(t.Context(), factor.UseOTP{Browser: b, Code: code})
	b.Session = citizens.Must(t, done, err).Ticket.Secret
	for _, browser := range []session.Browser{b, w.enter(hannaMail)} {
		_, err := w.Factor.UseOTP(t.Context(), factor.UseOTP{Browser: browser, Code: code})
		want(t, err, idp.CodeInvalid, "error.otp.used")
	}
	w.wantEvent(w.hanna, "factor.failed")
}

// race does it in all sessions at once and counts how often it succeeded.
func race(sessions []session.Browser, do func(session.Browser) error) (ok int, errs []error) {
	var wait sync.WaitGroup
	var mu sync.Mutex
	start := make(chan struct{})
	for _, b := range sessions {
		wait.Go(func() {
			<-start
			err := do(b)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				ok++
			} else {
				errs = append(errs, err)
			}
		})
	}
	close(start)
	wait.Wait()
	return ok, errs
}

func TestOfManyThatComeWithTheSameCodeAtOnceOneIsIn(t *testing.T) {
	t.Parallel()
	w := world(t)
	b := w.enter(hannaMail)
	key, app := w.addApp(&b)
	var sessions []session.Browser
	for range 6 {
		sessions = append(sessions, w.enter(hannaMail))
	}
	w.Clock.Advance(30 * time.Second)
	code := w.code(key)
	for name, typed := range map[string]string{"code": code, "recovery code": app.Recovery[3]} {
		ok, errs := race(sessions, func(b session.Browser) error {
			_, err := w.Factor.UseOTP(w.Context(), factor.UseOTP{Browser: b, Code: typed})
			return err
		})
		if ok != 1 {
			t.Errorf("one %s let %d in", name, ok)
		}
		for _, err := range errs {
			want(t, err, idp.CodeInvalid, "")
		}
		for i := range sessions { // whose secrets have changed
			sessions[i] = w.enter(hannaMail)
		}
	}
}

func TestARecoveryCodeWorksOnceAndNewOnesReplaceTheOld(t *testing.T) {
	t.Parallel()
	w := world(t)
	b := w.enter(hannaMail)
	w.bind(b, w.phone(b))
	_, app := w.addApp(&b)
	if len(app.Recovery) != 10 {
		t.Fatalf("%d recovery codes", len(app.Recovery))
	}
	again := w.enter(hannaMail)
	done, err := w.Factor.UseOTP(t.Context(), factor.UseOTP{Browser: again, Code: " " + app.Recovery[0] + " "})
	again.Session = citizens.Must(t, done, err).Ticket.Secret
	if !done.Recovery || done.Left != 9 {
		t.Errorf("%+v", done)
	}
	w.wantLevel(again, "substantial", "by password and recovery code")
	_, err = w.Factor.UseOTP(t.Context(), factor.UseOTP{Browser: again, Code: app.Recovery[0]})
	want(t, err, idp.CodeInvalid, "error.otp.wrong")

	fresh, err := w.Factor.NewRecoveryCodes(t.Context(), again)
	citizens.Must(t, fresh, err)
	_, err = w.Factor.UseOTP(t.Context(), factor.UseOTP{Browser: again, Code: app.Recovery[1]})
	want(t, err, idp.CodeInvalid, "error.otp.wrong")
	done, err = w.Factor.UseOTP(t.Context(), factor.UseOTP{Browser: again, Code: fresh[9]})
	if err != nil || done.Left != 9 {
		t.Errorf("%+v, %v", done, err)
	}
}

// Whoever could write recovery codes, or put their own app in the place of the
// old one, would have what the app counts for.
func TestAStolenPasswordCannotReplaceTheAppNorItsRecoveryCodes(t *testing.T) {
	t.Parallel()
	w := world(t)
	b := w.enter(hannaMail)
	w.bind(b, w.phone(b))
	key, _ := w.addApp(&b)

	thief := w.enter(hannaMail)
	w.addPasskey(&thief, device()) // which counts for no more than the password
	_, err := w.Factor.NewRecoveryCodes(t.Context(), thief)
	if !errors.Is(err, factor.ErrHasApp) {
		t.Errorf("recovery codes: %v", err)
	}
	_, err = w.Factor.BeginOTP(t.Context(), thief)
	if !errors.Is(err, factor.ErrHasApp) {
		t.Errorf("another app: %v", err)
	}
	// Nor where the app counts for no more than what the thief has added: it may
	// be raised one day, and its recovery codes with it.
	citizens.Must(t, 0, exec(w, `UPDATE credential SET bound_level = 'checked' WHERE method = 'otp'`))
	_, err = w.Factor.NewRecoveryCodes(t.Context(), thief)
	if !errors.Is(err, factor.ErrHasApp) {
		t.Errorf("recovery codes of an app that counts no higher: %v", err)
	}
	citizens.Must(t, 0, exec(w, `UPDATE credential SET bound_level = '' WHERE method = 'otp'`))
	// The owner shows the old one and may.
	owner := w.enter(hannaMail)
	w.useApp(&owner, key)
	s, err := w.Factor.BeginOTP(t.Context(), owner)
	if err != nil || !s.Replace {
		t.Fatalf("%+v, %v", s, err)
	}
	second, app := w.addApp(&owner)
	if app.Level != "substantial" {
		t.Errorf("the new app counts up to %q", app.Level)
	}
	w.wantLevel(owner, "substantial", "with the new app")
	_, err = w.Factor.UseOTP(t.Context(), factor.UseOTP{Browser: owner, Code: w.code(key)})
	want(t, err, idp.CodeInvalid, "error.otp.wrong")
	w.useApp(&owner, second)
	// The session of old rested on the old app as well, and does no more.
	w.wantLevel(b, "checked", "in the session that used the app that is gone")
}

func TestAPasskeyOfAnotherAccountIsRefused(t *testing.T) {
	t.Parallel()
	w := world(t)
	hannas := w.enter(hannaMail)
	d := device()
	w.addPasskey(&hannas, d)
	pavels := w.enter(pavelMail)
	q, err := w.Factor.AskPasskey(t.Context(), pavels)
	citizens.Must(t, q, err)
	_, err = w.Factor.UsePasskey(t.Context(), factor.UsePasskey{Browser: pavels, Attempt: q.Attempt, Answer: w.get(d, q)})
	want(t, err, idp.CodeInvalid, passkey.ErrAnswer.Key)
	w.wantLevel(pavels, "basic", "after the passkey of somebody else")
	w.wantEvent(w.pavel, "factor.failed")
}

func TestAFormIsWorthNothingInAnotherBrowserSessionOrAccount(t *testing.T) {
	t.Parallel()
	w := world(t)
	b := w.enter(hannaMail)
	app, err := w.Factor.BeginOTP(t.Context(), b)
	citizens.Must(t, app, err)
	add, err := w.Factor.BeginPasskey(t.Context(), b)
	citizens.Must(t, add, err)
	d := device()
	made, err := d.Create(add.Options)
	citizens.Must(t, made, err)
	ask, err := w.Factor.AskPasskey(t.Context(), b)
	citizens.Must(t, ask, err)
	bind, err := w.Factor.SendBindCode(t.Context(), b, w.phone(b))
	citizens.Must(t, bind, err)
	digits := w.Last(hannaPhone).Code

	otherBrowser, otherSession, otherAccount := b, b, b
	otherBrowser.Hash = session.BrowserHash(session.NewSecret())
	otherSession.Session, otherAccount.Session = w.enter(hannaMail).Session, w.enter(pavelMail).Session
	for name, other := range map[string]session.Browser{
		"browser": otherBrowser, "session": otherSession, "account": otherAccount,
	} {
		_, err = w.Factor.OTPAgain(t.Context(), other, app.Attempt)
		want(t, err, idp.CodeExpired, factor.ErrAttempt.Key)
		_, err := w.Factor.AddOTP(t.Context(), factor.AddOTP{Browser: other, Attempt: app.Attempt, Code: w.code(app.Key)})
		want(t, err, idp.CodeExpired, factor.ErrAttempt.Key)
		_, err = w.Factor.AddPasskey(t.Context(), factor.AddPasskey{Browser: other, Attempt: add.Attempt, Answer: made})
		want(t, err, idp.CodeExpired, factor.ErrAttempt.Key)
		_, err = w.Factor.UsePasskey(t.Context(), factor.UsePasskey{Browser: other, Attempt: ask.Attempt, Answer: made})
		want(t, err, idp.CodeExpired, factor.ErrAttempt.Key)
		err = w.Factor.ConfirmBindCode(t.Context(), factor.TypedCode{Browser: other, ID: bind.ID, Code: digits})
		want(t, err, idp.CodeExpired, factor.ErrAttempt.Key)
		if t.Failed() {
			t.Fatalf("in another %s", name)
		}
	}
	// Nor on a page of another kind, nor when it was changed.
	for _, text := range []string{add.Attempt, ask.Attempt, "", "?", app.Attempt[:20], app.Attempt + "AAAA"} {
		_, err = w.Factor.AddOTP(t.Context(), factor.AddOTP{Browser: b, Attempt: text, Code: w.code(app.Key)})
		want(t, err, idp.CodeExpired, factor.ErrAttempt.Key)
	}
	// Nor later.
	w.Clock.Advance(10 * time.Minute)
	_, err = w.Factor.AddOTP(t.Context(), factor.AddOTP{Browser: b, Attempt: app.Attempt, Code: w.code(app.Key)})
	want(t, err, idp.CodeExpired, factor.ErrAttempt.Key)
}

func TestWhatProvesLittleAloneOpensNoSession(t *testing.T) {
	t.Parallel()
	w := world(t)
	b := w.enter(hannaMail)
	key, _ := w.addApp(&b)
	w.Clock.Advance(30 * time.Second)
	if err := w.SignIn.LogOut(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	_, err := w.Factor.UseOTP(t.Context(), factor.UseOTP{Browser: b, Code: w.code(key)})
	if !errors.Is(err, factor.ErrNobody) {
		t.Errorf("after logging out: %v", err)
	}
	nobody := citizens.Browser("203.0.113.4")
	_, err = w.Factor.Methods(t.Context(), nobody)
	if !errors.Is(err, factor.ErrNobody) {
		t.Errorf("nobody: %v", err)
	}
}

// The level of a use that was made is one thing, the level of who vouches another.
func TestAMethodRisesWhenItIsUsedBesideOneThatCountsHigher(t *testing.T) {
	t.Parallel()
	w := world(t)
	b := w.enter(hannaMail)
	d := device()
	w.addPasskey(&b, d)
	w.wantLevel(w.signInByPasskey(d), "checked", "by a passkey that a password added")
	w.useSMS(&b)
	w.wantLevel(b, "substantial", "by password and phone")
	w.usePasskey(&b, d)
	w.wantLevel(w.signInByPasskey(d), "substantial", "by the passkey that was used beside them")
	o, err := w.Factor.Methods(t.Context(), b)
	if err != nil || o.Passkeys[0].Level != "substantial" {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestRecoveryCodesAndSecretsAreNotInTheDatabase(t *testing.T) {
	t.Parallel()
	w := world(t)
	b := w.enter(hannaMail)
	key, app := w.addApp(&b)
	var rows string
	err := w.QueryRow(t.Context(), `
		SELECT string_agg(encode(sealed, 'escape'), '') || (SELECT string_agg(encode(mac, 'escape'), '') FROM recovery_code)
		FROM credential
		WHERE sealed IS NOT NULL`).Scan(&rows)
	citizens.Must(t, rows, err)
	code, _ := otp.ReadRecoveryCode(app.Recovery[0])
	for _, text := range []string{key, string(secret(t, key)), code, app.Recovery[0]} {
		if strings.Contains(rows, text) {
			t.Errorf("the database holds %q", text)
		}
	}
}
