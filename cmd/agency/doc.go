// Command agency is a sample agency (relying party): the smallest honest one.
//
// It is written only against public interfaces, so that whoever connects a
// real agency can read it as an example: OpenID Connect's code flow with PKCE,
// state and nonce, userinfo, refresh, logout by the agency (RP-Initiated
// Logout 1.0) and logout told by Surety (Back-Channel Logout 1.0).
//
//	GET  /                     who is signed in, at which level, with which claims
//	GET  /login                to Surety; prompt, max_age, acr_values pass through
//	GET  /callback             back from Surety, with a code or an error
//	POST /refresh              new tokens by the refresh token
//	POST /logout               ends the session here and at Surety
//	GET  /signed-out           back from Surety's logout
//	POST /backchannel-logout   Surety says that a session ended elsewhere
//	GET  /ready
//
// What each step must check stands in protocol.go and backchannel.go, in the
// order of the standards. Sessions are in memory and bounded: a real agency
// keeps its own.
package main
