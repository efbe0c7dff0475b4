// Package message writes e-mails and SMS to people and queues them in the unit
// of work that decided them, so that nothing is sent for what rolled back. The
// use cases decide what to say and to whom; which channel goes with which
// contact, and how a text becomes a notice, is decided here alone.
package message
