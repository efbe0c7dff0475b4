package templates_test

import (
	"io"
	"slices"
	"time"

	"surety/idp/text"
	"surety/idp/web/templates"
)

// day is the day of all samples.
var day = time.Date(2026, time.May, 3, 9, 30, 0, 0, time.UTC)

// sample is one page in one state, as golden files, screenshots and checks see it.
type sample struct {
	name   string
	change func(f *templates.Frame)
	render func(t *templates.Templates, w io.Writer, f templates.Frame) error
}

// frame returns what all samples have around their content.
func frame(lang string) templates.Frame {
	return templates.Frame{Lang: lang, CSRF: "form-token", Path: "/here?a=1"}
}

func pending(f *templates.Frame) {
	f.Agency, f.Interaction = "Tax Service", "0190d8a2-0000-7000-8000-000000000001"
}

func signedIn(f *templates.Frame) {
	f.Person, f.SessionLeft = "Anna K.", 30*time.Minute
}

func with(key, field string, args ...any) func(f *templates.Frame) {
	return func(f *templates.Frame) {
		p := templates.Problem{Field: field, Key: key}
		if len(args) == 2 {
			p.Args = map[string]any{args[0].(string): args[1]}
		}
		f.Problems = append(f.Problems, p)
	}
}

func all(changes ...func(f *templates.Frame)) func(f *templates.Frame) {
	return func(f *templates.Frame) {
		for _, c := range changes {
			c(f)
		}
	}
}

// page makes a sample of a typed render method.
func page[V any](name string, change func(f *templates.Frame), render func(t *templates.Templates, w io.Writer, f templates.Frame, v V) error, v V) sample {
	return sample{name, change, func(t *templates.Templates, w io.Writer, f templates.Frame) error { return render(t, w, f, v) }}
}

var document = text.Document{Sections: []text.Section{{Heading: "1", Paragraphs: []string{"One & two."}}}}

func samples() []sample {
	return slices.Concat(entrySamples(), stepUpSamples(), ownSamples(), methodSamples(), procedureSamples(), failureSamples())
}

func entrySamples() []sample {
	type t = templates.Templates
	email := templates.CodeEntry{Channel: templates.ByEmail, Contact: "anna@example.org", Attempt: "a1", Valid: 24 * time.Hour}
	sms := templates.CodeEntry{Channel: templates.BySMS, Contact: "+375 29 123-45-67", Attempt: "a1", Valid: 10 * time.Minute, ResendAfter: 30 * time.Second, Resent: true}
	two := []templates.Candidate{{ID: "1", Name: "Anna Kavalenka", Login: "a•••@example.org"}, {ID: "2", Name: "Piotr Kavalenka", Login: "kite-4821"}}
	names := templates.RegisterDetails{Attempt: "a1", Login: "anna@example.org", FamilyName: "Kavalenka", GivenName: "Anna", NoPatronymic: true, PasswordMin: 12}
	return []sample{
		page("home", nil, (*t).Home, templates.Home{}),
		page("sign-in", pending, (*t).SignIn, templates.SignIn{}),
		page("sign-in-wrong", all(pending, with("error.login.wrong", "login")), (*t).SignIn, templates.SignIn{Login: "anna@example.org", Shared: true, Again: true}),
		page("sign-in-plain", nil, (*t).SignIn, templates.SignIn{Again: true}),
		page("select-account", pending, (*t).SelectAccount, templates.SelectAccount{Candidates: two[:1]}),
		page("select-account-two", pending, (*t).SelectAccount, templates.SelectAccount{Candidates: two}),
		page("register", pending, (*t).Register, templates.Register{TermsVersion: "2026-05"}),
		page("register-wrong", all(with("error_contact_email", "contact"), with("error.terms.required", "terms")), (*t).Register, templates.Register{Contact: "anna@", TermsVersion: "2026-05"}),
		page("register-code-email", pending, (*t).RegisterCode, email),
		page("register-code-sms", with("error.code.left", "code", "count", 3), (*t).RegisterCode, sms),
		page("register-link", nil, (*t).RegisterLink, templates.LinkLanding{Token: "secret"}),
		page("register-link-elsewhere", nil, (*t).RegisterLink, templates.LinkLanding{Token: "secret", OtherBrowser: true}),
		page("register-link-other", nil, (*t).RegisterLink, templates.LinkLanding{Token: "secret", OtherBrowser: true, Code: "482 913"}),
		page("register-used", nil, (*t).RegisterUsed, templates.RegisterUsed{Channel: templates.ByEmail, Contact: "anna@example.org", Attempt: "a1"}),
		page("register-used-full", with("error.choice.required", "choice"), (*t).RegisterUsed, templates.RegisterUsed{Channel: templates.BySMS, Contact: "+375 29 123-45-67", Full: true, Choice: "recover"}),
		page("register-details", pending, (*t).RegisterDetails, names),
		page("register-details-wrong", all(with("error.name.family_required", "family_name"), with("error.password.short", "password", "count", 12)), (*t).RegisterDetails, templates.RegisterDetails{PasswordMin: 12}),
		page("register-done", pending, (*t).RegisterDone, templates.RegisterDone{Login: "anna@example.org", Next: "/continue?interaction=1"}),
		page("register-done-generated", nil, (*t).RegisterDone, templates.RegisterDone{Login: "kite-4821", Generated: true, Next: "/account"}),
		page("recover", nil, (*t).Recover, templates.Recover{}),
		page("recover-code", nil, (*t).RecoverCode, email),
		page("recover-link", nil, (*t).RecoverLink, templates.LinkLanding{Token: "secret"}),
		page("recover-password", nil, (*t).RecoverPassword, templates.RecoverPassword{Attempt: "a1", Login: "anna@example.org", Account: "1", PasswordMin: 12}),
		page("recover-password-two", with("error.account.required", "account"), (*t).RecoverPassword, templates.RecoverPassword{Accounts: two, PasswordMin: 12}),
		page("recover-done", nil, (*t).RecoverDone, templates.RecoverDone{Login: "anna@example.org", Next: "/account"}),
	}
}

