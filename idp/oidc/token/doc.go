// Package token is the token endpoint, introspection (RFC 7662) and
// revocation (RFC 7009).
//
//	POST /token       authorization_code, refresh_token, client_credentials
//	POST /introspect  what a token is worth now, for its owner and its audience
//	POST /revoke      ends a token, or a grant by its refresh token
//
// fosite reads the request, has the client authenticated and runs the handlers
// of this package: first all of their Handle phases (find and check, one
// SELECT), then all of their Populate phases (mint, and write everything in one
// statement). Client credentials ask the database nothing.
//
// What is decided here: whether a client is who it says it is, and whether what
// it shows is good for tokens. What is not: the level that a token states. It
// was decided when the person was sent back to the client, and is decided anew
// at every refresh, by assurance.Decide.
package token
