// Package password is the login method "password" (and "identifier", which
// proves the same thing): what a password may be, how it is kept, and how it
// is compared without the house running out of breath.
//
// It does not count failures (idp/throttle), does not store anything and does
// not know who logs in: the use case takes a try from the throttle, then calls
// [Hasher.Verify], with the zero credential when there is no such login.
//
// # How a password is kept
//
// NFC, then HMAC under the index key (the pepper), then Argon2id (RFC 9106)
// with 19 MiB, 2 passes and 1 lane, in PHC form with the pepper's id:
//
//	$argon2id$v=19$m=19456,t=2,p=1,keyid=1f2e3d4c$<salt>$<hash>
//
// A stolen database without the ring allows no guessing at all; with the ring
// each guess costs what Argon2id costs. Verifiers with other parameters are
// verified and then reported by [Hasher.NeedsRehash].
//
// # How many at once
//
// A hash takes all of a core and 19 MiB for some 26 ms, so only a few run at a
// time and the others wait, a bounded number, source by source in turn: one
// address that sends a thousand logins delays its own, not those of others.
// Who does not fit is told at once when to come again (503); everything else
// in the house goes on.
//
// # Memory
//
// x/crypto/argon2 takes 19 MiB of fresh heap for each hash and leaves it to the
// collector. Measured with two workers and a live heap of 20 MiB, two shared
// cores: 64 to 73 hashes/s at 140 MiB resident, 20 collections a second; with
// GOGC=25 44/s at 105 MiB; with GOMEMLIMIT=80MiB 30/s at 83 MiB. This package
// keeps one block of memory for each worker outside the heap, in huge pages,
// and runs the library's own functions over it: 95/s at 69 MiB, and hashing
// causes no collections. argon.go says how, and what guards the trick.
package password
