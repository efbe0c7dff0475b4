package factor_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/flow/factor"
	"surety/idp/idptest/citizens"
)

func TestWhatIsAddedAndRemovedAsksForALogInOfTheLastTenMinutes(t *testing.T) {
	t.Parallel()
	w := world(t)
	b := w.enter(hannaMail)
	added := w.addPasskey(&b, device())
	s, err := w.Factor.BeginOTP(t.Context(), b)
	citizens.Must(t, s, err)
	w.Clock.Advance(9 * time.Minute)
	phone := w.phone(b)
	w.Clock.Advance(time.Minute)
	for name, err := range map[string]error{
		"begin an app":     second(w.Factor.BeginOTP(t.Context(), b)),
		"begin a passkey":  second(w.Factor.BeginPasskey(t.Context(), b)),
		"bind":             second(w.Factor.SendBindCode(t.Context(), b, phone)),
		"recovery codes":   second(w.Factor.NewRecoveryCodes(t.Context(), b)),
		"remove a passkey": second(w.Factor.Remove(t.Context(), factor.Remove{Browser: b, ID: added.ID, Confirmed: true})),
	} {
		if !errors.Is(err, factor.ErrAgain) {
			t.Errorf("%s: %v", name, err)
		}
	}
	o, err := w.Factor.Methods(t.Context(), b)
	if err != nil || o.Fresh {
		t.Errorf("%+v, %v", o, err)
	}
	ticket, err := w.LogIn(b, hannaMail)
	b.Session = citizens.Must(t, ticket, err).Secret
	if o, err = w.Factor.Methods(t.Context(), b); err != nil || !o.Fresh {
		t.Errorf("%+v, %v", o, err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestR6_EveryChangeIsToldToEveryOtherContact(t *testing.T) {
	t.Parallel()
	w := world(t)
	b := w.enter(hannaMail)
	told := func(kind string) (to []string) {
		for _, m := range w.Outbox() {
			if m.Kind == kind {
				to = append(to, m.Message.To)
				if m.Channel == idp.ChannelSMS && strings.Contains(m.Message.Text, "://") {
					t.Errorf("%s: an SMS holds a link: %s", kind, m.Message.Text)
				}
				if m.Message.Lang != "be" {
					t.Errorf("%s is in %s", kind, m.Message.Lang)
				}
			}
		}
		slices.Sort(to)
		return to
	}
	both := []string{hannaPhone, hannaMail}
	passkey := w.addPasskey(&b, device())
	if got := told("passkey_added"); !slices.Equal(got, both) {
		t.Errorf("a passkey was told to %v", got)
	}
	w.bind(b, w.phone(b))
	_, app := w.addApp(&b) // by a code to the phone: whoever holds it knows
	if got := told("app_added"); !slices.Equal(got, []string{hannaMail}) {
		t.Errorf("an app was told to %v", got)
	}
	done, err := w.Factor.UseOTP(t.Context(), factor.UseOTP{Browser: b, Code: app.Recovery[0]})
	b.Session = citizens.Must(t, done, err).Ticket.Secret
	citizens.Must(t, 0, second(w.Factor.NewRecoveryCodes(t.Context(), b)))
	citizens.Must(t, 0, second(w.Factor.Remove(t.Context(), factor.Remove{Browser: b, ID: passkey.ID})))
	citizens.Must(t, 0, second(w.Factor.Remove(t.Context(), factor.Remove{Browser: b, ID: app.ID})))
	for _, kind := range []string{"recovery_used", "recovery_made", "passkey_removed", "app_removed"} {
		if got := told(kind); !slices.Equal(got, both) {
			t.Errorf("%s was told to %v", kind, got)
		}
	}
	for _, kind := range []string{"factor.added", "factor.removed", "recovery_codes.made", "contact_code.sent", "contact_code.confirmed"} {
		w.wantEvent(w.hanna, kind)
	}
}

func TestUsesOfWhatIsRemovedCountNoMore(t *testing.T) {
	t.Parallel()
	w := world(t)
	b := w.enter(hannaMail)
	d, kept := device(), device()
	w.addPasskey(&b, kept)
	w.bind(b, w.phone(b))
	added := w.addPasskey(&b, d)
	alone, beside, other := w.signInByPasskey(d), w.enter(hannaMail), w.signInByPasskey(kept)
	w.usePasskey(&beside, d)
	w.wantLevel(alone, "substantial", "by the passkey")
	w.wantLevel(beside, "substantial", "by password and passkey")

	done, err := w.Factor.Remove(t.Context(), factor.Remove{Browser: b, ID: added.ID})
	if err != nil || done.LoggedOut {
		t.Fatalf("%+v, %v", done, err)
	}
	w.wantLevel(beside, "checked", "in a session that has a password left")
	w.wantLevel(b, "checked", "in the session that removed it")
	w.wantLevel(other, "checked", "in the session of another passkey")
	for name, want := range map[string]bool{"the passkey alone": false, "password beside": true, "another passkey": true} {
		in := map[string]string{"the passkey alone": alone.Session, "password beside": beside.Session, "another passkey": other.Session}[name]
		v, err := w.SignIn.Visitor(t.Context(), in, w.Clock.Now())
		if err != nil || v.Known() != want {
			t.Errorf("session of %s: known %v, %v", name, v.Known(), err)
		}
	}
	_, err = w.Factor.Remove(t.Context(), factor.Remove{Browser: b, ID: added.ID})
	want(t, err, idp.CodeNotFound, "error.factor.unknown")
	q, err := w.Factor.AskToSignIn(t.Context(), other)
	citizens.Must(t, q, err)
	_, err = w.Factor.SignInByPasskey(t.Context(), factor.UsePasskey{Browser: other, Attempt: q.Attempt, Answer: w.get(d, q)})
	want(t, err, idp.CodeInvalid, "")
}

func TestGrantsRestNoMoreOnWhatIsRemoved(t *testing.T) {
	t.Parallel()
	w := world(t)
	b := w.enter(hannaMail)
	d, kept := device(), device()
	w.addPasskey(&b, kept)
	gone := w.addPasskey(&b, d)
	citizens.Must(t, 0, exec(w, `
		INSERT INTO oauth_grant (grant_id, client_id, account_id, session_id, subject, sid, scopes, audience, offline, level, acr,
			amr, method, auth_time, policy_version, uses, created_at, expires_at)
		SELECT gen_random_uuid(), 'tax', account_id, session_id, 's', 'x', '{}', '{}', true, 'checked', 'a', '{}', 'passkey', created_at, 1,
			uses, created_at, expires_at
		FROM session`))
	citizens.Must(t, 0, second(w.Factor.Remove(t.Context(), factor.Remove{Browser: b, ID: gone.ID})))
	var left []assurance.Use
	err := w.QueryRow(t.Context(), `SELECT uses FROM oauth_grant`).Scan(&left)
	if err != nil || len(left) != 2 || left[0].Method != assurance.MethodPassword || left[1].Credential == string(gone.ID) {
		t.Errorf("the grant rests on %+v, %v", left, err)
	}
}

func TestRemovingTheLastWayAsksFirst(t *testing.T) {
	t.Parallel()
	w := world(t)
	b := w.enter(pavelMail)
	d := device()
	added := w.addPasskey(&b, d)
	r, err := w.Factor.Removal(t.Context(), b, added.ID)
	if err != nil || r.Last || r.Name != "My phone" {
		t.Errorf("with a password: %+v, %v", r, err)
	}
	citizens.Must(t, 0, exec(w, `DELETE FROM credential WHERE method = 'password' AND account_id = $1`, w.pavel))
	in := w.signInByPasskey(d)
	if r, err = w.Factor.Removal(t.Context(), in, added.ID); err != nil || !r.Last {
		t.Errorf("with nothing else: %+v, %v", r, err)
	}
	_, err = w.Factor.Remove(t.Context(), factor.Remove{Browser: in, ID: added.ID})
	if !errors.Is(err, factor.ErrLast) {
		t.Errorf("unconfirmed: %v", err)
	}
	done, err := w.Factor.Remove(t.Context(), factor.Remove{Browser: in, ID: added.ID, Confirmed: true})
	if err != nil || !done.LoggedOut {
		t.Errorf("confirmed: %+v, %v", done, err)
	}
}

func TestNobodyNamesOrRemovesWhatIsAnothers(t *testing.T) {
	t.Parallel()
	w := world(t)
	hannas, pavels := w.enter(hannaMail), w.enter(pavelMail)
	added := w.addPasskey(&hannas, device())
	for _, id := range []idp.CredentialID{added.ID, "", "x", "00000000-0000-7000-8000-000000000000"} {
		want(t, w.Factor.Rename(t.Context(), pavels, id, "mine"), idp.CodeNotFound, "error.factor.unknown")
		_, err := w.Factor.Removal(t.Context(), pavels, id)
		want(t, err, idp.CodeNotFound, "error.factor.unknown")
		_, err = w.Factor.Remove(t.Context(), factor.Remove{Browser: pavels, ID: id, Confirmed: true})
		want(t, err, idp.CodeNotFound, "error.factor.unknown")
	}
	_, err := w.Factor.SendSMS(t.Context(), pavels, w.phone(hannas), "")
	want(t, err, idp.CodeNotFound, "error.contact.unknown")
	for _, name := range []string{"", "  ", strings.Repeat("x", 61), "a\x00b", "\xff"} {
		want(t, w.Factor.Rename(t.Context(), hannas, added.ID, name), idp.CodeInvalid, "error.passkey.name")
	}
	if err := w.Factor.Rename(t.Context(), hannas, added.ID, "  Ключ  з дому "); err != nil {
		t.Fatal(err)
	}
	o, err := w.Factor.Methods(t.Context(), hannas)
	if err != nil || o.Passkeys[0].Name != "Ключ з дому" {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestADeviceIsNotAskedTwiceAndTenPasskeysAreEnough(t *testing.T) {
	t.Parallel()
	w := world(t)
	b := w.enter(hannaMail)
	d := device()
	w.addPasskey(&b, d)
	q, err := w.Factor.BeginPasskey(t.Context(), b)
	citizens.Must(t, q, err)
	if _, err := d.Create(q.Options); err == nil {
		t.Error("the device was not told that it has a passkey already")
	}
	for range 9 {
		w.addPasskey(&b, device())
	}
	_, err = w.Factor.BeginPasskey(t.Context(), b)
	want(t, err, idp.CodeConflict, "error.passkey.full")
	o, err := w.Factor.Methods(t.Context(), b)
	if err != nil || !o.Full || len(o.Passkeys) != 10 || !o.Password || o.App != nil || len(o.Phones) != 1 || len(o.Anchors) != 1 {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestTheVisitorHasWhatTheAccountLogsInWith(t *testing.T) {
	t.Parallel()
	w := world(t)
	b := w.enter(hannaMail)
	w.addApp(&b)
	w.addPasskey(&b, device())
	v, err := w.SignIn.Here(t.Context(), b)
	citizens.Must(t, v, err)
	var have []string
	for _, a := range v.Authenticators {
		have = append(have, string(a.Method)+":"+string(a.BoundLevel)+":"+strings.Join(a.AMR, " "))
	}
	wanted := []string{"password::", "otp:checked:otp", "passkey:checked:swk user", "sms::"}
	if !slices.Equal(have, wanted) || !v.Anchored || len(v.Authenticators[3].DependsOn) != 1 {
		t.Errorf("%v, anchored %v", have, v.Anchored)
	}
	v, err = w.SignIn.Here(t.Context(), w.enter(pavelMail))
	if err != nil || v.Anchored || len(v.Authenticators) != 1 {
		t.Errorf("%+v, %v", v, err)
	}
}
