package account

import (
	"context"
	"fmt"
	"time"

	"surety/idp"
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
	err = f.p.InTx(ctx, func(ctx context.Context, tx idp.Tx) error {
		login, err = f.create(ctx, tx, made, false, now)
		return err
	})
	return Seeded{AccountID: made.Account.ID, Login: login}, err
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
