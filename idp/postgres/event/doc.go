// Package event keeps what clients are told about access tokens that were
// taken back before their end.
//
// An event is written by the statement that makes it true, so that neither can
// be without the other: whoever takes tokens back puts Tell into that
// statement, or calls Write in the same unit of work. Clients that are not
// registered for events (security_events) get none.
//
// A client reads its events as a queue: what it has acknowledged does not come
// again. An API that runs in several processes has each of them read a stream,
// which is an account of its own over the events of the last minutes: so a
// process that starts hears what those before it heard. Events wait a day.
//
// Waiting is package idp/oidc/events' concern; what wakes it is a NOTIFY on
// Channel with the client's id, sent when the transaction has committed.
package event
