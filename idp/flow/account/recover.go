package account

import (
	"context"
	"encoding/hex"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/audit"
	"surety/idp/contact"
	"surety/idp/message"
	"surety/idp/session"
	"surety/verification"
)

// The messages of a recovery.
const (
	msgRecover         = "recover_code"     // Code, Link, Valid
	msgRecoverUnknown  = "recover_unknown"  // there is nothing that the contact may reset: Link to the registration
	msgPasswordChanged = "password_changed" // to the other contacts: Time, Device, Link to the recovery
)

var errChoice = idp.E(idp.CodeInvalid, "error.account.required").In("account")

// BeginRecovery sends a code to the contact, or the message that there is
// nothing to recover; the answer is the same. Errors: as BeginRegistration.
func (f *Flow) BeginRecovery(ctx context.Context, in BeginRecovery) (Attempt, error) {
	now := f.p.Now()
	p, err := f.newAttempt(idp.ProveToRecover, in.Browser, in.Interaction, in.Contact, now)
	if err != nil {
		return Attempt{}, err
	}
	return f.begin(ctx, p, in.Browser.Source, f.recoverMessage, now)
}

// recoverMessage chooses by whether the contact may reset anything.
func (f *Flow) recoverMessage(ctx context.Context, tx idp.Tx, p idp.ContactProof) (chosen, error) {
	accounts, err := f.resettable(ctx, tx, p)
	if err != nil {
		return chosen{}, err
	}
	if len(accounts) == 0 {
		return chosen{kind: msgRecoverUnknown, link: "/register"}, nil
	}
	return chosen{kind: msgRecover}, nil
}

func (f *Flow) resettable(ctx context.Context, tx idp.Tx, p idp.ContactProof) ([]idp.Resettable, error) {
	now := f.p.Now()
	return f.p.Accounts.Resettable(ctx, tx, p.Key, now, now.Add(-phoneIdle))
}

// RecoveryAttempt returns the attempt for the page that asks for the code.
// Errors: not_found also when the browser is another; expired.
func (f *Flow) RecoveryAttempt(ctx context.Context, b session.Browser, id idp.ProofID) (Attempt, error) {
	now := f.p.Now()
	p, err := f.live(ctx, idp.ProveToRecover, b, id, now)
	return attempt(p, now), err
}

// ResendRecovery sends a new code; the one before is good no more.
// Errors: throttled with "wait"; not_found; expired.
func (f *Flow) ResendRecovery(ctx context.Context, b session.Browser, id idp.ProofID) (Attempt, error) {
	return f.again(ctx, idp.ProveToRecover, b, id, f.recoverMessage)
}

// ConfirmRecovery confirms the contact by its code. Errors: as ConfirmRegistration.
func (f *Flow) ConfirmRecovery(ctx context.Context, b session.Browser, id idp.ProofID, code string) (Recovery, error) {
	p, err := f.confirm(ctx, idp.ProveToRecover, b, id, code)
	if err != nil {
		return Recovery{}, err
	}
	return f.recovery(ctx, p)
}

// RecoveryLink says what the page shows that the link leads to. It changes
// nothing. Errors: expired.
func (f *Flow) RecoveryLink(ctx context.Context, b session.Browser, token string) (Landing, error) {
	return f.open(ctx, idp.ProveToRecover, b, token)
}

// PressRecoveryLink is the button of that page. Errors: expired.
func (f *Flow) PressRecoveryLink(ctx context.Context, b session.Browser, token string) (Landing, error) {
	l, _, err := f.press(ctx, idp.ProveToRecover, b, token)
	return l, err
}

// Recovery returns where a recovery with a confirmed contact stands.
// Errors: not_found also when the browser is another or the contact is not
// confirmed; expired.
func (f *Flow) Recovery(ctx context.Context, b session.Browser, id idp.ProofID) (Recovery, error) {
	p, err := f.confirmed(ctx, idp.ProveToRecover, b, id, f.p.Now())
	if err != nil {
		return Recovery{}, err
	}
	return f.recovery(ctx, p)
}

func (f *Flow) recovery(ctx context.Context, p idp.ContactProof) (Recovery, error) {
	accounts, err := f.resettable(ctx, nil, p)
	if err != nil {
		return Recovery{}, err
	}
	r := Recovery{ID: p.ID, Kind: p.Kind, Contact: p.Display, Interaction: p.InteractionID}
	for _, a := range accounts {
		r.Candidates = append(r.Candidates, f.candidate(p.ID, a))
	}
	return r, nil
}

// candidate shows an account to whoever has proven a contact of it. The
// contact may be shared, so a relative learns no more than they know.
func (f *Flow) candidate(id idp.ProofID, a idp.Resettable) Candidate {
	c := Candidate{Choice: f.choice(id, a.AccountID)}
	for _, name := range []string{a.GivenName, a.Surname} {
		if name != "" {
			c.Name = contact.MaskName(name)
			break
		}
	}
	if len(a.LoginNames) > 0 {
		c.Login = maskLogin(a.LoginNames[0])
	}
	return c
}

func maskLogin(n idp.LoginName) string {
	if c, err := contact.Parse(n.Value, ""); err == nil && n.ContactID != "" {
		return contact.Mask(c)
	}
	return contact.MaskName(n.Value)
}

