package factor_test

import (
	"strings"
	"testing"
	"time"

	"surety/idp"
	"surety/idp/authn/passkey"
	"surety/idp/flow/account"
	"surety/idp/flow/factor"
	"surety/idp/idptest/authenticator"
	"surety/idp/idptest/citizens"
	"surety/idp/postgres/db"
	"surety/idp/session"
)

const olgaPhone = "+375297654321"

// olga logs in with her telephone number.
func (w *people) olga() idp.AccountID {
	return w.seed(account.Seed{Contact: olgaPhone, GivenName: "Вольга", Password: citizens.Password, Language: "be"})
}

func TestSigningInBySMSAloneReachesTheLowestLevel(t *testing.T) {
	t.Parallel()
	w := world(t)
	olga, b := w.olga(), citizens.Browser("203.0.113.20")
	s, err := w.Factor.BeginSMSSignIn(t.Context(), factor.BeginSMS{Browser: b, Phone: "+375 29 765-43-21", Shared: true})
	citizens.Must(t, s, err)
	sent := w.Last(olgaPhone)
	if sent.Kind != "login_code" || strings.Contains(sent.Message.Text, "://") {
		t.Errorf("sent %q: %s", sent.Kind, sent.Message.Text)
	}
	done, err := w.Factor.SignInBySMS(t.Context(), factor.TypedCode{Browser: b, ID: s.ID, Code: sent.Code[:3] + " " + sent.Code[3:]})
	b.Session = citizens.Must(t, done, err).Ticket.Secret
	v, err := w.SignIn.Here(t.Context(), b)
	if err != nil || v.Account.ID != olga || !v.Session.Shared {
		t.Errorf("%+v, %v", v, err)
	}
	w.wantLevel(b, "basic", "by a code alone")
	if w.Last(olgaPhone).Kind != "new_login" {
		t.Error("nobody was told of a browser that the account does not know")
	}
}

// The same answer, rows and messages, so that asking tells nothing.
func TestSigningInBySMSDoesTheSameForANumberThatNobodyHas(t *testing.T) {
	t.Parallel()
	w := world(t)
	w.olga()
	const nobodys = "+375297000000"
	var counted []string
	// The first message of a process asks the database for its version.
	_, err := w.Factor.BeginSMSSignIn(t.Context(), factor.BeginSMS{Browser: citizens.Browser("203.0.113.21"), Phone: "+375297111111"})
	citizens.Must(t, 0, err)
	for _, phone := range []string{olgaPhone, nobodys, hannaPhone} { // the last one is a contact, no login name
		b := citizens.Browser("203.0.113.21")
		ctx, trips := db.Count(t.Context())
		s, err := w.Factor.BeginSMSSignIn(ctx, factor.BeginSMS{Browser: b, Phone: phone})
		citizens.Must(t, s, err)
		counted = append(counted, trips.String())
		if s.Kind != idp.ContactPhone || s.CodeValid != 10*time.Minute || s.ResendAfter != 30*time.Second || s.Confirmed {
			t.Errorf("%s: %+v", phone, s)
		}
		if kind := w.Last(phone).Kind; (kind == "login_code") != (phone == olgaPhone) {
			t.Errorf("%s was sent %s", phone, kind)
		}
		// No guess is right for nobody, and the tries end alike.
		for i := range 7 {
			_, err := w.Factor.SignInBySMS(t.Context(), factor.TypedCode{Browser: b, ID: s.ID, Code: wrong(w.Last(phone).Code)})
			code, key := idp.CodeInvalid, "error.code.left"
			if i >= 5 {
				code, key = idp.CodeThrottled, "error.code.tries"
			}
			want(t, err, code, key)
		}
	}
	if counted[0] != counted[1] || counted[0] != counted[2] {
		t.Errorf("the statements differ: %q", counted)
	}
}

func TestACodeToSignInIsWorthNothingElsewhere(t *testing.T) {
	t.Parallel()
	w := world(t)
	w.olga()
	b := citizens.Browser("203.0.113.22")
	s, err := w.Factor.BeginSMSSignIn(t.Context(), factor.BeginSMS{Browser: b, Phone: olgaPhone})
	citizens.Must(t, s, err)
	code := w.Last(olgaPhone).Code
	for _, other := range []session.Browser{citizens.Browser("203.0.113.22"), {Source: "203.0.113.22"}} {
		_, err = w.Factor.SignInBySMS(t.Context(), factor.TypedCode{Browser: other, ID: s.ID, Code: code})
		want(t, err, idp.CodeExpired, factor.ErrAttempt.Key)
	}
	_, err = w.Factor.BeginSMSSignIn(t.Context(), factor.BeginSMS{Browser: session.Browser{}, Phone: olgaPhone})
	want(t, err, idp.CodeForbidden, "error.form")
	for _, typed := range []string{"", "12", hannaMail} {
		_, err = w.Factor.BeginSMSSignIn(t.Context(), factor.BeginSMS{Browser: b, Phone: typed})
		want(t, err, idp.CodeInvalid, "")
	}
}

