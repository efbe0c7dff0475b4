package factor

import (
	"context"
	"slices"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/interaction"
	"surety/idp/session"
)

// app returns the account's authenticator app among its factors.
func app(factors []idp.Factor) (idp.Factor, bool) {
	i := slices.IndexFunc(factors, func(x idp.Factor) bool { return x.Method == assurance.MethodOTP })
	if i < 0 {
		return idp.Factor{}, false
	}
	return factors[i], true
}

// enrolment is a method about to be added, all checks passed.
type enrolment struct {
	browser session.Browser
	visitor interaction.Visitor
	factor  idp.Factor
	replace idp.CredentialID // the app whose place it takes; empty: none
}

// enrol keeps a new method, bound to what the session proved, tells all other
// contacts, and counts what was shown to add it as its first use.
func (f *Flow) enrol(ctx context.Context, tx idp.Tx, now time.Time, e enrolment) (Added, error) {
	v, added := e.visitor, &e.factor
	via, err := f.p.Codes.TakeBinding(ctx, tx, v.Account.ID, place(e.browser, v), now.Add(-bindFor))
	if err != nil {
		return Added{}, err
	}
	level, lifted, err := f.bound(v, via)
	if err != nil {
		return Added{}, err
	}
	added.ID, added.AccountID = idp.CredentialID(idp.NewID()), v.Account.ID
	added.BoundLevel, added.CreatedAt, added.LastUsedAt = level, now, now
	if lifted {
		added.DependsOn, added.DependsUntil = []idp.ContactID{via}, now.Add(dependsFor)
	} else {
		via = ""
	}
	if e.replace != "" {
		if err := f.take(ctx, tx, now, v, e.replace); err != nil {
			return Added{}, err
		}
	}
	if err := f.p.Factors.AddFactor(ctx, tx, *added); err != nil {
		return Added{}, err
	}
	done := Added{ID: added.ID, Level: level}
	if added.Method == assurance.MethodOTP {
		if done.Recovery, err = f.writeRecovery(ctx, tx, now, v.Account.ID); err != nil {
			return Added{}, err
		}
	}
	err = f.p.Audit.Append(ctx, tx, now, event("factor.added", e.browser, v, map[string]string{
		"method": string(added.Method), "credential_id": string(added.ID), "bound_level": string(level),
		"contact_id": string(via), "replaces": string(e.replace),
	}))
	if err != nil {
		return Added{}, err
	}
	if err := f.tell(ctx, tx, now, notice{kind: msgAdded[added.Method], key: string(added.ID), browser: e.browser, visitor: v, but: via}); err != nil {
		return Added{}, err
	}
	done.Ticket, err = f.goOn(ctx, tx, now, e.browser, v, added.Use(now))
	return done, err
}

// goOn adds a use to the session that is there.
func (f *Flow) goOn(ctx context.Context, tx idp.Tx, now time.Time, b session.Browser, v interaction.Visitor, u assurance.Use) (session.Ticket, error) {
	return f.p.Arrivals.Begin(ctx, tx, now, session.Arrival{AccountID: v.Account.ID, Use: u, Browser: b, Continues: true})
}

// take removes a method whose place another takes: the session goes on, since
// it is about to get the use of the other.
func (f *Flow) take(ctx context.Context, tx idp.Tx, now time.Time, v interaction.Visitor, id idp.CredentialID) error {
	emptied, err := f.remove(ctx, tx, now, v, id)
	if err != nil {
		return err
	}
	others := slices.DeleteFunc(emptied, func(s idp.SessionID) bool { return s == v.SessionID })
	return f.p.Arrivals.EndEmptied(ctx, tx, now, v.Account.ID, session.EndMethodRemoved, others...)
}
