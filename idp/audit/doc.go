// Package audit says what an audited event is and how events are bound into a
// chain that shows later changes. It does no I/O; idp/postgres/audit stores
// events and seals and runs the sealer.
//
// Events are appended in the transaction of what they tell. Each second one
// sealer takes those whose transactions are older than every open one, in the
// order (transaction, event), and makes a link:
//
//	events --canonical encoding--> sums per month --+
//	previous link's hash ---------------------------+--> hash --MAC--> seal
//
// Somebody with all rights in the database can change rows, and even the
// hashes, but has no key for the MAC: it is not in the database. What he can
// still do is to cut off the end of the chain; that shows by the sequence of
// event numbers, by the sealer's own memory, and against a head that was
// written to the log before (Head, Check.Known).
package audit
