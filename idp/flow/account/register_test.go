package account_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/flow/account"
	"surety/idp/idptest/citizens"
	"surety/idp/session"
)

const email = "anna@example.org"

// browser is one at an address of its own kind, so that tests of limits can
// tell sources apart.
func browser() session.Browser { return citizens.Browser("192.0.2.7") }

func wantCode(t *testing.T, err error, code idp.Code, key string) {
	t.Helper()
	var coded idp.Coded
	if !errors.As(err, &coded) || coded.ErrorCode() != string(code) || coded.MessageKey() != key {
		t.Errorf("error %v, want %s (%s)", err, code, key)
	}
}

func TestRegistrationEndsLoggedInAtSimplified(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	b := browser()
	r := w.Proven(b, " Anna@Example.org ")
	if r.Used || r.Full || r.Login != "Anna@example.org" {
		t.Errorf("after the proof: %+v", r)
	}
	done, err := w.Account.Complete(t.Context(), citizens.Details(b, r.ID))
	if err != nil {
		t.Fatal(err)
	}
	v, err := w.SignIn.Visitor(t.Context(), done.Ticket.Secret, w.Clock.Now())
	if err != nil || v.Account.ID != done.AccountID {
		t.Fatalf("visitor %+v, %v", v, err)
	}
	a, u := v.Account, v.Uses[0]
	if a.Stage != assurance.StageSimplified || a.TermsVersion != w.Profile.Terms.Version || a.Language != "en" {
		t.Errorf("account %+v", a)
	}
	if u.Method != assurance.MethodPassword || u.BoundLevel != "" || len(u.DependsOn) != 1 || !u.At.Equal(w.Clock.Now()) {
		t.Errorf("use %+v", u)
	}
	if len(v.Authenticators) != 1 || len(v.Authenticators[0].DependsOn) != 1 {
		t.Errorf("authenticators %+v", v.Authenticators)
	}
	p, err := w.People.Person(t.Context(), nil, done.AccountID)
	if err != nil || p.Name.Surname != "Іваноўская" || p.Name.Given != "Ганна" || p.Contacts[0].Value != "Anna@example.org" || p.LoginNames[0] != done.Login {
		t.Errorf("person %+v, %v", p, err)
	}
	if _, err := w.LogIn(b, email); err != nil {
		t.Errorf("log in with the address in other letters: %v", err)
	}
	w.Clock.Advance(31 * 24 * time.Hour)
	ticket, err := w.LogIn(b, email)
	if err != nil {
		t.Fatal(err)
	}
	v, err = w.SignIn.Visitor(t.Context(), ticket.Secret, w.Clock.Now())
	if err != nil || len(v.Uses[0].DependsOn) != 0 || len(v.Authenticators[0].DependsOn) != 0 {
		t.Errorf("after 30 days the password still depends on the contact: %+v", v)
	}
}

