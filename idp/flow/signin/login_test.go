package signin_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"surety/idp"
	"surety/idp/flow/signin"
	"surety/idp/idptest/citizens"
	"surety/idp/postgres/db"
	"surety/idp/session"
)

const email = "anna@example.org"

func browser() session.Browser { return citizens.Browser("192.0.2.7") }

func wantCode(t *testing.T, err error, code idp.Code, key string) {
	t.Helper()
	var coded idp.Coded
	if !errors.As(err, &coded) || coded.ErrorCode() != string(code) || coded.MessageKey() != key {
		t.Errorf("error %v, want %s (%s)", err, code, key)
	}
}

func try(ctx context.Context, w *citizens.World, b session.Browser, login, password string) error {
	_, err := w.SignIn.LogIn(ctx, signin.LogIn{Browser: b, Login: login, Password: password})
	return err
}

func count(w *citizens.World, sql string, args ...any) int {
	w.Helper()
	var n int
	if err := w.QueryRow(w.Context(), sql, args...).Scan(&n); err != nil {
		w.Fatal(err)
	}
	return n
}

func who(w *citizens.World, t session.Ticket) idp.AccountID {
	w.Helper()
	v, err := w.SignIn.Visitor(w.Context(), t.Secret, w.Clock.Now())
	return citizens.Must(w.TB, v, err).Account.ID
}

// TestNoEnumeration_LogIn compares a wrong password with an unknown login of
// each kind: error, statements, hashes and event.
func TestNoEnumeration_LogIn(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	w.Register(browser(), email)
	seen := map[string][]string{}
	for _, login := range []string{email, "nobody@example.org", "+375291234567", "luka-mosi-4821", "' OR 1=1 --", strings.Repeat("x", 5000)} {
		before := w.Hashes.Count.Load()
		ctx, trips := db.Count(t.Context())
		err := try(ctx, w, browser(), login, "not the password")
		var kind string
		var attrs map[string]string
		scan := w.QueryRow(t.Context(), `SELECT type, attrs FROM audit_event ORDER BY event_id DESC LIMIT 1`).Scan(&kind, &attrs)
		if scan != nil {
			t.Fatal(scan)
		}
		what := fmt.Sprint(err, trips, w.Hashes.Count.Load()-before, kind, attrs)
		seen[what] = append(seen[what], login)
	}
	if len(seen) != 1 {
		t.Errorf("they differ: %v", seen)
	}
}

func TestR6_SixtyFourWrongPasswordsAtOnceAreSix(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	w.Register(browser(), email)
	for _, login := range []string{email, "nobody@example.org"} {
		before := w.Hashes.Count.Load()
		var group sync.WaitGroup
		errs := make([]error, 64)
		for i := range errs {
			group.Go(func() { errs[i] = try(t.Context(), w, browser(), login, "not the password") })
		}
		group.Wait()
		wrong := 0
		for _, err := range errs {
			if idp.CodeOf(err) == idp.CodeInvalid {
				wrong++
			} else {
				wantCode(t, err, idp.CodeThrottled, "error.password.throttled")
			}
		}
		if n := w.Hashes.Count.Load() - before; wrong != 6 || n != 6 {
			t.Errorf("%s: %d were compared, %d hashed", login, wrong, n)
		}
		err := try(t.Context(), w, browser(), login, citizens.Password)
		wantCode(t, err, idp.CodeThrottled, "error.password.throttled")
		var e *idp.Error
		if errors.As(err, &e); e.Args["wait"] != 15*time.Minute {
			t.Errorf("wait %v", e.Args["wait"])
		}
	}
}

// TestStrangersCannotLockOutAKnownDevice: the whole world guesses.
func TestStrangersCannotLockOutAKnownDevice(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	own := browser()
	w.Register(own, email)
	for i := range 70 {
		_ = try(t.Context(), w, citizens.Browser(fmt.Sprintf("198.51.100.%d", i)), email, "guess")
	}
	wantCode(t, try(t.Context(), w, citizens.Browser("198.51.100.200"), email, citizens.Password), idp.CodeThrottled, "error.password.throttled")
	if err := try(t.Context(), w, own, email, citizens.Password); err != nil {
		t.Errorf("in the browser that they know: %v", err)
	}
}

