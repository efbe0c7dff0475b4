// Package events gives agencies the security events that concern them: which
// access tokens are not to be taken any more although they have not ended
// (OpenID Continuous Access Evaluation Profile 1.0), fetched by RFC 8936.
//
//	POST /events/poll                     what is new; waits for news if there is none
//	GET  /.well-known/ssf-configuration   where and how (OpenID Shared Signals Framework 1.0, section 7.1)
//
// A client is registered for events (security_events) and gets its own alone. It
// proves itself with client_secret_basic. What it does not acknowledge comes
// again; what it refuses (setErrs) is logged and does not come again.
//
// An API that runs in several processes has each of them poll with a name of
// its own, /events/poll?stream=NAME: then what one acknowledges the others
// still get, and one that starts gets what happened in the last ten minutes,
// longer than any access token lives.
//
// # Waiting
//
//	commit -> NOTIFY -> Hub.Wake(client) -> the polls of that client read
//
// One listener for each process wakes the polls that wait in it. Besides that a
// waiting poll looks every five seconds, should a notification be lost while the
// line to the database is down. A poll waits twelve seconds at most, which is
// within the bounds that every request has; the client asks again. The number
// of polls that wait is bounded, for each client and in all.
package events
