// Package authenticator is a passkey in software for tests: it answers the
// options of a page as a browser with a security key would (WebAuthn Level 3,
// ES256, no attestation), and can be told to misbehave. It shares no code with
// the library that checks its answers.
package authenticator
