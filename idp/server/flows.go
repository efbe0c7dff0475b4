package server

import (
	"surety/idp/authn/passkey"
	"surety/idp/authn/password"
	"surety/idp/flow/account"
	"surety/idp/flow/factor"
	"surety/idp/flow/operator"
	"surety/idp/flow/signin"
	"surety/idp/oidc/claims"
	accountstore "surety/idp/postgres/account"
	consentstore "surety/idp/postgres/consent"
	"surety/idp/postgres/db"
	"surety/idp/postgres/desk"
	personstore "surety/idp/postgres/person"
)

// flows are the use cases of people, over the real stores.
type flows struct {
	signin  *signin.Flow
	account *account.Flow
	factor  *factor.Flow
	hasher  *password.Hasher
	people  *personstore.Store
}

// productWords are words that a password here must not lean on.
var productWords = []string{"surety"}

func (h *house) flows() (*flows, error) {
	hasher, err := password.New(password.Config{}, h.ring, h.now)
	if err != nil {
		return nil, err
	}
	var breached *password.Breached
	if h.cfg.BreachedFile != "" {
		if breached, err = password.OpenBreached(h.cfg.BreachedFile); err != nil {
			return nil, err
		}
	}
	store, people := accountstore.New(h.db, h.ring), personstore.New(h.db, h.ring)
	s := signin.New(signin.Config{
		Issuer: h.cfg.Issuer, Rules: h.rules, Terms: h.profile.Terms.Version, Contacts: h.profile.Contacts,
	}, signin.Parts{
		InTx: db.Retrying(h.db.InTx), Sessions: store, Logins: store, Interactions: store, Throttles: store, People: people,
		Consents: consentstore.New(h.db, h.ring), Clients: h.clients, Procedures: h.procedures, Passwords: hasher, Audit: h.audit, Notices: h.queue,
		Texts: h.texts, Subjects: h.subjects(), Values: claims.Values, Fingerprint: h.ring.Fingerprint, Now: h.now, Civil: h.civil,
	})
	a := account.New(account.Config{
		Issuer: h.cfg.Issuer, Terms: h.profile.Terms.Version, Contacts: h.profile.Contacts,
	}, account.Parts{
		InTx: db.Retrying(h.db.InTx), Proofs: store, Accounts: store, Logins: store, Arrivals: s, People: people, Throttles: store,
		Rules: password.NewRules(productWords, breached), Passwords: hasher, Audit: h.audit, Notices: h.queue, Texts: h.texts,
		Ring: h.ring, Now: h.now,
	})
	return &flows{signin: s, account: a, factor: h.factors(s, store, people), hasher: hasher, people: people}, nil
}

func (h *house) subjects() claims.Subjects { return claims.Subjects{Ring: h.ring} }

// operator is the use cases of those who run the house.
func (h *house) operator() *operator.Service {
	operators := desk.NewOperators(h.db)
	return operator.New(operator.Deps{
		InTx: h.db.InTx, Clients: desk.NewClients(h.db), Keys: desk.NewKeys(h.db), Operators: operators, Sessions: operators,
		Audit: h.audit, Ring: h.ring, Passkeys: h.passkeys(), Clock: h.now, Policy: h.policy, Issuer: h.cfg.Issuer,
		Procedures: desk.NewProcedures(h.db), Zone: h.profile.TimeZone, Civil: h.civil,
	})
}

// passkeys are those of operators. Commands that need none may run without an
// issuer, and then there are none.
func (h *house) passkeys() operator.Passkeys {
	p, err := passkey.New(passkey.Config{Issuer: h.cfg.Issuer, Name: "Surety"})
	if err != nil {
		return nil
	}
	return passkey.Operators{Passkeys: p}
}
