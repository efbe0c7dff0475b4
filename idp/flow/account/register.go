package account

import (
	"context"
	"errors"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/audit"
	"surety/idp/authn/password"
	"surety/idp/message"
	"surety/idp/session"
	"surety/verification"
)

// The messages of a registration. Which one is sent is told to nobody but
// the owner of the contact.
const (
	msgRegister      = "register_code"  // nobody has the contact: Code, Link, Valid
	msgRegisterKnown = "register_known" // accounts have it: Code, Link, Valid
	msgRegisterFull  = "register_full"  // as many as may have it: Link to the log-in page, no code
	msgMadeUp        = "account_login"  // the login name that was made up: Login, Link
)

var (
	errFull    = idp.E(idp.CodeForbidden, "error.contact.full")
	errInUse   = idp.E(idp.CodeConflict, "error.conflict")
	errTerms   = idp.E(idp.CodeInvalid, "error.terms.required").In("terms")
	errChanged = idp.E(idp.CodeConflict, "error.terms.changed").In("terms")
)

// BeginRegistration sends a code to the contact. The answer is the same
// whether accounts have it or not.
//
// Errors: invalid (field "contact" or "terms"); conflict when other terms are
// in force by now; throttled with the argument "wait" (time.Duration); unavailable.
func (f *Flow) BeginRegistration(ctx context.Context, in BeginRegistration) (Attempt, error) {
	now := f.p.Now()
	p, err := f.newAttempt(idp.ProveToRegister, in.Browser, in.Interaction, in.Contact, now)
	switch {
	case err != nil:
		return Attempt{}, err
	case !in.Terms:
		return Attempt{}, errTerms
	case in.TermsVersion != f.config.Terms:
		return Attempt{}, errChanged
	}
	p.TermsVersion = in.TermsVersion
	return f.begin(ctx, p, in.Browser.Source, f.registerMessage, now)
}

// registerMessage chooses by how many accounts have the contact.
func (f *Flow) registerMessage(ctx context.Context, tx idp.Tx, p idp.ContactProof) (chosen, error) {
	accounts, _, err := f.p.Accounts.ContactUse(ctx, tx, p.Key)
	switch {
	case err != nil:
		return chosen{}, err
	case accounts >= maxAccounts:
		return chosen{kind: msgRegisterFull, link: "/sign-in"}, nil
	case accounts > 0:
		return chosen{kind: msgRegisterKnown}, nil
	}
	return chosen{kind: msgRegister}, nil
}

// RegistrationAttempt returns the attempt for the page that asks for the code.
// Errors: not_found also when the browser is another; expired.
func (f *Flow) RegistrationAttempt(ctx context.Context, b session.Browser, id idp.ProofID) (Attempt, error) {
	now := f.p.Now()
	p, err := f.live(ctx, idp.ProveToRegister, b, id, now)
	return attempt(p, now), err
}

// ResendRegistration sends a new code; the one before is good no more.
// Errors: throttled with "wait"; not_found; expired.
func (f *Flow) ResendRegistration(ctx context.Context, b session.Browser, id idp.ProofID) (Attempt, error) {
	return f.again(ctx, idp.ProveToRegister, b, id, f.registerMessage)
}

// ConfirmRegistration confirms the contact by its code.
// Errors: invalid (field "code"); throttled when no tries are left for this
// code or this contact; expired; not_found.
func (f *Flow) ConfirmRegistration(ctx context.Context, b session.Browser, id idp.ProofID, code string) (Registration, error) {
	p, err := f.confirm(ctx, idp.ProveToRegister, b, id, code)
	if err != nil {
		return Registration{}, err
	}
	return f.registration(ctx, p)
}

// RegistrationLink says what the page shows that the link leads to. It
// changes nothing. Errors: expired when the link is unknown, used or too old,
// whichever.
func (f *Flow) RegistrationLink(ctx context.Context, b session.Browser, token string) (Landing, error) {
	return f.open(ctx, idp.ProveToRegister, b, token)
}

// PressRegistrationLink is the button of that page. Errors: expired.
func (f *Flow) PressRegistrationLink(ctx context.Context, b session.Browser, token string) (Landing, error) {
	l, _, err := f.press(ctx, idp.ProveToRegister, b, token)
	return l, err
}

