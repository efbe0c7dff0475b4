// Package operator has the pages of those who run Surety. It decides nothing:
// each page calls one use case of idp/flow/operator.
//
//	GET  /operator/invite?token=  where an invitation leads: make a passkey
//	POST /operator/invite         becomes an operator, and is logged in
//	GET  /operator/sign-in        asks for a passkey
//	POST /operator/sign-in        logs in
//	GET  /operator                operators and open invitations
//	POST /operator/invitations    invites another; shows the link, once
//	POST /operator/sign-out       logs out
//
// Whoever is not logged in is sent to /operator/sign-in. The passkey itself is
// made and used by a script (assets/passkey.js), which puts the answer into
// the form: the one place that cannot do without JavaScript.
package operator