func TestFrozenPeopleAndNumbersUnusedForAYearDoNotSignInBySMS(t *testing.T) {
	t.Parallel()
	w := world(t)
	olga, b := w.olga(), citizens.Browser("203.0.113.23")
	s, err := w.Factor.BeginSMSSignIn(t.Context(), factor.BeginSMS{Browser: b, Phone: olgaPhone})
	citizens.Must(t, s, err)
	citizens.Must(t, 0, exec(w, `UPDATE account SET state = 'frozen' WHERE account_id = $1`, olga))
	_, err = w.Factor.SignInBySMS(t.Context(), factor.TypedCode{Browser: b, ID: s.ID, Code: w.Last(olgaPhone).Code})
	want(t, err, idp.CodeExpired, factor.ErrAttempt.Key)
	w.Clock.Advance(time.Minute)
	_, err = w.Factor.BeginSMSSignIn(t.Context(), factor.BeginSMS{Browser: b, Phone: olgaPhone})
	if citizens.Must(t, 0, err); w.Last(olgaPhone).Kind != "login_unknown" {
		t.Error("a code was sent to a frozen account")
	}
	citizens.Must(t, 0, exec(w, `UPDATE account SET state = 'active'`))
	w.Clock.Advance(366 * 24 * time.Hour)
	_, err = w.Factor.BeginSMSSignIn(t.Context(), factor.BeginSMS{Browser: b, Phone: olgaPhone})
	if citizens.Must(t, 0, err); w.Last(olgaPhone).Kind != "login_unknown" {
		t.Error("a code was sent to a number that may be another person's by now")
	}
}

func TestAPasskeySignsInWithoutAName(t *testing.T) {
	t.Parallel()
	w := world(t)
	b := w.enter(hannaMail)
	first, second := device(), device()
	second.Counts = true
	w.addPasskey(&b, first)
	w.addPasskey(&b, second)
	if string(first.Passkeys[0].Handle) != string(second.Passkeys[0].Handle) || strings.Contains(string(first.Passkeys[0].Handle), string(w.hanna)) {
		t.Error("the user handle is not one for all, or names the account")
	}
	for _, d := range []*authenticator.Device{first, second, first} {
		in := w.signInByPasskey(d)
		v, err := w.SignIn.Here(t.Context(), in)
		if err != nil || v.Account.ID != w.hanna || v.Uses[0].AMR[0] != "swk" {
			t.Errorf("%+v, %v", v, err)
		}
	}
	if w.Last(hannaMail).Kind != "new_login" {
		t.Error("nobody was told of a browser that the account does not know")
	}
}

func TestAPasskeysAnswerIsGoodOnceAndInItsBrowserOnly(t *testing.T) {
	t.Parallel()
	w := world(t)
	b := w.enter(hannaMail)
	d := device()
	w.addPasskey(&b, d)
	fresh := citizens.Browser("203.0.113.30")
	q, err := w.Factor.AskToSignIn(t.Context(), fresh)
	citizens.Must(t, q, err)
	in := factor.UsePasskey{Browser: fresh, Attempt: q.Attempt, Answer: w.get(d, q)}
	stolen := in
	stolen.Browser = citizens.Browser("203.0.113.31")
	_, err = w.Factor.SignInByPasskey(t.Context(), stolen)
	want(t, err, idp.CodeExpired, factor.ErrAttempt.Key)
	_, err = w.Factor.SignInByPasskey(t.Context(), in)
	citizens.Must(t, 0, err)
	_, err = w.Factor.SignInByPasskey(t.Context(), in)
	want(t, err, idp.CodeExpired, factor.ErrAttempt.Key)

	q, err = w.Factor.AskToSignIn(t.Context(), fresh)
	citizens.Must(t, q, err)
	late := factor.UsePasskey{Browser: fresh, Attempt: q.Attempt, Answer: w.get(d, q)}
	w.Clock.Advance(10 * time.Minute)
	_, err = w.Factor.SignInByPasskey(t.Context(), late)
	want(t, err, idp.CodeExpired, factor.ErrAttempt.Key)
}

func TestPasskeysThatLieAreRefused(t *testing.T) {
	t.Parallel()
	w := world(t)
	b := w.enter(hannaMail)
	for name, lie := range map[string]func(d *authenticator.Device){
		"nobody shown":         func(d *authenticator.Device) { d.Unverified = true },
		"nobody there":         func(d *authenticator.Device) { d.Absent = true },
		"another site":         func(d *authenticator.Device) { d.Origin = "https://id.example.evil" },
		"another challenge":    func(d *authenticator.Device) { d.Challenge = "AAAA" },
		"a counter that falls": func(d *authenticator.Device) { d.Passkeys[0].Count = 0 },
		"nobody's passkey":     func(d *authenticator.Device) { d.Passkeys[0].ID = make([]byte, 32) },
		"another user":         func(d *authenticator.Device) { d.Passkeys[0].Handle = []byte("x") },
	} {
		d := device()
		d.Counts = true
		w.addPasskey(&b, d)
		w.usePasskey(&b, d)
		w.usePasskey(&b, d)
		lie(d)
		fresh := citizens.Browser("203.0.113.32")
		q, err := w.Factor.AskToSignIn(t.Context(), fresh)
		citizens.Must(t, q, err)
		_, err = w.Factor.SignInByPasskey(t.Context(), factor.UsePasskey{Browser: fresh, Attempt: q.Attempt, Answer: w.get(d, q)})
		if idp.CodeOf(err) != idp.CodeInvalid {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want(t, err, idp.CodeInvalid, passkey.ErrAnswer.Key)
	}
	w.wantEvent(w.hanna, "login.failed")
}

func TestAFrozenPersonDoesNotSignInByPasskey(t *testing.T) {
	t.Parallel()
	w := world(t)
	b := w.enter(hannaMail)
	d := device()
	w.addPasskey(&b, d)
	citizens.Must(t, 0, exec(w, `UPDATE account SET state = 'frozen' WHERE account_id = $1`, w.hanna))
	fresh := citizens.Browser("203.0.113.33")
	q, err := w.Factor.AskToSignIn(t.Context(), fresh)
	citizens.Must(t, q, err)
	_, err = w.Factor.SignInByPasskey(t.Context(), factor.UsePasskey{Browser: fresh, Attempt: q.Attempt, Answer: w.get(d, q)})
	want(t, err, idp.CodeForbidden, "error.account.frozen")
}