func TestASuccessClearsTheFailuresBefore(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	b := browser()
	w.Register(b, email)
	for range 3 {
		for range 5 {
			wantCode(t, try(t.Context(), w, b, email, "guess"), idp.CodeInvalid, "error.password.wrong")
		}
		if err := try(t.Context(), w, b, email, citizens.Password); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnUnknownDeviceIsToldToAllContactsOnceKnownItIsNot(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	own := browser()
	w.Register(own, email)
	before := len(w.Outbox())
	login := func(b session.Browser, shared bool) []citizens.Sent {
		t.Helper()
		if _, err := w.SignIn.LogIn(t.Context(), signin.LogIn{Browser: b, Login: email, Password: citizens.Password, Shared: shared}); err != nil {
			t.Fatal(err)
		}
		all := w.Outbox()
		defer func() { before = len(all) }()
		return all[before:]
	}
	if told := login(own, false); len(told) != 0 {
		t.Errorf("after registration in the same browser: %+v", told)
	}
	shared, new := browser(), browser()
	for range 2 {
		if told := login(shared, true); len(told) != 1 || told[0].Kind != "new_login" || !strings.Contains(told[0].Message.Text, "Firefox, Linux") {
			t.Errorf("on a shared computer: %+v", told)
		}
		if told := login(shared, true); len(told) != 0 {
			t.Errorf("the same kind of browser at the same address, within the hour: %+v", told)
		}
		w.Clock.Advance(time.Hour)
	}
	if told := login(new, false); len(told) != 1 || told[0].Message.To != email {
		t.Errorf("in a new browser: %+v", told)
	}
	elsewhere, other := citizens.Browser("203.0.113.9"), browser()
	other.UserAgent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
	for name, b := range map[string]session.Browser{"at another address": elsewhere, "with another kind of browser": other} {
		if told := login(b, false); len(told) != 1 {
			t.Errorf("%s, within the hour: %+v", name, told)
		}
	}
	if told := login(new, false); len(told) != 0 {
		t.Errorf("in the browser that is known by now: %+v", told)
	}
}

func TestLoggingInAgainKeepsTheSessionAndChangesTheSecret(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	b := browser()
	first := w.Register(b, email).Ticket
	before, err := w.SignIn.Visitor(t.Context(), first.Secret, w.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	w.Clock.Advance(5 * time.Minute)
	b.Session = first.Secret
	second, err := w.LogIn(b, email)
	if err != nil {
		t.Fatal(err)
	}
	after, err := w.SignIn.Visitor(t.Context(), second.Secret, w.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	if after.SessionID != before.SessionID || len(after.Uses) != 1 || !after.Uses[0].At.Equal(w.Clock.Now()) || !second.ExpiresAt.Equal(first.ExpiresAt) {
		t.Errorf("before %+v\nafter %+v", before, after)
	}
	if who(w, first) != "" {
		t.Error("the old secret still works")
	}
	// A secret from before is nobody's, also for logging out.
	if err := w.SignIn.LogOut(t.Context(), b); err != nil || who(w, second) == "" {
		t.Errorf("logged out by the old secret: %v", err)
	}
}

func TestR11_ASharedComputerIsForgotten(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	w.Register(browser(), email)
	b := browser()
	ticket, err := w.SignIn.LogIn(t.Context(), signin.LogIn{Browser: b, Login: email, Password: citizens.Password, Shared: true})
	if err != nil || !ticket.Shared {
		t.Fatalf("%+v, %v", ticket, err)
	}
	if n := count(w, `SELECT count(*) FROM known_device`); n != 1 {
		t.Errorf("%d devices are known", n)
	}
	b.Session = ticket.Secret
	if ticket, err = w.LogIn(b, email); err != nil || !ticket.Shared {
		t.Errorf("logged in again without the tick: %+v, %v", ticket, err)
	}
	w.Clock.Advance(10 * time.Minute)
	if who(w, ticket) != "" {
		t.Error("the session goes on after 10 idle minutes")
	}
}

func TestAFrozenAccountIsToldToItsOwnerAlone(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	b := browser()
	done := w.Register(b, email)
	if _, err := w.Exec(t.Context(), `UPDATE account SET state = 'frozen'`); err != nil {
		t.Fatal(err)
	}
	wantCode(t, try(t.Context(), w, b, email, "guess"), idp.CodeInvalid, "error.password.wrong")
	wantCode(t, try(t.Context(), w, b, email, citizens.Password), idp.CodeForbidden, "error.account.frozen")
	b.Session = done.Ticket.Secret
	if _, err := w.SignIn.Overview(t.Context(), b); !errors.Is(err, signin.ErrNobody) {
		t.Errorf("a session from before: %v", err)
	}
}

func TestAnOldVerifierIsReplacedAtTheNextLogIn(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	b := browser()
	w.Register(b, email)
	// Made without pepper and with other parameters, as an import would be.
	const old = "$argon2id$v=19$m=8192,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$Uj4wjhQzO2NbHzvC8YQ1EBBF/6P5Y0k2q1eT1eY9OzI"
	var before, after string
	if err := w.QueryRow(t.Context(), `SELECT verifier FROM credential`).Scan(&before); err != nil {
		t.Fatal(err)
	}
	if !w.Hashes.NeedsRehash(old) || w.Hashes.NeedsRehash(before) {
		t.Fatal("the hasher judges otherwise than this test")
	}
	if err := try(t.Context(), w, b, email, citizens.Password); err != nil {
		t.Fatal(err)
	}
	if err := w.QueryRow(t.Context(), `SELECT verifier FROM credential`).Scan(&after); err != nil || after != before {
		t.Errorf("a good verifier was replaced: %v", err)
	}
	w.Hashes.Stale = true
	if err := try(t.Context(), w, b, email, citizens.Password); err != nil {
		t.Fatal(err)
	}
	w.Hashes.Stale = false
	if err := w.QueryRow(t.Context(), `SELECT verifier FROM credential`).Scan(&after); err != nil || after == before {
		t.Errorf("an old verifier was kept: %v", err)
	}
	if err := try(t.Context(), w, b, email, citizens.Password); err != nil {
		t.Error(err)
	}
}

// TestAFullQueueCostsNoTry: whoever is sent away has not guessed.
func TestAFullQueueCostsNoTry(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	b := browser()
	w.Register(b, email)
	w.Hashes.Busy = true
	for range 10 {
		err := try(t.Context(), w, b, email, citizens.Password)
		var e *idp.Error
		if idp.CodeOf(err) != idp.CodeUnavailable || !errors.As(err, &e) || e.Args["wait"] == nil {
			t.Fatalf("%v", err)
		}
	}
	w.Hashes.Busy = false
	if err := try(t.Context(), w, b, email, citizens.Password); err != nil {
		t.Error(err)
	}
}

// TestAFullQueueForgivesNothing: whoever fills the queue on purpose does not
// get the guesses back that were compared before.
func TestAFullQueueForgivesNothing(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	w.Register(browser(), email)
	stranger := citizens.Browser("203.0.113.9")
	for range 5 {
		wantCode(t, try(t.Context(), w, stranger, email, "guess"), idp.CodeInvalid, "error.password.wrong")
	}
	w.Hashes.Busy = true
	if err := try(t.Context(), w, stranger, email, "guess"); idp.CodeOf(err) != idp.CodeUnavailable {
		t.Fatal(err)
	}
	w.Hashes.Busy = false
	wantCode(t, try(t.Context(), w, stranger, email, "guess"), idp.CodeInvalid, "error.password.wrong")
	wantCode(t, try(t.Context(), w, stranger, email, "guess"), idp.CodeThrottled, "error.password.throttled")
}

func TestDatabaseDownIsUnavailable(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	b := browser()
	done := w.Register(b, email)
	back := w.Lose(t)
	before := w.Hashes.Count.Load()
	if err := try(t.Context(), w, b, email, citizens.Password); idp.CodeOf(err) != idp.CodeUnavailable || w.Hashes.Count.Load() != before {
		t.Errorf("log in: %v", err)
	}
	if _, err := w.SignIn.Visitor(t.Context(), done.Ticket.Secret, w.Clock.Now()); idp.CodeOf(err) != idp.CodeUnavailable {
		t.Errorf("visitor: %v", err)
	}
	back()
	if err := try(t.Context(), w, b, email, citizens.Password); err != nil {
		t.Errorf("after it came back: %v", err)
	}
}
