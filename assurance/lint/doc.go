// Package lint answers whether a policy, or a requirement under it, is a good
// one: well formed, free of contradictions, and such that somebody can meet it.
// Deciding needs no such promise, because what is malformed counts for nothing;
// an author does, and gets every mistake with its place.
//
//	Check               a policy: what would be refused when it is read
//	Remarks             a policy: what works but may be meant otherwise
//	CheckRequirement    what a procedure asks for, under a policy
//
// A level that claims to equal one of another framework (RULES R1) is held to
// it: two factors for every log-in that it accepts, a proof of identity, and no
// letter to an address that nobody has checked.
package lint
