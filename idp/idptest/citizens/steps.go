package citizens

import (
	"surety/idp"
	"surety/idp/flow/account"
	"surety/idp/flow/signin"
	"surety/idp/session"
)

// Begin begins a registration.
func (w *World) Begin(b session.Browser, contact string) account.Attempt {
	w.Helper()
	a, err := w.Account.BeginRegistration(w.Context(), account.BeginRegistration{
		Browser: b, Contact: contact, Terms: true, TermsVersion: w.Profile.Terms.Version,
	})
	return Must(w.TB, a, err)
}

// Proven begins a registration and proves the contact by the code.
func (w *World) Proven(b session.Browser, contact string) account.Registration {
	w.Helper()
	a := w.Begin(b, contact)
	r, err := w.Account.ConfirmRegistration(w.Context(), b, a.ID, w.lastCode())
	return Must(w.TB, r, err)
}

func (w *World) lastCode() string {
	w.Helper()
	all := w.Outbox()
	return all[len(all)-1].Code
}

// Details are the last step of a registration, filled in properly.
func Details(b session.Browser, id idp.ProofID) account.Complete {
	return account.Complete{
		Browser: b, ID: id, FamilyName: "Іваноўская", GivenName: "Ганна", NoPatronymic: true, Password: Password,
	}
}

// Register makes an account by registration, from the first page to the last;
// with a contact in use, one more.
func (w *World) Register(b session.Browser, contact string) account.Completed {
	w.Helper()
	r := w.Proven(b, contact)
	if r.Used {
		Must(w.TB, r, second(w.Account.AnotherAccount(w.Context(), b, r.ID)))
	}
	done, err := w.Account.Complete(w.Context(), Details(b, r.ID))
	return Must(w.TB, done, err)
}

func second[T any](_ T, err error) error { return err }

// LogIn logs in with the usual password.
func (w *World) LogIn(b session.Browser, login string) (session.Ticket, error) {
	return w.SignIn.LogIn(w.Context(), signin.LogIn{Browser: b, Login: login, Password: Password})
}
