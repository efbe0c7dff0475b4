package account_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"surety/idp"
	"surety/idp/flow/account"
	"surety/idp/idptest/citizens"
	"surety/idp/postgres/db"
	"surety/idp/session"
)

func countTrips(t *testing.T) (context.Context, *db.Counter) {
	t.Helper()
	return db.Count(t.Context())
}

func count(w *citizens.World, sql string, args ...any) int {
	w.Helper()
	var n int
	if err := w.QueryRow(w.Context(), sql, args...).Scan(&n); err != nil {
		w.Fatal(err)
	}
	return n
}

// events is the shape of the newest event: everything but whom it is about.
func events(w *citizens.World) string {
	w.Helper()
	var kind string
	var attrs map[string]string
	err := w.QueryRow(w.Context(), `
		SELECT type, attrs
		FROM audit_event
		ORDER BY event_id DESC
		LIMIT 1`).Scan(&kind, &attrs)
	if err != nil {
		w.Fatal(err)
	}
	delete(attrs, "proof_id")
	return fmt.Sprint(kind, attrs)
}

// wrong is a code that is not the one.
func wrong(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

func TestR6_SixTriesForACodeHoweverManyAtOnce(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	b := browser()
	a := w.Begin(b, email)
	right := w.Last(email).Code
	var group sync.WaitGroup
	errs := make([]error, 64)
	for i := range errs {
		group.Go(func() { _, errs[i] = w.Account.ConfirmRegistration(t.Context(), b, a.ID, wrong(right)) })
	}
	group.Wait()
	compared := 0
	for _, err := range errs {
		if idp.CodeOf(err) == idp.CodeInvalid {
			compared++
		}
	}
	if compared > 5 { // the sixth is told that there are no more
		t.Errorf("%d codes were compared and more promised", compared)
	}
	if n := count(w, `SELECT tries FROM contact_proof`); n != 6 {
		t.Errorf("%d tries were taken", n)
	}
	_, err := w.Account.ConfirmRegistration(t.Context(), b, a.ID, right)
	wantCode(t, err, idp.CodeThrottled, "error.code.tries")
}

func TestR6_TwentyWrongCodesADayForAContactHoweverManyCodes(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	compared := 0
	var last error
	for range 6 {
		b := browser()
		a := w.Begin(b, email)
		for range 6 {
			_, err := w.Account.ConfirmRegistration(t.Context(), b, a.ID, wrong(w.Last(email).Code))
			if last = err; key(err) != "error.code.throttled" {
				compared++
			}
		}
		w.Clock.Advance(7 * time.Minute)
	}
	wantCode(t, last, idp.CodeThrottled, "error.code.throttled")
	if compared != 20 {
		t.Errorf("%d codes were compared", compared)
	}
	b := browser()
	a := w.Begin(b, email)
	_, err := w.Account.ConfirmRegistration(t.Context(), b, a.ID, w.Last(email).Code)
	wantCode(t, err, idp.CodeThrottled, "error.code.throttled")
	if l, err := w.Account.PressRegistrationLink(t.Context(), b, w.Last(email).Token); err != nil || !l.Confirmed {
		t.Errorf("the link cannot be guessed and still works: %+v, %v", l, err)
	}
	w.Clock.Advance(24 * time.Hour)
	w.Proven(browser(), email)
}

func key(err error) string {
	if c, ok := err.(idp.Coded); ok {
		return c.MessageKey()
	}
	return ""
}

func TestASlipCostsNoTry(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	b := browser()
	a := w.Begin(b, email)
	for _, slip := range []string{"", "12345", "1234567", "abcdef", "12345٣"} {
		_, err := w.Account.ConfirmRegistration(t.Context(), b, a.ID, slip)
		wantCode(t, err, idp.CodeInvalid, "error.code.format")
	}
	c := w.Last(email).Code
	if _, err := w.Account.ConfirmRegistration(t.Context(), b, a.ID, c[:3]+" "+c[3:]); err != nil {
		t.Errorf("a code with a space: %v", err)
	}
}

func TestR6_OpeningALinkChangesNothing(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	b := browser()
	w.Begin(b, email)
	before := dump(w)
	token := w.Last(email).Token
	for _, opener := range []session.Browser{b, browser(), {}} {
		if _, err := w.Account.RegistrationLink(t.Context(), opener, token); err != nil {
			t.Fatal(err)
		}
	}
	if dump(w) != before {
		t.Error("opening a link wrote something")
	}
}

func dump(w *citizens.World) string {
	w.Helper()
	var all string
	if err := w.QueryRow(w.Context(), `SELECT string_agg(p::text, ';') FROM contact_proof p`).Scan(&all); err != nil {
		w.Fatal(err)
	}
	return all
}

// TestR6_AStrangerGainsNothingByRegisteringSomebodyElsesAddress: the owner
// opens the message on their own device and presses the button.
func TestR6_AStrangerGainsNothingByRegisteringSomebodyElsesAddress(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	stranger, owner := browser(), browser()
	a := w.Begin(stranger, email)
	m := w.Last(email)
	before := dump(w)
	l, err := w.Account.PressRegistrationLink(t.Context(), owner, m.Token)
	if err != nil || l.Confirmed || l.ID != "" || !l.OtherBrowser || l.Code != m.Code {
		t.Errorf("in the owner's browser: %+v, %v", l, err)
	}
	if dump(w) != before {
		t.Error("pressing the button in another browser wrote something")
	}
	_, err = w.Account.Registration(t.Context(), stranger, a.ID)
	wantCode(t, err, idp.CodeNotFound, "error.attempt.unknown")
	_, err = w.Account.Complete(t.Context(), citizens.Details(stranger, a.ID))
	wantCode(t, err, idp.CodeNotFound, "error.attempt.unknown")
	w.Clock.Advance(time.Minute)
	w.Register(owner, email) // the owner is not kept from registering
}

func TestAttemptsBelongToTheBrowserThatBegan(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	b, other := browser(), browser()
	a := w.Begin(b, email)
	c := w.Last(email).Code
	for _, thief := range []session.Browser{other, {}} {
		_, err := w.Account.ConfirmRegistration(t.Context(), thief, a.ID, c)
		wantCode(t, err, idp.CodeNotFound, "error.attempt.unknown")
		_, err = w.Account.RegistrationAttempt(t.Context(), thief, a.ID)
		wantCode(t, err, idp.CodeNotFound, "error.attempt.unknown")
		_, err = w.Account.ResendRegistration(t.Context(), thief, a.ID)
		wantCode(t, err, idp.CodeNotFound, "error.attempt.unknown")
	}
	if n := count(w, `SELECT tries FROM contact_proof`); n != 0 {
		t.Errorf("another browser took %d tries", n)
	}
	if _, err := w.Account.ConfirmRegistration(t.Context(), b, a.ID, c); err != nil {
		t.Fatal(err)
	}
	_, err := w.Account.Complete(t.Context(), citizens.Details(other, a.ID))
	wantCode(t, err, idp.CodeNotFound, "error.attempt.unknown")
	// An attempt of one kind is none of the other.
	_, err = w.Account.Recovery(t.Context(), b, a.ID)
	wantCode(t, err, idp.CodeNotFound, "error.attempt.unknown")
}

func TestR6_AReplayedLinkDoesNothing(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	b := browser()
	w.Begin(b, email)
	token := w.Last(email).Token
	l, err := w.Account.PressRegistrationLink(t.Context(), b, token)
	if err != nil || !l.Confirmed {
		t.Fatalf("%+v, %v", l, err)
	}
	before := dump(w)
	if again, err := w.Account.PressRegistrationLink(t.Context(), b, token); err != nil || again != l {
		t.Errorf("pressed twice: %+v, %v", again, err)
	}
	_, err = w.Account.PressRegistrationLink(t.Context(), browser(), token)
	wantCode(t, err, idp.CodeExpired, "error.link.expired")
	if dump(w) != before {
		t.Error("a replay wrote something")
	}
	if _, err := w.Account.Complete(t.Context(), citizens.Details(b, l.ID)); err != nil {
		t.Fatal(err)
	}
	for _, replayer := range []session.Browser{b, browser()} {
		_, err = w.Account.PressRegistrationLink(t.Context(), replayer, token)
		wantCode(t, err, idp.CodeExpired, "error.link.expired")
	}
}

func TestOnlyTheNewestCodeAndLinkWork(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	b := browser()
	a := w.Begin(b, email)
	old := w.Last(email)
	_, err := w.Account.ResendRegistration(t.Context(), b, a.ID)
	wantCode(t, err, idp.CodeThrottled, "error.send.throttled")
	w.Clock.Advance(30 * time.Second)
	if _, err = w.Account.ResendRegistration(t.Context(), b, a.ID); err != nil {
		t.Fatal(err)
	}
	if w.Last(email).Code != old.Code { // one in a million
		_, err = w.Account.ConfirmRegistration(t.Context(), b, a.ID, old.Code)
		wantCode(t, err, idp.CodeInvalid, "error.code.left")
	}
	_, err = w.Account.PressRegistrationLink(t.Context(), b, old.Token)
	wantCode(t, err, idp.CodeExpired, "error.link.expired")
	if _, err = w.Account.ConfirmRegistration(t.Context(), b, a.ID, w.Last(email).Code); err != nil {
		t.Error(err)
	}
}

func TestTenMessagesAnHourToAContactWhoeverAsks(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	sent := 0
	for i := range 20 {
		var err error
		if b := browser(); i%2 == 0 {
			_, err = w.Account.BeginRegistration(t.Context(), account.BeginRegistration{
				Browser: b, Contact: email, Terms: true, TermsVersion: w.Profile.Terms.Version,
			})
		} else {
			_, err = w.Account.BeginRecovery(t.Context(), account.BeginRecovery{Browser: b, Contact: email})
		}
		if err == nil {
			sent++
		} else {
			wantCode(t, err, idp.CodeThrottled, "error.send.throttled")
		}
		w.Clock.Advance(time.Minute)
	}
	if n := len(w.Outbox()); sent != 10 || n != 10 {
		t.Errorf("%d sent, %d messages", sent, n)
	}
}

func TestDatabaseDownIsUnavailable(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	b := browser()
	r := w.Proven(b, email)
	back := w.Lose(t)
	_, err := w.Account.BeginRegistration(t.Context(), account.BeginRegistration{
		Browser: b, Contact: email, Terms: true, TermsVersion: w.Profile.Terms.Version,
	})
	if idp.CodeOf(err) != idp.CodeUnavailable {
		t.Errorf("begin: %v", err)
	}
	if _, err := w.Account.Complete(t.Context(), citizens.Details(b, r.ID)); idp.CodeOf(err) != idp.CodeUnavailable {
		t.Errorf("complete: %v", err)
	}
	back()
	if _, err := w.Account.Complete(t.Context(), citizens.Details(b, r.ID)); err != nil {
		t.Errorf("after it came back: %v", err)
	}
}

// TestAFailureLeavesNothingHalfDone lets the last step fail at each of the
// tables that it writes, as a crash there would.
func TestAFailureLeavesNothingHalfDone(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	b := browser()
	r := w.Proven(b, email)
	events := count(w, `SELECT count(*) FROM audit_event`)
	written := []string{
		"account", "terms_acceptance", "contact", "person_attribute", "credential", "login_name", "contact_proof",
		"session", "known_device", "audit_event",
	}
	owner := w.Owner(t)
	for _, broken := range written {
		breakTable(t, owner, broken)
		if _, err := w.Account.Complete(t.Context(), citizens.Details(b, r.ID)); err == nil {
			t.Fatalf("it did not write %s", broken)
		}
		mend(t, owner, broken)
		for _, table := range written {
			switch n := count(w, `SELECT count(*) FROM `+table); {
			case table == "audit_event" && n != events, table != "contact_proof" && table != "audit_event" && n != 0:
				t.Errorf("failed at %s: %d rows in %s", broken, n, table)
			}
		}
	}
	if _, err := w.Account.Complete(t.Context(), citizens.Details(b, r.ID)); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func breakTable(t *testing.T, owner *db.DB, table string) {
	t.Helper()
	for _, sql := range []string{
		`CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''broken''; END'`,
		`CREATE TRIGGER broken BEFORE INSERT OR UPDATE ON ` + table + ` FOR EACH ROW EXECUTE FUNCTION fail()`,
	} {
		if _, err := owner.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
}

func mend(t *testing.T, owner *db.DB, table string) {
	t.Helper()
	if _, err := owner.Exec(t.Context(), `DROP TRIGGER broken ON `+table); err != nil {
		t.Fatal(err)
	}
}