// choice names a candidate within one attempt, and nowhere else.
func (f *Flow) choice(id idp.ProofID, account idp.AccountID) string {
	sum := f.p.Ring.MAC("recovery choice", []byte(id), []byte(account))
	return hex.EncodeToString(sum[:12])
}

// pick finds the account that the person means: by choice, by login name as
// typed, or the only one.
func (f *Flow) pick(p idp.ContactProof, accounts []idp.Resettable, choice string) (idp.Resettable, bool) {
	if choice == "" && len(accounts) == 1 {
		return accounts[0], true
	}
	for _, a := range accounts {
		if choice == f.choice(p.ID, a.AccountID) {
			return a, true
		}
		for _, n := range a.LoginNames {
			if choice != "" && f.config.Contacts.LoginKey(choice) == f.config.Contacts.LoginKey(n.Value) {
				return a, true
			}
		}
	}
	return idp.Resettable{}, false
}

// ResetPassword sets the new password, ends the account's other sessions and
// logs the person in.
// Errors: invalid (field "password", or "account" when none or a wrong one is
// chosen); expired; unavailable with "wait".
func (f *Flow) ResetPassword(ctx context.Context, in ResetPassword) (Recovered, error) {
	now := f.p.Now()
	p, err := f.confirmed(ctx, idp.ProveToRecover, in.Browser, in.ID, now)
	if err != nil {
		return Recovered{}, err
	}
	accounts, err := f.resettable(ctx, nil, p)
	if err != nil {
		return Recovered{}, err
	}
	a, ok := f.pick(p, accounts, in.Choice)
	if !ok {
		return Recovered{}, errChoice
	}
	if err := f.p.Rules.Check(in.Password, about(verification.Name{Surname: a.Surname, Given: a.GivenName}, logins(a)...)); err != nil {
		return Recovered{}, blame(err, "password")
	}
	verifier, err := f.p.Passwords.Hash(ctx, in.Browser.Source, in.Password)
	if err != nil {
		return Recovered{}, err
	}
	done := Recovered{AccountID: a.AccountID, Interaction: p.InteractionID}
	if len(a.LoginNames) > 0 {
		done.Login = a.LoginNames[0].Value
	}
	err = f.p.InTx(ctx, func(ctx context.Context, tx idp.Tx) error {
		done.Ticket, err = f.reset(ctx, tx, now, in.Browser, p, a, verifier)
		return err
	})
	return done, err
}

func logins(a idp.Resettable) []string {
	var out []string
	for _, n := range a.LoginNames {
		out = append(out, n.Value)
	}
	return out
}

func (f *Flow) reset(ctx context.Context, tx idp.Tx, now time.Time, b session.Browser, p idp.ContactProof, a idp.Resettable, verifier string) (session.Ticket, error) {
	if ok, err := f.p.Proofs.CompleteProof(ctx, tx, p.ID, b.Hash, a.AccountID, now); err != nil || !ok {
		return session.Ticket{}, orOver(err)
	}
	c := idp.Credential{
		ID: idp.CredentialID(idp.NewID()), AccountID: a.AccountID, Method: assurance.MethodPassword, Verifier: verifier,
		DependsOn: []idp.ContactID{a.ContactID}, DependsUntil: now.Add(dependsFor), ChangedAt: now,
	}
	if err := f.p.Accounts.SetPassword(ctx, tx, c); err != nil {
		return session.Ticket{}, err
	}
	if err := f.p.Accounts.ContactUsed(ctx, tx, a.ContactID, now); err != nil {
		return session.Ticket{}, err
	}
	if err := f.p.Arrivals.Forgive(ctx, tx, now, b, logins(a)...); err != nil {
		return session.Ticket{}, err
	}
	if err := f.warnOthers(ctx, tx, now, b, p, a); err != nil {
		return session.Ticket{}, err
	}
	err := f.p.Audit.Append(ctx, tx, now, audit.Event{
		Type: "password.reset", AccountID: a.AccountID,
		Attrs: map[string]string{"contact_id": string(a.ContactID), "proof_id": string(p.ID)},
	})
	if err != nil {
		return session.Ticket{}, err
	}
	return f.p.Arrivals.Begin(ctx, tx, now, session.Arrival{
		AccountID: a.AccountID, Browser: b, Use: passwordUse(c, now), EndOthers: session.EndPasswordChanged,
	})
}

// warnOthers tells every confirmed contact but the one that was used.
func (f *Flow) warnOthers(ctx context.Context, tx idp.Tx, now time.Time, b session.Browser, p idp.ContactProof, a idp.Resettable) error {
	person, err := f.p.People.Person(ctx, tx, a.AccountID)
	if err != nil {
		return err
	}
	for _, c := range person.Contacts {
		if c.ID == a.ContactID || c.ConfirmedAt.IsZero() {
			continue
		}
		err := f.messages().Send(ctx, tx, now, message.Message{
			Key: "password/" + string(p.ID) + "/" + string(c.ID), Kind: msgPasswordChanged, Via: c.Kind, To: c.Value,
			Lang: a.Language, Account: a.AccountID, Args: map[string]any{"Time": now, "Device": b.Device().Name(), "Link": f.config.Issuer + "/recover"},
		})
		if err != nil {
			return err
		}
	}
	return nil
}
