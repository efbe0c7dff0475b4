// Package otp is the login method "otp": the six digits that an authenticator
// app shows (TOTP, RFC 6238, with SHA-1, six digits and steps of 30 seconds,
// which is what every app knows), and the recovery codes on paper for the day
// when the app is gone.
//
// It makes secrets and compares codes; it stores nothing and knows no
// accounts. A code proves something once: Check names the time step that it
// belongs to, and the caller keeps the last step taken, so that a code that
// somebody looked over a shoulder for is worth nothing a second later
// (RFC 6238, section 5.2). Codes of the step before and of the step after are
// taken as well, for clocks that are a little off.
package otp
