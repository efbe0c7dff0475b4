// Package event tells agencies what happened at Surety after their tokens
// were given out: that a session has ended, in a logout token that is sent to
// them (OpenID Connect Back-Channel Logout 1.0), and that access tokens are not
// to be taken any more, in a security event token that they fetch (RFC 8417;
// see idp/oidc/events). SecurityToken makes the latter.
//
// LogoutToken makes the token, Deliverer posts it. When and how often is
// decided by the job that calls them; a Failure says whether another try can
// help. What an agency answers is never shown to a person and never believed
// beyond its status.
//
// The addresses come from registered metadata, which an agency's staff may
// change. So delivery never reaches into our own network: only https, no
// redirects, and no loopback, private or reserved address, checked on the
// address that is really connected to, after the name was resolved. Clients
// marked as development may be called on the loopback interface, also by http.
package event
