// Package job says how background work behaves: who sends a notice, when a
// failed try is repeated and when it is given up, and which work comes back by
// the clock. It does no I/O of its own; idp/postgres/job keeps the outbox and
// runs the work on River.
//
//	use case --transaction--> outbox (sealed) + job (event key only)
//	                               |
//	          worker: load, unseal, send --> sent: payload wiped, job completed,
//	                               |               in one transaction
//	                               +--> not taken: again after a growing pause
//	                               +--> refused for good, or too old: given up
//
// A worker may die between sending and noting it; the notice is then sent
// again under the same event key, from which senders derive the name that
// receivers know repeats by.
package job
