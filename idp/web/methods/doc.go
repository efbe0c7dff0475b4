// Package methods is the pages on which a person looks after their own ways to
// log in:
//
//	/methods                   the list
//	/methods/otp               a new authenticator app, then its recovery codes
//	/methods/passkey           a new passkey
//	/methods/bind              a code to a contact that was confirmed with the person's
//	  /methods/bind/code       identity, so that what is added next counts fully; or skipped
//	/methods/recovery-codes    new recovery codes
//	/methods/{id}/rename       of a passkey
//	/methods/{id}/remove       with what it means
//
// Whatever changes something needs a log-in of the last minutes: a page that
// does not have it sends the person to log in again and is there when they come
// back. Adding belongs to a pending request as well, when the policy offers it
// as a way: then it returns to the dispatcher. Secrets are shown in the answer
// to the form that made them and have no address at which anybody could ask for
// them again.
package methods
