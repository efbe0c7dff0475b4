// Package assurance answers one question: how sure may an agency be, for this
// procedure, that this person is who they say they are? It is the whole rule
// of DESIGN §3, without I/O, clock or configuration: plain values go in, a
// Decision comes out. Whatever a token says in acr, amr and auth_time comes
// from here and from nowhere else.
//
// # Two axes
//
// How the person logged in and how their identity is known are two different
// things, and neither makes up for the other. A card in a reader does not tell
// who opened the account; a visit to a counter does not make a password safe.
//
//	how they logged in          how the identity is known
//	------------------          -------------------------
//	Use       one act           Proofing  one proof
//	Method    by what           Stage     simplified < standard < confirmed
//
// A Level is a place on both: it names the least Stage and the alternatives of
// logging in that are good enough. On each axis a level also accepts what a
// higher one accepts. The Policy lists the levels, lowest first; it is data,
// and differs from country to country.
//
// # What counts
//
// Decide first drops what does not count, and only then looks for the highest
// level:
//
//   - a use that is too old (max_age), from before this interaction
//     (prompt=login), excluded, or not yet valid;
//   - a proofing that has expired, is excluded, or is not yet valid.
//
// What is left counts as far as it may: no further than its cap, and for an
// authenticator no further than its bound level, which is the level of the
// session that added it. Uses that depend on the same contact are one factor.
// The evidence that is chosen is the freshest that reaches the level, and
// auth_time is the oldest act in it.
//
// # What comes out
//
// Granted: the requirement is met; here is what a token may say. Ways: it is
// not, but this person can get there; each way was rehearsed with the same
// rules, so none is a dead end. Refuse: nothing that is offered leads there.
//
// # What the laws promise
//
// More evidence never lowers the level. A higher requirement is never easier.
// Adding an authenticator never raises the level above that of the session
// that added it. After any satisfied max_age the age fits it. An expired
// proofing counts for nothing. Decide is total. Each is a property test of
// that name in laws_test.go, and whoever changes a rule here breaks one of
// them first.
//
// # Where to start reading
//
// evidence.go has the words, policy.go and requirement.go what is asked,
// decide.go the rule itself from top to bottom, ways.go the way out, check.go
// what makes a policy a good one.
package assurance
