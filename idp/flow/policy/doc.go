// Package policy holds the use cases about the policy: the levels, what each
// asks for, and how a next version of them comes into force (DESIGN §3).
//
// What is stored never changes: a policy that was in force can be shown for
// ever, and the way back is the old text under the next number.
//
//	lint      mistakes in the file, and what is stored that would not work under it
//	diff      whom the change concerns: every account, every procedure
//	activate  told to all processes now, in force ten seconds later
//	explain   how one decision comes about, for a person or somebody made up
//
// A policy is refused while there is a mistake in it, or while it would break a
// procedure or a client that works. What nobody can use today either does not
// hinder it: else a mistake of yesterday would keep its own remedy away.
//
// Accounts are counted with the best log-in that each could make now, a page at
// a time, and nothing personal is read for it.
//
// How all processes switch at once, and stop when they cannot, is in
// idp/postgres/desk (PolicySet).
package policy
