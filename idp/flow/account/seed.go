package account

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/authn/otp"
	"surety/idp/contact"
	"surety/verification"
)

// SeedAccounts makes accounts without mail, their contacts taken as
// confirmed and their data as imported. It is for sandboxes and tests; the
// accounts are made by what registration makes them by. Those whose contact
// is a login name already stay as they are, so that it can be run again.
func (f *Flow) SeedAccounts(ctx context.Context, seeds []Seed) ([]Seeded, error) {
	done := make([]Seeded, 0, len(seeds))
	for i, s := range seeds {
		one, err := f.seed(ctx, s)
		if err != nil {
			return done, fmt.Errorf("seed account %d: %w", i+1, err)
		}
		done = append(done, one)
	}
	return done, nil
}

func (f *Flow) seed(ctx context.Context, s Seed) (Seeded, error) {
	now := f.p.Now()
	c, err := f.config.Contacts.Parse(s.Contact)
	if err != nil {
		return Seeded{}, err
	}
	name, err := verification.NewName(stated(s.FamilyName), stated(s.GivenName), stated(s.Patronymic))
	if err != nil {
		return Seeded{}, err
	}
	there, err := f.p.Logins.FindLogin(ctx, nil, c.Key(), [32]byte{})
	if err != nil || there.Found() {
		return Seeded{AccountID: there.Account.ID, Login: c.Value, Existed: true}, err
	}
	if err := f.p.Rules.Check(s.Password, about(name, c.Value)); err != nil {
		return Seeded{}, err
	}
	verifier, err := f.p.Passwords.Hash(ctx, "seed", s.Password)
	if err != nil {
		return Seeded{}, err
	}
	var login string
	made := f.newAccount(seedProof(c, s.Language, f.config.Terms, now), name, verifier, "imported", now)
	if made, err = f.grown(made, s, now); err != nil {
		return Seeded{}, err
	}
	err = f.p.InTx(ctx, func(ctx context.Context, tx idp.Tx) error {
		login, err = f.create(ctx, tx, made, false, now)
		return err
	})
	return Seeded{AccountID: made.Account.ID, Login: login}, err
}

// grown is the account with what only a seed gives it.
func (f *Flow) grown(made idp.NewAccount, s Seed, now time.Time) (idp.NewAccount, error) {
	since := now
	if !s.CreatedAt.IsZero() {
		since = s.CreatedAt
	}
	made.Account.CreatedAt, made.Account.TokensValidFrom, made.AcceptedAt = since, since, since
	made.Credential.ChangedAt = since
	made.Contact = aged(made.Contact, since, now, s.Anchored)
	for _, other := range s.Contacts {
		c, err := f.config.Contacts.Parse(other.Value)
		if err != nil {
			return made, err
		}
		one := idp.Contact{ID: idp.ContactID(idp.NewID()), Kind: idp.ContactKind(c.Kind), Value: c.Value}
		made.Contacts = append(made.Contacts, idp.NewContact{Contact: aged(one, since, now, other.Anchored), Key: c.Key()})
	}
	if s.Stage != "" {
		made.Account.Stage = s.Stage
	}
	made.Proofings = s.Proofings
	for _, name := range slices.Sorted(maps.Keys(s.Attributes)) {
		made.Attributes = append(made.Attributes, idp.Attribute{Name: name, Value: s.Attributes[name], Source: "imported", UpdatedAt: since})
	}
	if len(s.Proofings) > 0 {
		for i := range made.Attributes {
			made.Attributes[i].Source, made.Attributes[i].VerifiedAt = sourceOf(s.Proofings[0].Method), s.Proofings[0].At
		}
	}
	if s.TOTP == "" {
		return made, nil
	}
	secret, err := otp.ParseKey(s.TOTP)
	made.Factors = append(made.Factors, idp.Factor{
		ID: idp.CredentialID(idp.NewID()), AccountID: made.Account.ID, Method: assurance.MethodOTP, Secret: secret, AMR: otp.AMR(),
		CreatedAt: since,
	})
	return made, err
}

// aged is a contact that was confirmed long ago and reached today.
func aged(c idp.Contact, since, now time.Time, anchored bool) idp.Contact {
	c.ConfirmedAt, c.ResetsFrom, c.LastUsedAt = since, since, now
	if anchored {
		c.AnchoredAt = since
	}
	return c
}

// sourceOf says where values come from that a proofing verified.
func sourceOf(m assurance.ProofingMethod) string {
	switch m {
	case assurance.ProofingRegistry, assurance.ProofingLetter:
		return "registry"
	case assurance.ProofingCounter, assurance.ProofingAppointment:
		return "counter"
	case assurance.ProofingEDS, assurance.ProofingIDCard:
		return "certificate"
	case assurance.ProofingFederated:
		return "federated"
	}
	return "imported"
}

// seedProof stands for the proof that a seeded contact never had.
func seedProof(c contact.Contact, language, terms string, now time.Time) idp.ContactProof {
	return idp.ContactProof{
		Kind: idp.ContactKind(c.Kind), Value: c.Value, Display: c.Display, Key: c.Key(), Language: language, TermsVersion: terms, CreatedAt: now,
	}
}

// stated is a part of a name out of a list, where an empty one means none.
func stated(text string) verification.Stated {
	return verification.Stated{Text: text, None: text == ""}
}
