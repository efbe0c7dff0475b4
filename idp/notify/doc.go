// Package notify carries messages out of the house: e-mail over SMTP, text
// messages over the HTTP gateway of whatever operator there is.
//
// It decides how a message travels and what an answer means (taken, try
// again, never). It does not decide what is said, to whom or when: that is in
// the notice, and a job calls Send until it is taken or given up.
//
// Every message carries a name derived from its event key, so that a message
// sent twice after a crash is one message to the receiver: a Message-ID in
// e-mail, an idempotency key in the gateway's request.
//
// What is put into headers is checked here once more, although it was parsed
// before it was stored: a line break in an address or subject would let its
// author write headers. Failures never repeat what a server said, because
// servers quote addresses, and failures go to the log.
package notify
