// Package idp holds the words of the identity provider as plain values:
// accounts with their contacts and credentials, notices, operators, the unit
// of work and the one shape of errors. It decides nothing and stores nothing;
// rules are in the packages around it, SQL is in idp/postgres.
//
// # Glossary
//
// One word for one thing, the field's own where it has one.
//
//	account            what a person has here (subject, OpenID Connect Core 1.0, section 1.2)
//	agency             the public body behind a relying party
//	client             a relying party's software (RFC 6749, section 1.1; Core, section 1.2)
//	contact            an e-mail address or telephone number of an account (RULES R6)
//	login name         what a person types to log in; unique, one account each
//	credential         something an account can log in with (authenticator, NIST SP 800-63B)
//	method             how one logs in: password, identifier, otp, passkey, sms, eds, idcard, ...
//	use                one act of logging in by a method: what amr and auth_time tell of
//	stage              how well the identity of an account is known: simplified, standard, confirmed
//	proofing           how a stage was reached (identity proofing, NIST SP 800-63A)
//	level              what an agency may rely on; its value on the wire is acr (Core, section 2)
//	requirement        what a procedure, a client or a request asks for
//	procedure          a public service of an agency, with a code
//	session            one browser in which a person is logged in (sid, Back-Channel Logout 1.0)
//	interaction        a pending authorization request, bound to one browser
//	grant              an authorization given to a client; fosite calls it a request
//	consent            what a person agreed that a client receives
//	sector             the host that pairwise subjects are made for (Core, section 8.1)
//	notice             something to be sent once what decided it is committed
//	outbox             where notices lie, sealed, until they are sent
//	data key           a person's own key; destroying it erases their sealed values
//	ring               the master keys, outside the database (idp/keys)
//	fingerprint        a keyed hash by which a sealed value is found again
//	operator           somebody who runs the house; logs in by passkey
//	protocol time      of sessions, codes, tokens, throttles: always real (DESIGN §8)
//	civil time         of documents, proofings, consents, reminders: shifted in a sandbox
package idp
