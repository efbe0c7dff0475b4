// Package needs is the endpoint at which an agency's program asks what a
// person will need for one of the agency's procedures, with the person's
// access token (RULES R1; the shape of the answer is in idp/flow/procedures):
//
//	GET /procedures/{agency}/{code}/path
//	Authorization: Bearer ...
//
// The token must be good for UserInfo, and its client must be of that agency.
// What the agency learns of the person is no more than the token stands for:
// the level held, where there is a consent behind the grant or none is asked
// for, and what is missing. Which authenticators the account has is not said,
// so the ways are those of a person of whom only the login is known.
//
// Errors are those of RFC 6750; a procedure that the agency does not offer is
// a plain 404.
package needs
