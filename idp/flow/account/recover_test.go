package account_test

import (
	"strings"
	"testing"
	"time"

	"surety/idp"
	"surety/idp/flow/account"
	"surety/idp/flow/signin"
	"surety/idp/idptest/citizens"
	"surety/idp/session"
)

const newPassword = "violet-harbour-onion-17"

// proveRecovery begins a recovery and proves the contact by the code.
func proveRecovery(w *citizens.World, b session.Browser, contact string) account.Recovery {
	w.Helper()
	w.Clock.Advance(time.Minute)
	a, err := w.Account.BeginRecovery(w.Context(), account.BeginRecovery{Browser: b, Contact: contact})
	citizens.Must(w.TB, a, err)
	r, err := w.Account.ConfirmRecovery(w.Context(), b, a.ID, w.Last(contact).Code)
	return citizens.Must(w.TB, r, err)
}

func logIn(w *citizens.World, b session.Browser, login, password string) error {
	_, err := w.SignIn.LogIn(w.Context(), signin.LogIn{Browser: b, Login: login, Password: password})
	return err
}

func known(w *citizens.World, t session.Ticket) bool {
	w.Helper()
	v, err := w.SignIn.Visitor(w.Context(), t.Secret, w.Clock.Now())
	return citizens.Must(w.TB, v, err).Known()
}

func TestR7_RecoveryEndsOtherSessionsAndLogsIn(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	home, phone := browser(), browser()
	done := w.Register(home, email)
	w.Clock.Advance(time.Minute)
	r := proveRecovery(w, phone, email)
	if len(r.Candidates) != 1 {
		t.Fatalf("candidates %+v", r.Candidates)
	}
	in := account.ResetPassword{Browser: phone, ID: r.ID, Password: "short"}
	_, err := w.Account.ResetPassword(t.Context(), in)
	wantCode(t, err, idp.CodeInvalid, "error.password.short")
	in.Password = newPassword
	got, err := w.Account.ResetPassword(t.Context(), in)
	if err != nil || got.AccountID != done.AccountID || got.Login != email {
		t.Fatalf("%+v, %v", got, err)
	}
	if known(w, done.Ticket) || !known(w, got.Ticket) {
		t.Error("the session from before is open, or the new one is not")
	}
	wantCode(t, logIn(w, browser(), email, citizens.Password), idp.CodeInvalid, "error.password.wrong")
	if err := logIn(w, browser(), email, newPassword); err != nil {
		t.Error(err)
	}
	v, err := w.SignIn.Visitor(t.Context(), got.Ticket.Secret, w.Clock.Now())
	if err != nil || len(v.Uses[0].DependsOn) != 1 || v.Uses[0].BoundLevel != "" {
		t.Errorf("the use does not depend on the contact: %+v, %v", v.Uses, err)
	}
	_, err = w.Account.ResetPassword(t.Context(), in)
	wantCode(t, err, idp.CodeExpired, "error.attempt.expired")
}

func TestR7_RecoveryByLink(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	w.Register(browser(), email)
	w.Clock.Advance(time.Minute)
	b, other := browser(), browser()
	if _, err := w.Account.BeginRecovery(t.Context(), account.BeginRecovery{Browser: b, Contact: email}); err != nil {
		t.Fatal(err)
	}
	m := w.Last(email)
	if !strings.Contains(m.Message.Text, citizens.Issuer+"/recover/link?t=") {
		t.Errorf("message %s", m.Message.Text)
	}
	if l, err := w.Account.PressRecoveryLink(t.Context(), other, m.Token); err != nil || l.Confirmed || l.Code != m.Code {
		t.Errorf("in another browser: %+v, %v", l, err)
	}
	_, err := w.Account.PressRegistrationLink(t.Context(), b, m.Token)
	wantCode(t, err, idp.CodeExpired, "error.link.expired")
	l, err := w.Account.PressRecoveryLink(t.Context(), b, m.Token)
	if err != nil || !l.Confirmed {
		t.Fatalf("%+v, %v", l, err)
	}
	if _, err := w.Account.ResetPassword(t.Context(), account.ResetPassword{Browser: b, ID: l.ID, Password: newPassword}); err != nil {
		t.Error(err)
	}
}

