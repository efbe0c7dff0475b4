// Package job keeps the outbox and runs background work on River, by the rules
// of idp/job (imported here as rules).
//
// Queue is the writing side: it puts a notice into the outbox and a job into
// River's table in the caller's transaction, so that nothing is sent for a
// change that was rolled back, and nothing is forgotten for one that was kept.
// Worker is the other side. Sweep removes what has ended, a thousand rows at a
// time.
//
// River brings its own clock; it only says when a job is fetched. Every time
// that matters to a person or a client comes from the worker's clock.
package job
