package factor_test

import (
	"slices"
	"testing"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/authn/otp"
	"surety/idp/flow/account"
	"surety/idp/flow/factor"
	"surety/idp/idptest/authenticator"
	"surety/idp/idptest/citizens"
	"surety/idp/session"
)

const (
	hannaMail  = "hanna@example.org"
	hannaPhone = "+375291112233"
	hannaKey   = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	pavelMail  = "pavel@example.org"
)

// people is a world with Hanna, confirmed at a counter a year ago together
// with her telephone, and Pavel, whom nobody has confirmed.
type people struct {
	*citizens.World
	hanna, pavel idp.AccountID
}

func world(t *testing.T) *people {
	t.Helper()
	w := &people{World: citizens.New(t)}
	w.hanna = w.seed(hanna())
	w.pavel = w.seed(account.Seed{Contact: pavelMail, FamilyName: "Коваль", GivenName: "Павел", Password: citizens.Password, Language: "be"})
	return w
}

func hanna() account.Seed {
	return account.Seed{
		Contact: hannaMail, FamilyName: "Іваноўская", GivenName: "Ганна", Password: citizens.Password, Language: "be",
		Stage: assurance.StageConfirmed, Contacts: []account.SeedContact{{Value: hannaPhone, Anchored: true}},
		Proofings: []assurance.Proofing{{Method: assurance.ProofingCounter, Version: 1, Stage: assurance.StageConfirmed}},
	}
}

func (w *people) seed(s account.Seed) idp.AccountID {
	w.Helper()
	s.CreatedAt = w.Clock.Now().AddDate(-1, 0, 0)
	for i := range s.Proofings {
		s.Proofings[i].At = s.CreatedAt
	}
	done, err := w.Account.SeedAccounts(w.Context(), []account.Seed{s})
	return citizens.Must(w.TB, done, err)[0].AccountID
}

// enter logs in by password, in a browser of its own.
func (w *people) enter(login string) session.Browser {
	w.Helper()
	b := citizens.Browser("203.0.113.7")
	t, err := w.LogIn(b, login)
	b.Session = citizens.Must(w.TB, t, err).Secret
	return b
}

// level is what the browser's session is worth now.
func (w *people) level(b session.Browser) assurance.LevelName {
	w.Helper()
	v, err := w.SignIn.Here(w.Context(), b)
	citizens.Must(w.TB, v, err)
	return assurance.One(w.Profile.Policy).Held(v.Situation(w.Clock.Now(), w.Clock.Now()))
}

func (w *people) wantLevel(b session.Browser, want assurance.LevelName, when string) {
	w.Helper()
	if got := w.level(b); got != want {
		w.Errorf("%s: the session is worth %q, not %q", when, got, want)
	}
}

// secret is the key of an app as the app has it.
func secret(t testing.TB, key string) []byte {
	t.Helper()
	s, err := otp.ParseKey(key)
	return citizens.Must(t, s, err)
}

// code is what an app shows now.
func (w *people) code(key string) string {
	w.Helper()
	c, err := otp.At(secret(w.TB, key), w.Clock.Now())
	return citizens.Must(w.TB, c, err)
}

// addApp adds an app in the session and returns its key. The browser goes on.
func (w *people) addApp(b *session.Browser) (string, factor.Added) {
	w.Helper()
	s, err := w.Factor.BeginOTP(w.Context(), *b)
	citizens.Must(w.TB, s, err)
	done, err := w.Factor.AddOTP(w.Context(), factor.AddOTP{Browser: *b, Attempt: s.Attempt, Code: w.code(s.Key)})
	b.Session = citizens.Must(w.TB, done, err).Ticket.Secret
	return s.Key, done
}

func device() *authenticator.Device { return authenticator.New(citizens.Issuer) }

// addPasskey adds a passkey of the device.
func (w *people) addPasskey(b *session.Browser, d *authenticator.Device) factor.Added {
	w.Helper()
	q, err := w.Factor.BeginPasskey(w.Context(), *b)
	citizens.Must(w.TB, q, err)
	answer, err := d.Create(q.Options)
	citizens.Must(w.TB, answer, err)
	done, err := w.Factor.AddPasskey(w.Context(), factor.AddPasskey{Browser: *b, Attempt: q.Attempt, Answer: answer, Name: "My phone"})
	b.Session = citizens.Must(w.TB, done, err).Ticket.Secret
	return done
}

// useApp uses the app in the session, half a minute after it was used last.
func (w *people) useApp(b *session.Browser, key string) factor.Used {
	w.Helper()
	w.Clock.Advance(30 * time.Second)
	done, err := w.Factor.UseOTP(w.Context(), factor.UseOTP{Browser: *b, Code: w.code(key)})
	b.Session = citizens.Must(w.TB, done, err).Ticket.Secret
	return done
}

