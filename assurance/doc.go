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
//   - a proofing that has expired, is excluded, or is not yet valid, or whose
//     document ended longer ago than the policy's grace. A renewal never minds
//     the document, and a requirement may ask that it still holds.
//
// In what capacity the person acts is a third thing, beside both axes: it must
// be one that the requirement accepts, and it may take a higher level than the
// requirement asks for. The level itself stays the person's own.
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
// StayClosed says what a way will not open, Meanwhile what need not wait for a
// letter. Explain tells the whole story of a decision, evidence by evidence and
// level by level. BoundLevelFor and Raise say how far an authenticator counts
// that is added now, or was used beside others.
//
// # When the policy changes
//
// Rules are the policy in force with those that must agree with it. What they
// grant is held under each, read by its name or by its acr value, and rests on
// all that counted under any. Whatever goes into a token is asked of Rules,
// ACRFor as well.
//
// A grant for a renewal may state a level that the person has for nothing else
// any more: their document has ended, and the procedure is the one that mends
// it. What asks for another procedure decides anew.
//
// # What the laws promise
//
// More evidence never lowers the level. A higher requirement is never easier.
// Adding an authenticator never raises the level above that of the session
// that added it. After any satisfied max_age the age fits it. An expired
// proofing counts for nothing. Decide is total. Each is a property test in
// laws_test.go, which finds the smallest case that breaks it, and is tried with
// all others on a million random cases in million_test.go. Whoever changes a
// rule here breaks one of them first.
//
// # Where to start reading
//
// evidence.go has the words, policy.go and requirement.go what is asked,
// decide.go the rule itself from top to bottom, capacity.go for whom one acts,
// ways.go the way out, explain.go the story of a decision. Whether a policy is a
// good one is asked of the package lint.
package assurance
