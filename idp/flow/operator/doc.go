// Package operator holds the use cases of the people who run Surety: relying
// parties, procedures, signing keys, and the operators themselves. The command line and
// the operator's pages call the same ones.
//
// # Relying parties
//
// Every change is one transaction with its audit event and can be rehearsed:
// with DryRun everything happens, all checks of the database included, and is
// then dropped. An import is all or nothing. A secret is shown once, in the
// answer of the use case that made it, and stored as a keyed hash.
//
// A change that would give every person of a client a new pairwise subject
// (another sector or subject type) is refused unless it is asked for by name:
// to the agency it would look as if everybody had left.
//
// That a client may ask for the procedures of another agency than itself is
// the operator's to say, as is implied consent: metadata come from agencies.
//
// # Procedures
//
// What agencies offer is brought in out of files, all of a file or nothing,
// and changed field by field. Each change is a version with the moment from
// which it holds (package procedure); the answer, and the audit, name every
// field with what it was and what it is. Only what the policy in force lets
// somebody satisfy is published. Switching off concerns all versions.
//
// # Signing keys
//
// keys.Plan says what is due and this package writes it down, under a lock, so
// that two workers never make the same key twice.
//
// # Operators
//
// The first operator comes from the command line, on an empty system (RULES
// R5); from then on operators invite one another in the browser. An invitation
// is a link with a 256-bit token, good for one person and one day; taking it
// up sets a passkey. Operators log in with a passkey that knows them by
// itself, so there is no name to type and none to guess.
//
//	             GET: page with options       POST: answer of the passkey
//	invitation ------------------------> ... ------------------------> operator
//	sign in    ------------------------> ... ------------------------> session
//
// The challenge of a page travels sealed in the page and nothing is stored
// until an answer comes, so a flood of page views fills no table. Each
// challenge is good for one answer: the answer is marked in the same
// transaction as what it brings about.
package operator