// usePasskey uses a passkey of the device in the session.
func (w *people) usePasskey(b *session.Browser, d *authenticator.Device) {
	w.Helper()
	q, err := w.Factor.AskPasskey(w.Context(), *b)
	citizens.Must(w.TB, q, err)
	done, err := w.Factor.UsePasskey(w.Context(), factor.UsePasskey{Browser: *b, Attempt: q.Attempt, Answer: w.get(d, q)})
	b.Session = citizens.Must(w.TB, done, err).Ticket.Secret
}

func (w *people) get(d *authenticator.Device, q factor.Question) []byte {
	w.Helper()
	answer, err := d.Get(q.Options)
	return citizens.Must(w.TB, answer, err)
}

// signInByPasskey logs in by a passkey alone, in a browser of its own.
func (w *people) signInByPasskey(d *authenticator.Device) session.Browser {
	w.Helper()
	b := citizens.Browser("203.0.113.9")
	q, err := w.Factor.AskToSignIn(w.Context(), b)
	citizens.Must(w.TB, q, err)
	done, err := w.Factor.SignInByPasskey(w.Context(), factor.UsePasskey{Browser: b, Attempt: q.Attempt, Answer: w.get(d, q)})
	b.Session = citizens.Must(w.TB, done, err).Ticket.Secret
	return b
}

// phone is the id of the account's telephone.
func (w *people) phone(b session.Browser) idp.ContactID {
	w.Helper()
	o, err := w.Factor.Methods(w.Context(), b)
	return citizens.Must(w.TB, o, err).Phones[0].ID
}

// useSMS uses a code by SMS in the session.
func (w *people) useSMS(b *session.Browser) {
	w.Helper()
	w.Clock.Advance(time.Minute)
	s, err := w.Factor.SendSMS(w.Context(), *b, w.phone(*b), "")
	citizens.Must(w.TB, s, err)
	done, err := w.Factor.UseSMS(w.Context(), factor.TypedCode{Browser: *b, ID: s.ID, Code: w.Last(hannaPhone).Code})
	b.Session = citizens.Must(w.TB, done, err).Ticket.Secret
}

// bind enters a code to the contact, so that what is added next counts fully.
func (w *people) bind(b session.Browser, contact idp.ContactID) {
	w.Helper()
	w.Clock.Advance(time.Minute)
	s, err := w.Factor.SendBindCode(w.Context(), b, contact)
	citizens.Must(w.TB, s, err)
	if err := w.Factor.ConfirmBindCode(w.Context(), factor.TypedCode{Browser: b, ID: s.ID, Code: w.Last(hannaPhone).Code}); err != nil {
		w.Fatal(err)
	}
}

// resetByPhone sets a new password by a code to the telephone, and nothing else.
func (w *people) resetByPhone() session.Browser {
	w.Helper()
	w.Clock.Advance(time.Minute)
	b := citizens.Browser("198.51.100.66")
	a, err := w.Account.BeginRecovery(w.Context(), account.BeginRecovery{Browser: b, Contact: hannaPhone})
	citizens.Must(w.TB, a, err)
	r, err := w.Account.ConfirmRecovery(w.Context(), b, a.ID, w.Last(hannaPhone).Code)
	citizens.Must(w.TB, r, err)
	done, err := w.Account.ResetPassword(w.Context(), account.ResetPassword{Browser: b, ID: r.ID, Password: citizens.Password})
	b.Session = citizens.Must(w.TB, done, err).Ticket.Secret
	return b
}

// events lists the kinds of what the audit kept of the account.
func (w *people) events(account idp.AccountID) []string {
	w.Helper()
	rows, err := w.Query(w.Context(), `
		SELECT type
		FROM audit_event
		WHERE account_id = $1`, account)
	citizens.Must(w.TB, rows, err)
	defer rows.Close()
	var kinds []string
	for rows.Next() {
		var kind string
		if err := rows.Scan(&kind); err != nil {
			w.Fatal(err)
		}
		kinds = append(kinds, kind)
	}
	return kinds
}

func (w *people) wantEvent(account idp.AccountID, kind string) {
	w.Helper()
	if got := w.events(account); !slices.Contains(got, kind) {
		w.Errorf("the audit has no %s, only %v", kind, got)
	}
}

// want fails the test unless err has the code and the text's key.
func want(t testing.TB, err error, code idp.Code, key string) {
	t.Helper()
	if idp.CodeOf(err) != code {
		t.Errorf("error %v, not %s", err, code)
		return
	}
	if c, ok := err.(idp.Coded); ok && key != "" && c.MessageKey() != key {
		t.Errorf("error %s, not %s", c.MessageKey(), key)
	}
}
