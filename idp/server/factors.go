package server

import (
	"surety/idp/authn/passkey"
	"surety/idp/flow/factor"
	"surety/idp/flow/signin"
	accountstore "surety/idp/postgres/account"
	"surety/idp/postgres/db"
	personstore "surety/idp/postgres/person"
)

// factors is what people log in with besides a password.
func (h *house) factors(s *signin.Flow, store *accountstore.Store, people *personstore.Store) *factor.Flow {
	// Where the issuer's host is an address there are no passkeys: browsers
	// give them to names only. Everything else works.
	keys, err := passkey.New(passkey.Config{Issuer: h.cfg.Issuer, Name: "Surety"})
	if err != nil {
		keys = nil
	}
	return factor.New(factor.Config{
		Issuer: h.cfg.Issuer, Name: "Surety", Rules: h.rules, Contacts: h.profile.Contacts,
	}, factor.Parts{
		InTx: db.Retrying(h.db.InTx), Arrivals: s, Factors: store, Recovery: store, Codes: store, Phones: store, Passkeys: keys,
		Throttles: store, People: people, Audit: h.audit, Notices: h.queue, Texts: h.texts, Ring: h.ring, Now: h.now, Civil: h.civil,
	})
}