func TestR7_KnownAndUnknownAreAnsweredAlike(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	w.Register(browser(), email)
	w.Clock.Advance(time.Minute)
	seen := map[string]bool{}
	for contact, kind := range map[string]string{email: "recover_code", "nobody@example.org": "recover_unknown"} {
		ctx, trips := countTrips(t)
		b := browser()
		a, err := w.Account.BeginRecovery(ctx, account.BeginRecovery{Browser: b, Contact: contact})
		if err != nil {
			t.Fatal(err)
		}
		m := w.Last(contact)
		if m.Kind != kind || (m.Code == "") != (kind == "recover_unknown") {
			t.Errorf("%s got message %s with code %q", contact, m.Kind, m.Code)
		}
		seen[trips.String()+events(w)] = true
		_, err = w.Account.ConfirmRecovery(t.Context(), b, a.ID, wrong(m.Code))
		wantCode(t, err, idp.CodeInvalid, "error.code.left")
		if a.ID, a.Contact = "", ""; a != (account.Attempt{Kind: idp.ContactEmail, CodeValid: 24 * time.Hour, ResendAfter: 30 * time.Second}) {
			t.Errorf("%s: answer %+v", contact, a)
		}
	}
	if len(seen) != 1 {
		t.Errorf("statements or audit differ: %v", seen)
	}
}

// TestR7_ASharedContactRevealsNobody: two people share an address.
func TestR7_ASharedContactRevealsNobody(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	first := w.Register(browser(), email)
	w.Clock.Advance(time.Minute)
	second := w.Register(browser(), email)
	b := browser()
	r := proveRecovery(w, b, email)
	if len(r.Candidates) != 2 {
		t.Fatalf("candidates %+v", r.Candidates)
	}
	for _, c := range r.Candidates {
		for _, secret := range []string{"Ганна", "Іваноўская", email, second.Login, string(first.AccountID), string(second.AccountID)} {
			if strings.Contains(c.Choice+c.Name+c.Login, secret) {
				t.Errorf("%+v tells %s", c, secret)
			}
		}
	}
	in := account.ResetPassword{Browser: b, ID: r.ID, Password: newPassword}
	for _, choice := range []string{"", "nobody@example.org", string(first.AccountID)} {
		in.Choice = choice
		_, err := w.Account.ResetPassword(t.Context(), in)
		wantCode(t, err, idp.CodeInvalid, "error.account.required")
	}
	in.Choice = strings.ToUpper(second.Login)
	done, err := w.Account.ResetPassword(t.Context(), in)
	if err != nil || done.AccountID != second.AccountID {
		t.Fatalf("%+v, %v", done, err)
	}
	if !known(w, first.Ticket) || known(w, second.Ticket) {
		t.Error("the wrong account's sessions ended")
	}
	if err := logIn(w, browser(), email, citizens.Password); err != nil {
		t.Errorf("the other person's password: %v", err)
	}
	// A choice is good for its own attempt only.
	other := proveRecovery(w, browser(), email)
	if other.Candidates[0].Choice == r.Candidates[0].Choice {
		t.Error("choices are the same in two attempts")
	}
}

// another adds a confirmed contact to the account, as a later page will.
func another(w *citizens.World, account idp.AccountID, kind idp.ContactKind, value string, resets time.Time) {
	w.Helper()
	var wrapped []byte
	if err := w.QueryRow(w.Context(), `SELECT data_key FROM account WHERE account_id = $1`, account).Scan(&wrapped); err != nil {
		w.Fatal(err)
	}
	key, err := w.Ring.UnwrapDataKey([]byte(account), wrapped)
	if err != nil {
		w.Fatal(err)
	}
	mark := w.Ring.Fingerprint(idp.MarkContact, []byte(string(kind)+":"+value))
	id, now := idp.NewID(), w.Clock.Now()
	_, err = w.Exec(w.Context(), `
		INSERT INTO contact (contact_id, account_id, kind, fingerprint, sealed, is_main, confirmed_at, resets_from,
			last_used_at, created_at)
		VALUES ($1, $2, $3, $4, $5, false, $6, $7, $6, $6)`,
		id, account, kind, mark[:], key.Seal(idp.SealedContact, []byte(id), []byte(value)), now, resets)
	if err != nil {
		w.Fatal(err)
	}
}

func TestR7_TheOtherContactsAreTold(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	done := w.Register(browser(), email)
	another(w, done.AccountID, idp.ContactPhone, "+375291234567", w.Clock.Now())
	b := browser()
	r := proveRecovery(w, b, email)
	before := len(w.Outbox())
	if _, err := w.Account.ResetPassword(t.Context(), account.ResetPassword{Browser: b, ID: r.ID, Password: newPassword}); err != nil {
		t.Fatal(err)
	}
	all := w.Outbox()[before:]
	if len(all) != 1 || all[0].Kind != "password_changed" || all[0].Message.To != "+375291234567" || all[0].Channel != idp.ChannelSMS {
		t.Errorf("told: %+v", all)
	}
}

