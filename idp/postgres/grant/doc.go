// Package grant stores authorizations, codes, refresh tokens and opaque access
// tokens. Every method is one round trip, but for the use of a code or refresh
// token that somebody used before, which revokes its grant in a second one.
//
// Single use is one conditional UPDATE inside the statement that writes what
// comes of it: of many who show the same code at once one gets its row, and
// only that row lets the tokens and the audit event be written.
package grant