func ownSamples() []sample {
	type t = templates.Templates
	consent := templates.Consent{
		Agency: "Tax Service", Procedure: "3.77.01 Income certificate", Purpose: "To issue the certificate in your name.",
		Required: []templates.SharedValue{{Claim: "family_name", Value: "Kavalenka"}, {Claim: "given_name", Value: "Anna"}, {Claim: "sub", Value: "ZX81-77"}},
		Optional: []templates.SharedValue{{Claim: "email", Value: "anna@example.org", Chose: true}, {Claim: "phone_number", Value: "+375291234567"}, {Claim: "shoe_size"}},
		Offline:  true, Until: day.AddDate(1, 0, 0), Remembered: day, PolicyURI: "https://tax.example/privacy", TermsURI: "https://tax.example/terms",
	}
	return []sample{
		page("consent", all(pending, signedIn), (*t).Consent, consent),
		page("consent-small", pending, (*t).Consent, templates.Consent{Agency: "Tax Service", Required: consent.Required, Once: true, PolicyURI: "javascript:alert(1)"}),
		page("consent-choose", pending, (*t).Consent, templates.Consent{Agency: "Tax Service", Optional: consent.Optional}),
		page("consent-law", pending, (*t).Consent, templates.Consent{Agency: "Tax Service", Procedure: "Certificate that nothing is owed", ByLaw: []templates.SharedValue{
			{Claim: "name", Value: "Anna Kowal", Reference: "Tax act, article 12", Law: "The tax service gives the certificate to nobody but the taxpayer."}}}),
		page("consent-procedure", pending, (*t).Consent, templates.Consent{Agency: "Tax Service", Procedure: "Tax return", Required: consent.Required,
			Optional: []templates.SharedValue{{Claim: "email", Value: "anna@example.org", Chose: true, Why: "To tell you when it is ready."}},
			ByLaw:    []templates.SharedValue{{Claim: "phone_number", Reference: "Tax act, article 13"}}}),
		page("consent-unknown", pending, (*t).Consent, templates.Consent{Agency: "Tax Service", Optional: []templates.SharedValue{{Claim: "phone_number", Chose: true}}}),
		page("terms", nil, (*t).Terms, templates.Terms{Version: "2026-05", Since: day, Text: document}),
		page("terms-accept", all(pending, with("error.terms.required", "terms")), (*t).TermsAccept, templates.TermsAccept{Version: "2026-05", Since: day, Text: document}),
		page("account", signedIn, (*t).Account, account()),
		page("account-bare", signedIn, (*t).Account, templates.Account{Name: "Anna", Level: "high"}),
		page("logout", pending, (*t).LogOut, templates.LogOut{Action: "/logout/confirm", Hidden: []templates.Field{{Name: "request", Value: "r1"}}}),
		page("signed-out", pending, (*t).SignedOut, templates.SignedOut{Return: "https://tax.example/"}),
		page("signed-out-everywhere", nil, (*t).SignedOut, templates.SignedOut{Everywhere: true}),
		page("form-post", pending, (*t).FormPost, templates.FormPost{Action: "https://tax.example/cb", Fields: []templates.Field{{Name: "code", Value: "c1"}, {Name: "state", Value: `"><script>`}}}),
		page("operator-invite", nil, (*t).OperatorInvite, templates.OperatorInvite{Token: "secret", Name: "Maria", Options: `{"publicKey":{"challenge":"AAAA"}}`}),
		page("operator-sign-in", nil, (*t).OperatorSignIn, templates.OperatorSignIn{Attempt: "a1", Options: `{"publicKey":{"challenge":"AAAA"}}`}),
		page("operator-home", signedIn, (*t).OperatorHome, templates.OperatorHome{
			Operators:  []templates.OperatorRow{{Name: "Maria", Since: day, LastSeen: day, Me: true}, {Name: "Ivan", Since: day}, {Name: "Olha", Invited: true, Until: day}},
			Invitation: "https://id.example/operator/invite?token=secret", Until: day,
		}),
		page("parts", nil, (*t).Parts, templates.Parts{}),
	}
}

