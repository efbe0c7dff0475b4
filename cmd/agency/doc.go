// Command agency is a sample agency (relying party): the smallest honest one.
//
// It is written only against public interfaces, so that whoever connects a
// real agency can read it as an example: OpenID Connect's code flow with PKCE,
// state and nonce, userinfo, refresh, logout by the agency (RP-Initiated
// Logout 1.0) and logout told by Surety (Back-Channel Logout 1.0).
//
//	GET  /                     who is signed in, at which level, with which claims
//	GET  /procedures/{code}    one service: asks the API below, and does what its answer says
//	GET  /api/procedures/{code} the API of that service, behind a guard (assurance/guard)
//	GET  /login                to Surety; prompt, max_age, acr_values pass through; procedure asks for one
//	GET  /callback             back from Surety, with a code or an error
//	POST /refresh              new tokens by the refresh token
//	POST /logout               ends the session here and at Surety
//	GET  /signed-out           back from Surety's logout
//	POST /backchannel-logout   Surety says that a session ended elsewhere
//	GET  /ready
//
// A service opens by the access token alone. The page calls the API with the
// person's token; the API's challenge (RFC 9470) names what is missing; the
// login asks Surety for it (RFC 9396); with the new token the API delivers.
// When Surety says that the requirement was not met, the agency fetches why.
// The API also listens to what Surety tells of tokens that were taken back
// (Listen), so that it closes within a second when the person logs out.
//
// What each step must check stands in protocol.go and backchannel.go, in the
// order of the standards. Sessions are in memory and bounded: a real agency
// keeps its own.
package main
