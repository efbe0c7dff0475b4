// Package throttle says how often something may be tried. It is a pure rule
// over a [State] that the caller keeps, and a limiter of floods in memory.
//
// A try is taken before anything is compared: load the states for update,
// [Take], write them back, commit, and only then compare. So a thousand tries
// at once are a thousand tries. What was right gives its try back ([Success]).
//
//	           Take: tries left             Take: last one
//	counting  ------------------> counting ---------------> blocked until T
//	   ^                                                        |  Take: refused,
//	   |  ExpiresAt, or Success                                 |  nothing changes
//	   +-----------------------------------------<--------------+  T: counting on
//
// Passwords are counted by login name and source, and by login name alone
// with more room; a browser that the person has logged in with before is
// counted by itself instead, so that strangers, however many, cannot lock the
// person out of it. Login names that nobody has are counted alike: a block
// says nothing about who exists. See [ForPassword], [ForSending], [ForCode].
//
// States belong in a logged table: a crash must not give tries back. Only
// [Flood] lives in the process: it protects the machine, not a secret.
package throttle