func TestR7_ANewContactResetsNothingForAWhile(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	done := w.Register(browser(), email)
	another(w, done.AccountID, idp.ContactEmail, "second@example.org", w.Clock.Now().Add(72*time.Hour))
	if _, err := w.Account.BeginRecovery(t.Context(), account.BeginRecovery{Browser: browser(), Contact: "second@example.org"}); err != nil {
		t.Fatal(err)
	}
	if m := w.Last("second@example.org"); m.Kind != "recover_unknown" {
		t.Errorf("message %s", m.Kind)
	}
	w.Clock.Advance(72 * time.Hour)
	if r := proveRecovery(w, browser(), "second@example.org"); len(r.Candidates) != 1 {
		t.Errorf("afterwards: %+v", r)
	}
}

func TestR6_ANumberUnusedForAYearResetsNothing(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	const number = "+375291234567"
	w.Register(browser(), number)
	w.Clock.Advance(364 * 24 * time.Hour)
	if r := proveRecovery(w, browser(), number); len(r.Candidates) != 1 {
		t.Fatalf("within the year: %+v", r)
	}
	w.Clock.Advance(24 * time.Hour)
	if _, err := w.Account.BeginRecovery(t.Context(), account.BeginRecovery{Browser: browser(), Contact: number}); err != nil {
		t.Fatal(err)
	}
	if m := w.Last(number); m.Kind != "recover_unknown" || m.Code != "" {
		t.Errorf("after a year: %s", m.Kind)
	}
	// Whoever logs in with it shows that it is theirs.
	if _, err := w.LogIn(browser(), number); err != nil {
		t.Fatal(err)
	}
	if r := proveRecovery(w, browser(), number); len(r.Candidates) != 1 {
		t.Errorf("after a log-in: %+v", r)
	}
}

func TestR7_RecoveryFreesOnesOwnDevice(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	b := browser()
	w.Register(b, email)
	for range 6 {
		_ = logIn(w, b, email, "something else")
	}
	wantCode(t, logIn(w, b, email, citizens.Password), idp.CodeThrottled, "error.password.throttled")
	r := proveRecovery(w, b, email)
	if _, err := w.Account.ResetPassword(t.Context(), account.ResetPassword{Browser: b, ID: r.ID, Password: newPassword}); err != nil {
		t.Fatal(err)
	}
	if err := logIn(w, b, email, newPassword); err != nil {
		t.Errorf("still blocked: %v", err)
	}
}

// TestR7_APasswordResetWhileTheOldOneIsComparedWins: the thief's log-in is
// under way when the owner resets the password.
func TestR7_APasswordResetWhileTheOldOneIsComparedWins(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	b := browser()
	w.Register(b, email)
	r := proveRecovery(w, b, email)
	w.Hashes.During = func() {
		w.Hashes.During = nil
		if _, err := w.Account.ResetPassword(t.Context(), account.ResetPassword{Browser: b, ID: r.ID, Password: newPassword}); err != nil {
			t.Error(err)
		}
	}
	wantCode(t, logIn(w, browser(), email, citizens.Password), idp.CodeInvalid, "error.password.wrong")
	if n := count(w, `SELECT count(*) FROM session WHERE ended_at IS NULL`); n != 1 {
		t.Errorf("%d sessions are open", n)
	}
}

func TestSeededAccountsLogInAndAreSeededOnce(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	seeds := []account.Seed{
		{Contact: email, FamilyName: "Іваноўская", GivenName: "Ганна", Password: citizens.Password, Language: "be"},
		{Contact: "+375291234567", GivenName: "Cher", Password: citizens.Password, Language: "uk"},
	}
	for _, existed := range []bool{false, true} {
		made, err := w.Account.SeedAccounts(t.Context(), seeds)
		if err != nil || len(made) != 2 || made[0].Existed != existed || made[1].Login != "+375291234567" || made[0].AccountID == "" {
			t.Fatalf("%+v, %v", made, err)
		}
	}
	if _, err := w.LogIn(browser(), email); err != nil {
		t.Error(err)
	}
	if n := count(w, `SELECT count(*) FROM person_attribute WHERE source = 'imported'`); n != 3 {
		t.Errorf("%d imported attributes", n)
	}
}