// Registration returns where a registration with a confirmed contact stands.
// Errors: not_found also when the browser is another or the contact is not
// confirmed; expired.
func (f *Flow) Registration(ctx context.Context, b session.Browser, id idp.ProofID) (Registration, error) {
	p, err := f.confirmed(ctx, idp.ProveToRegister, b, id, f.p.Now())
	if err != nil {
		return Registration{}, err
	}
	return f.registration(ctx, p)
}

func (f *Flow) registration(ctx context.Context, p idp.ContactProof) (Registration, error) {
	accounts, login, err := f.p.Accounts.ContactUse(ctx, nil, p.Key)
	if err != nil {
		return Registration{}, err
	}
	r := Registration{
		ID: p.ID, Kind: p.Kind, Contact: p.Display, Full: accounts >= maxAccounts, Interaction: p.InteractionID,
		Used: accounts > 0 && (p.AnotherAt.IsZero() || accounts >= maxAccounts),
	}
	if !login {
		r.Login = p.Value
	}
	return r, nil
}

// AnotherAccount says that the person wants one more account with a contact
// that accounts have already. Errors: forbidden when there are as many as may be.
func (f *Flow) AnotherAccount(ctx context.Context, b session.Browser, id idp.ProofID) (Registration, error) {
	now := f.p.Now()
	p, err := f.confirmed(ctx, idp.ProveToRegister, b, id, now)
	if err != nil {
		return Registration{}, err
	}
	p.AnotherAt = now
	r, err := f.registration(ctx, p)
	if err != nil {
		return r, err
	}
	if r.Full {
		return r, errFull
	}
	return r, f.p.InTx(ctx, func(ctx context.Context, tx idp.Tx) error {
		return f.p.Proofs.WantAnother(ctx, tx, id, b.Hash, now)
	})
}

// Complete makes the account and logs the person in.
// Errors: invalid (joined errors, one for each field: family_name, given_name,
// patronymic, password); conflict when an account with this contact came into
// being meanwhile (the page asks again by Registration.Used); expired;
// unavailable with "wait" when the hash queue is full.
func (f *Flow) Complete(ctx context.Context, in Complete) (Completed, error) {
	now := f.p.Now()
	p, err := f.confirmed(ctx, idp.ProveToRegister, in.Browser, in.ID, now)
	if err != nil {
		return Completed{}, err
	}
	name, err := f.checkDetails(in, p)
	if err != nil {
		return Completed{}, err
	}
	// Hashed before the unit of work, which must not hold a connection meanwhile.
	verifier, err := f.p.Passwords.Hash(ctx, in.Browser.Source, in.Password)
	if err != nil {
		return Completed{}, err
	}
	var done Completed
	err = f.p.InTx(ctx, func(ctx context.Context, tx idp.Tx) error {
		done, err = f.complete(ctx, tx, now, in.Browser, p, name, verifier)
		return err
	})
	return done, err
}

func (f *Flow) complete(ctx context.Context, tx idp.Tx, now time.Time, b session.Browser, p idp.ContactProof, name verification.Name, verifier string) (Completed, error) {
	if err := f.p.Accounts.HoldContact(ctx, tx, p.Key); err != nil {
		return Completed{}, err
	}
	accounts, login, err := f.p.Accounts.ContactUse(ctx, tx, p.Key)
	switch {
	case err != nil:
		return Completed{}, err
	case accounts >= maxAccounts:
		return Completed{}, errFull
	case accounts > 0 && p.AnotherAt.IsZero():
		return Completed{}, errInUse
	}
	made := f.newAccount(p, name, verifier, "self", now)
	made.Credential.DependsOn, made.Credential.DependsUntil = []idp.ContactID{made.Contact.ID}, now.Add(dependsFor)
	done := Completed{AccountID: made.Account.ID, Generated: login, Interaction: p.InteractionID}
	if done.Login, err = f.create(ctx, tx, made, login, now); err != nil {
		return Completed{}, err
	}
	if ok, err := f.p.Proofs.CompleteProof(ctx, tx, p.ID, b.Hash, made.Account.ID, now); err != nil || !ok {
		return Completed{}, orOver(err)
	}
	if done.Generated {
		// Whoever forgets a name that was made up for them finds it in their messages.
		err = f.messages().Send(ctx, tx, now, message.Message{
			Key: "login/" + string(made.Account.ID), Kind: msgMadeUp, Via: p.Kind, To: p.Value, Lang: p.Language,
			Account: made.Account.ID, Args: map[string]any{"Login": done.Login, "Link": f.config.Issuer + "/sign-in"},
		})
		if err != nil {
			return Completed{}, err
		}
	}
	done.Ticket, err = f.p.Arrivals.Begin(ctx, tx, now, session.Arrival{
		AccountID: made.Account.ID, Browser: b, Use: passwordUse(made.Credential, now),
	})
	return done, err
}

