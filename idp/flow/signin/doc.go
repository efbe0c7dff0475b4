// Package signin holds the use cases of a person in a browser: who is there,
// logging in and out, and the steps of a pending authorization request.
//
// Each step of a request is one page with two use cases, one that shows it and
// one that takes the answer:
//
//	step             shows it        takes the answer
//	login            LogInScreen     LogIn
//	select account   AccountScreen   ChooseAccount, LogIn
//	terms            TermsScreen     AcceptTerms
//	consent          ConsentScreen   Allow, Deny
//
// Which step is due is said by interaction.Next alone. A use case that is
// asked for another step than the one that is due answers ErrElsewhere and
// does nothing: the page then returns to the dispatcher, which knows where to
// go. So no step can be jumped over, repeated or taken out of order by typing
// its address.
//
// # Sessions
//
// A session is found by the SHA-256 hash of a 256-bit secret that only the
// browser's cookie holds. Logging in again in it keeps the session and changes
// the secret, so that a secret which leaked before is worth nothing after.
// When another person logs in, the session before ends and its agencies are told.
//
// # No enumeration
//
// LogIn does the same work for a login name that exists and one that does
// not: the same statements, one hash, the same event, the same answer.
// Failures are counted before the hash is computed, so that any number of
// parallel tries stays within the limit.
package signin
