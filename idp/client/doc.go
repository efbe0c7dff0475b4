// Package client holds relying parties as plain values: what an agency's
// software is registered with, parsed once and ready to use.
//
// Metadata carries the members under the names of RFC 7591 (OAuth 2.0 Dynamic
// Client Registration), OpenID Connect Dynamic Client Registration 1.0 and
// OpenID Connect Back-Channel Logout 1.0, and a few of Surety's own. It is what
// an operator imports and what is stored. Client is made from valid metadata
// only, with addresses and keys parsed, so that a request never parses them.
//
// What is decided here:
//
//   - which redirect URI a client may use (RedirectAllowed): the exact one that
//     was registered, save for the port of a native application's loopback
//     address (RFC 8252, section 7.3);
//   - which sector a client's pairwise subjects belong to (Client.Sector);
//   - whether a client secret is right (Client.SecretMatches).
//
// What is not: who may register a client (idp/flow/operator), and whether a
// particular request is in order (idp/oidc).
package client