func account() templates.Account {
	return templates.Account{
		Name: "Anna Kavalenka", Login: "anna@example.org", Level: "basic", Earlier: "/account?after=x",
		Contacts: []templates.Contact{{Channel: templates.ByEmail, Masked: "a•••@example.org", Confirmed: true, Login: true}, {Channel: templates.BySMS, Masked: "+375 •• ••• •• 67"}},
		Methods:  []templates.LoginMethod{{Method: "password", Since: day.AddDate(0, -2, 0), Last: day}},
		Sessions: []templates.OpenSession{{Device: "Firefox, Linux", Current: true, Started: day, LastSeen: day}, {Shared: true, Started: day, LastSeen: day}},
		Agencies: []templates.ConnectedAgency{{Name: "Tax Service", URI: "https://tax.example/", Since: day, Claims: []string{"name", "email"}, Offline: true}},
		Support:  "482 913",
	}
}

// failureKinds are all error pages.
var failureKinds = []string{
	templates.FailedInternal, templates.FailedRequest, templates.FailedClient, templates.FailedForbidden, templates.FailedForm,
	templates.FailedNotFound, templates.FailedMethod, templates.FailedTooLarge, templates.FailedExpired, templates.FailedCompleted,
	templates.FailedStale, templates.FailedThrottled, templates.FailedBusy, templates.FailedDown, templates.FailedLevel,
	templates.FailedConflict, templates.FailedTimeout, templates.FailedAgency,
}

func failureSamples() []sample {
	type t = templates.Templates
	var out []sample
	for _, kind := range failureKinds {
		v := templates.Failure{Kind: kind, Reference: "K7QMA-2XPLD"}
		var change func(f *templates.Frame)
		switch kind {
		case templates.FailedThrottled:
			v.Until, v.Wait = day.Add(15*time.Minute), 15*time.Minute
		case templates.FailedBusy, templates.FailedDown:
			v.Wait = 5 * time.Second
		case templates.FailedExpired, templates.FailedCompleted:
			change, v.Restart, v.Return = pending, "/authorize?again=1", "https://tax.example/"
		case templates.FailedForbidden:
			v.Key = "error.account.frozen"
		case templates.FailedLevel:
			change = func(f *templates.Frame) {
				f.InPerson = &templates.InPerson{Text: "Tax office, 4 Market Square, Mon–Fri 9–17.", URI: "https://tax.example/offices"}
			}
		}
		out = append(out, page("failure-"+kind, change, (*t).Failure, v))
	}
	return append(out, page("failure-operator", nil, (*t).Failure, templates.Failure{Kind: templates.FailedNotFound, Reference: "K7QMA-2XPLD", NoInPerson: true}))
}
