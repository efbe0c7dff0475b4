// Package consent holds the rule of what a person agreed to: which values an
// agency may have, for what purpose, until when, and whether a request stays
// inside that (DESIGN §7). It asks no database and no clock.
//
// # A record
//
// A Record is one answer on one consent screen. What was agreed to never
// changes afterwards; a record can only end, and says how:
//
//	            +--> withdrawn   by the person, at once and for good
//	in force ---+--> expired     by its own date
//	            +--> superseded  by the record of a later answer
//
// At most one record between an account and a client has neither been
// withdrawn nor superseded. When a client asks for more, Agree makes the record
// of the new answer, carries over what still stands, and supersedes the old
// one, so that the history shows each answer as it was given.
//
// # What it does not decide
//
// Whether consent is the basis at all: values that the law gives an agency are
// shown but not agreed to (RULES R10). And what happens to grants: each names
// its consent and is valid only while that stands (DESIGN §4).
//
// # Terms of use
//
// Terms are agreed to by version, before any agency comes into it.
package consent
