package factor

import (
	"context"
	"slices"

	"surety/assurance"
	"surety/idp"
	"surety/idp/interaction"
	"surety/idp/session"
)

var errNoFactor = idp.E(idp.CodeNotFound, "error.factor.unknown")

// Methods returns what the page of the person's ways to log in shows.
// Errors: ErrNobody, unavailable.
func (f *Flow) Methods(ctx context.Context, b session.Browser) (Overview, error) {
	v, err := f.person(ctx, b)
	if err != nil {
		return Overview{}, err
	}
	var o Overview
	switch _, _, err := f.bound(v, ""); {
	case err == nil:
		o.Fresh = true
	case idp.CodeOf(err) != idp.CodeLevelTooLow:
		return Overview{}, err
	}
	o.Password = slices.ContainsFunc(v.Authenticators, isWord)
	factors, err := f.p.Factors.Factors(ctx, nil, v.Account.ID)
	if err != nil {
		return Overview{}, err
	}
	for _, x := range factors {
		if m := method(x); x.Method == assurance.MethodOTP {
			o.App = &m
		} else {
			o.Passkeys = append(o.Passkeys, m)
		}
	}
	o.Full = len(o.Passkeys) >= maxPasskeys
	codes, err := f.p.Recovery.RecoveryCodes(ctx, nil, v.Account.ID)
	if err != nil {
		return Overview{}, err
	}
	o.Recovery = len(codes)
	return o, f.contacts(ctx, b, v, &o)
}

// contacts fills in what codes can be sent to, and for what.
func (f *Flow) contacts(ctx context.Context, b session.Browser, v interaction.Visitor, o *Overview) error {
	person, err := f.p.People.Person(ctx, nil, v.Account.ID)
	if err != nil {
		return err
	}
	for _, c := range person.Contacts {
		if isPhone(c) {
			o.Phones = append(o.Phones, shown(c))
		}
	}
	if o.Anchors, err = f.anchors(v, person); err != nil {
		return err
	}
	id, at, err := f.p.Codes.Binding(ctx, nil, v.Account.ID, place(b, v), f.p.Now().Add(-bindFor))
	if err == nil && id != "" {
		until := at.Add(bindFor)
		o.Binding = &until
	}
	return err
}

func method(x idp.Factor) Method {
	return Method{ID: x.ID, Method: x.Method, Name: x.Name, AddedAt: x.CreatedAt, LastUsed: x.LastUsedAt, Level: x.BoundLevel}
}

func isWord(a assurance.Authenticator) bool {
	return a.Method == assurance.MethodPassword || a.Method == assurance.MethodIdentifier
}

// Rename gives a passkey another name.
// Errors: ErrNobody; not_found; invalid (field "name"); unavailable.
func (f *Flow) Rename(ctx context.Context, b session.Browser, id idp.CredentialID, name string) error {
	v, err := f.person(ctx, b)
	if err != nil {
		return err
	}
	name, err = cleanName(name)
	switch {
	case err != nil:
		return err
	case name == "":
		return errName
	case !idp.ValidID(string(id)):
		return errNoFactor
	}
	now := f.p.Now()
	return f.p.InTx(ctx, func(ctx context.Context, tx idp.Tx) error {
		ok, err := f.p.Factors.RenameFactor(ctx, tx, v.Account.ID, id, name, now)
		if err == nil && !ok {
			err = errNoFactor
		}
		if err != nil {
			return err
		}
		return f.p.Audit.Append(ctx, tx, now, event("factor.renamed", b, v, map[string]string{"credential_id": string(id)}))
	})
}

// Removal says what removing a method means. Errors: ErrNobody; not_found; unavailable.
func (f *Flow) Removal(ctx context.Context, b session.Browser, id idp.CredentialID) (Removal, error) {
	v, err := f.person(ctx, b)
	if err != nil {
		return Removal{}, err
	}
	factors, err := f.p.Factors.Factors(ctx, nil, v.Account.ID)
	if err != nil {
		return Removal{}, err
	}
	return f.removal(v, factors, id)
}

func (f *Flow) removal(v interaction.Visitor, factors []idp.Factor, id idp.CredentialID) (Removal, error) {
	n := slices.IndexFunc(factors, func(x idp.Factor) bool { return x.ID == id })
	if n < 0 {
		return Removal{}, errNoFactor
	}
	last, err := f.last(v, factors, id)
	return Removal{Method: method(factors[n]), Last: last}, err
}

// last reports whether the person could not log in any more without it: what
// is left, used all at once, reaches no level.
func (f *Flow) last(v interaction.Visitor, factors []idp.Factor, id idp.CredentialID) (bool, error) {
	rules, err := f.config.Rules()
	if err != nil {
		return false, err
	}
	now := f.p.Now()
	s := f.situation(v, func(assurance.Use) bool { return false })
	for _, a := range v.Authenticators {
		if a.Method != assurance.MethodOTP && a.Method != assurance.MethodPasskey {
			s.Uses = append(s.Uses, assurance.Use{
				Method: a.Method, Issuer: a.Issuer, At: now, AMR: a.AMR, DependsOn: a.DependsOn, BoundLevel: a.BoundLevel,
			})
		}
	}
	for _, x := range factors {
		if x.ID != id {
			s.Uses = append(s.Uses, x.Use(now))
		}
	}
	return rules.Held(s) == "", nil
}

// Remove removes a method, and its uses from every session and grant.
// Errors: ErrNobody, ErrAgain, ErrLast; not_found; unavailable.
func (f *Flow) Remove(ctx context.Context, in Remove) (Removed, error) {
	v, err := f.person(ctx, in.Browser)
	if err != nil {
		return Removed{}, err
	}
	if _, _, err := f.bound(v, ""); err != nil {
		return Removed{}, err
	}
	now := f.p.Now()
	var done Removed
	err = f.p.InTx(ctx, func(ctx context.Context, tx idp.Tx) error {
		factors, err := f.p.Factors.Factors(ctx, tx, v.Account.ID)
		if err != nil {
			return err
		}
		r, err := f.removal(v, factors, in.ID)
		switch {
		case err != nil:
			return err
		case r.Last && !in.Confirmed:
			return ErrLast
		}
		emptied, err := f.remove(ctx, tx, now, v, in.ID)
		if err != nil {
			return err
		}
		done.LoggedOut = slices.Contains(emptied, v.SessionID)
		if err := f.p.Arrivals.EndEmptied(ctx, tx, now, v.Account.ID, session.EndMethodRemoved, emptied...); err != nil {
			return err
		}
		err = f.p.Audit.Append(ctx, tx, now, event("factor.removed", in.Browser, v, map[string]string{
			"method": string(r.Method.Method), "credential_id": string(in.ID),
		}))
		if err != nil {
			return err
		}
		return f.tell(ctx, tx, now, notice{kind: msgRemoved[r.Method.Method], key: string(in.ID), browser: in.Browser, visitor: v})
	})
	return done, err
}