// passwordUse is the act of setting a password in the browser that proved the
// contact: it counts as logging in by it.
func passwordUse(c idp.Credential, now time.Time) assurance.Use {
	return assurance.Use{
		Method: assurance.MethodPassword, At: now, AMR: []string{"pwd"}, DependsOn: c.DependsOn, BoundLevel: c.BoundLevel,
	}
}

// newAccount is an account at stage simplified with a confirmed contact.
func (f *Flow) newAccount(p idp.ContactProof, name verification.Name, verifier, source string, now time.Time) idp.NewAccount {
	id := idp.AccountID(idp.NewID())
	made := idp.NewAccount{
		Account: idp.Account{
			ID: id, State: idp.AccountActive, Stage: assurance.StageSimplified, Language: p.Language,
			TokensValidFrom: now, TermsVersion: p.TermsVersion, CreatedAt: now,
		},
		AcceptedAt: p.CreatedAt,
		ContactKey: p.Key,
		Contact: idp.Contact{
			ID: idp.ContactID(idp.NewID()), Kind: p.Kind, Value: p.Value, Main: true, ConfirmedAt: now, ResetsFrom: now, LastUsedAt: now,
		},
		Credential: idp.Credential{
			ID: idp.CredentialID(idp.NewID()), AccountID: id, Method: assurance.MethodPassword, Verifier: verifier,
			// No bound level: this is what the account began with, and every
			// identity that is proven later is bound to it. What it may count
			// for is limited by the stage alone.
			ChangedAt: now,
		},
	}
	for _, a := range []idp.Attribute{
		{Name: "family_name", Value: name.Surname}, {Name: "given_name", Value: name.Given}, {Name: "patronymic", Value: name.Patronymic},
	} {
		if a.Value != "" {
			a.Source, a.UpdatedAt = source, now
			made.Attributes = append(made.Attributes, a)
		}
	}
	return made
}

// create writes the account with its login name: the contact's value, or,
// when that is another account's, a name that is made up.
func (f *Flow) create(ctx context.Context, tx idp.Tx, made idp.NewAccount, taken bool, now time.Time) (login string, err error) {
	if err := f.p.Accounts.Create(ctx, tx, made); err != nil {
		return "", err
	}
	n := idp.LoginName{Value: made.Contact.Value, ContactID: made.Contact.ID}
	for tries := 0; ; tries++ {
		if taken {
			n = idp.LoginName{Value: madeUpName()}
		}
		ok, err := f.p.Accounts.AddLoginName(ctx, tx, made.Account.ID, f.config.Contacts.LoginKey(n.Value), n, now)
		if err != nil {
			return "", err
		}
		if ok {
			break
		}
		if taken = true; tries == madeUpTries {
			return "", idp.E(idp.CodeUnavailable, "error.unavailable")
		}
	}
	return n.Value, f.p.Audit.Append(ctx, tx, now, audit.Event{
		Type: "account.created", AccountID: made.Account.ID,
		Attrs:    map[string]string{"stage": string(made.Account.Stage), "contact_id": string(made.Contact.ID), "terms": made.Account.TermsVersion},
		Personal: map[string]string{"contact": made.Contact.Value},
	})
}

// checkDetails checks names and password together, so that a person is told
// everything at once.
func (f *Flow) checkDetails(in Complete, p idp.ContactProof) (verification.Name, error) {
	name, faults := verification.NewName(
		verification.Stated{Text: in.FamilyName, None: in.NoFamilyName},
		verification.Stated{Text: in.GivenName, None: in.NoGivenName},
		verification.Stated{Text: in.Patronymic, None: in.NoPatronymic})
	// A name that was refused must not be in the password either.
	typed := verification.Name{Surname: in.FamilyName, Given: in.GivenName, Patronymic: in.Patronymic}
	err := f.p.Rules.Check(in.Password, about(typed, p.Value))
	if err != nil && idp.CodeOf(err) == "" {
		return name, err
	}
	return name, errors.Join(faults, blame(err, "password"))
}

// about is what a password must not be made of.
func about(name verification.Name, logins ...string) password.About {
	return password.About{Logins: logins, Names: []string{name.Surname, name.Given, name.Patronymic}}
}
