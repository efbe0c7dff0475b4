// Package logout is the end session endpoint (OpenID Connect RP-Initiated
// Logout 1.0): an agency sends the person here to log out of Surety, and the
// person comes back.
//
// Whether the person is asked first, and whether they may be sent back, is
// decided by what the request can show:
//
//	id_token_hint             logs out                    sends back to a registered address
//	good, of this session     at once                     at once
//	good, of somebody else    after asking                after asking
//	bad or missing            after asking                after asking, if client_id names the client and
//	                                                      the hint is missing; never with a bad hint
//
// An address that is not registered is never redirected to: the person is
// asked whether to log out, and stays here. Every client of the session that
// wants to know is told by back-channel logout, whoever began.
//
// A POST from an agency's page arrives without our cookies (SameSite=Lax).
// What was understood of it is sealed into an address, and the browser is
// sent there with 303, so that the GET arrives with them. The same sealed
// request is what the question's form brings back; it names the browser for
// which it was made, so that no other site can answer the question.
package logout