func TestRegistrationByPhoneHasACodeAndNoLink(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	b := browser()
	a := w.Begin(b, "+375 29 123-45-67")
	m := w.Last("+375291234567")
	if a.Kind != idp.ContactPhone || a.CodeValid != 10*time.Minute || m.Channel != idp.ChannelSMS || m.Code == "" || strings.Contains(m.Message.Text, "http") {
		t.Errorf("attempt %+v, message %+v", a, m.Message)
	}
	w.Clock.Advance(10 * time.Minute)
	_, err := w.Account.ConfirmRegistration(t.Context(), b, a.ID, m.Code)
	wantCode(t, err, idp.CodeExpired, "error.code.expired")
	if _, err := w.Account.ResendRegistration(t.Context(), b, a.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Account.ConfirmRegistration(t.Context(), b, a.ID, w.Last("+375291234567").Code); err != nil {
		t.Errorf("the new code: %v", err)
	}
}

// TestR6_KnownAndUnknownContactsAreAnsweredAlike compares everything but the message.
func TestR6_KnownAndUnknownContactsAreAnsweredAlike(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	for range 5 {
		w.Register(browser(), "full@example.org")
		w.Clock.Advance(time.Minute)
	}
	w.Register(browser(), "known@example.org")
	w.Clock.Advance(time.Hour)
	kinds := map[string]string{"full@example.org": "register_full", "known@example.org": "register_known", "new@example.org": "register_code"}
	seen := map[string]string{}
	for contact, kind := range kinds {
		ctx, trips := countTrips(t)
		b := browser()
		a, err := w.Account.BeginRegistration(ctx, account.BeginRegistration{
			Browser: b, Contact: contact, Terms: true, TermsVersion: w.Profile.Terms.Version,
		})
		if err != nil {
			t.Fatal(err)
		}
		if m := w.Last(contact); m.Kind != kind || (m.Code == "") != (kind == "register_full") {
			t.Errorf("%s got message %s with code %q", contact, m.Kind, m.Code)
		}
		a.ID, a.Contact = "", ""
		seen[trips.String()+events(w)] = contact
		if a != (account.Attempt{Kind: idp.ContactEmail, CodeValid: 24 * time.Hour, ResendAfter: 30 * time.Second}) {
			t.Errorf("%s: answer %+v", contact, a)
		}
	}
	if len(seen) != 1 {
		t.Errorf("statements or audit differ: %v", seen)
	}
	if n := w.Hashes.Count.Load(); n != 6 {
		t.Errorf("%d hashes, want those of the six registrations alone", n)
	}
}

func TestR6_AContactServesFiveAccountsAndIsTheLoginNameOfOne(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	logins := map[string]bool{}
	for i := range 5 {
		done := w.Register(browser(), email)
		if logins[done.Login] || (i > 0) != done.Generated || (i > 0) != (done.Login != email) {
			t.Errorf("account %d: %+v", i, done)
		}
		logins[done.Login] = true
		if i > 0 && !strings.Contains(w.Last(email).Message.Text, done.Login) {
			t.Error("the made-up name was not sent")
		}
		w.Clock.Advance(time.Minute)
	}
	for login := range logins {
		if _, err := w.LogIn(browser(), strings.ToUpper(strings.ReplaceAll(login, "-", " "))); err != nil {
			t.Errorf("log in as %s: %v", login, err)
		}
	}
	w.Clock.Advance(time.Hour)
	b := browser()
	a := w.Begin(b, email)
	if n := count(w, `SELECT count(*) FROM contact_proof WHERE proof_id = $1 AND code_mac IS NULL AND link_hash IS NULL`, a.ID); n != 1 {
		t.Error("a code or link is good for a sixth account")
	}
	for _, guess := range []string{"000000", "123456"} {
		_, err := w.Account.ConfirmRegistration(t.Context(), b, a.ID, guess)
		wantCode(t, err, idp.CodeInvalid, "error.code.left")
	}
}

// TestR6_TwoBrowsersRaceOnOneContact: both proved it before either finished.
func TestR6_TwoBrowsersRaceOnOneContact(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	var browsers [2]session.Browser
	var ids [2]idp.ProofID
	for i := range browsers {
		browsers[i] = browser()
		ids[i] = w.Proven(browsers[i], email).ID
		w.Clock.Advance(time.Minute)
	}
	var group sync.WaitGroup
	var errs [2]error
	for i := range browsers {
		group.Go(func() { _, errs[i] = w.Account.Complete(t.Context(), citizens.Details(browsers[i], ids[i])) })
	}
	group.Wait()
	loser := 0
	if errs[0] == nil {
		loser = 1
	}
	if errs[1-loser] != nil {
		t.Fatalf("nobody won: %v", errs)
	}
	wantCode(t, errs[loser], idp.CodeConflict, "error.conflict")
	r, err := w.Account.Registration(t.Context(), browsers[loser], ids[loser])
	if err != nil || !r.Used {
		t.Fatalf("the loser is asked again: %+v, %v", r, err)
	}
	if _, err := w.Account.AnotherAccount(t.Context(), browsers[loser], ids[loser]); err != nil {
		t.Fatal(err)
	}
	done, err := w.Account.Complete(t.Context(), citizens.Details(browsers[loser], ids[loser]))
	if err != nil || !done.Generated {
		t.Errorf("one more account: %+v, %v", done, err)
	}
}

func TestCompletingTwiceMakesOneAccount(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	w.Register(browser(), email)
	w.Clock.Advance(time.Minute)
	b := browser()
	r := w.Proven(b, email)
	// One more with the same contact is wanted: nothing but the proof says how many.
	if _, err := w.Account.AnotherAccount(t.Context(), b, r.ID); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		group.Go(func() { _, errs[i] = w.Account.Complete(t.Context(), citizens.Details(b, r.ID)) })
	}
	group.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		}
	}
	if n := count(w, `SELECT count(*) FROM account`); won != 1 || n != 2 {
		t.Errorf("%d won, %d accounts", won, n)
	}
}

func TestR11_UnconfirmedRegistrationVanishesAfterADay(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	b := browser()
	a := w.Begin(b, email)
	m := w.Last(email)
	w.Clock.Advance(24 * time.Hour)
	_, err := w.Account.ConfirmRegistration(t.Context(), b, a.ID, m.Code)
	wantCode(t, err, idp.CodeExpired, "error.attempt.expired")
	_, err = w.Account.RegistrationLink(t.Context(), b, m.Token)
	wantCode(t, err, idp.CodeExpired, "error.link.expired")
	_, err = w.Account.ResendRegistration(t.Context(), b, a.ID)
	wantCode(t, err, idp.CodeExpired, "error.attempt.expired")
}

func TestRegistrationNeedsTheTermsInForce(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	in := account.BeginRegistration{Browser: browser(), Contact: email, TermsVersion: w.Profile.Terms.Version}
	_, err := w.Account.BeginRegistration(t.Context(), in)
	wantCode(t, err, idp.CodeInvalid, "error.terms.required")
	in.Terms, in.TermsVersion = true, "1999-01-01"
	_, err = w.Account.BeginRegistration(t.Context(), in)
	wantCode(t, err, idp.CodeConflict, "error.terms.changed")
	if n := len(w.Outbox()); n != 0 {
		t.Errorf("%d messages", n)
	}
}

func TestR8_WhatIsWrongIsToldAtOnce(t *testing.T) {
	t.Parallel()
	w := citizens.New(t)
	b := browser()
	r := w.Proven(b, email)
	in := citizens.Details(b, r.ID)
	in.FamilyName, in.GivenName, in.Password = "", "Anna<br>", "short"
	_, err := w.Account.Complete(t.Context(), in)
	for _, want := range []string{"error.name.family_required", "error.name.letters", "error.password.short"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %s", err, want)
		}
	}
	in.FamilyName, in.NoFamilyName, in.GivenName, in.Password = "", true, "Ганна", "anna@example.org"
	_, err = w.Account.Complete(t.Context(), in)
	if err == nil || !strings.Contains(err.Error(), "error.password.personal") {
		t.Errorf("a password made of the address: %v", err)
	}
	if n := w.Hashes.Count.Load(); n != 0 {
		t.Errorf("%d hashes for what cannot be a password", n)
	}
	in.Password = citizens.Password
	if _, err := w.Account.Complete(t.Context(), in); err != nil {
		t.Errorf("one name alone: %v", err)
	}
}
