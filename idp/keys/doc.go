// Package keys holds every secret key of the house and what is done with them:
// sealing, fingerprints and signatures. It decides nothing about people and
// imports nothing of ours.
//
// # The ring
//
// A [Ring] comes from configuration, never from the database, and has three kinds of key:
//
//   - seal keys, named, one of them current: they seal system secrets and wrap
//     the data keys of people ([Ring.Seal], [Ring.NewDataKey]). The name of the
//     key stands in front of every sealed value, so an old key can stay for
//     reading while everything new is sealed with the current one;
//   - the index key: fingerprints for lookups and short codes
//     ([Ring.Fingerprint], [Ring.MAC]). It cannot be changed without computing
//     every fingerprint anew, so it has no name;
//   - the audit key: the chain of audit seals ([Ring.AuditMAC]), apart from the
//     others so that whoever may seal data cannot forge history.
//
// None of them is ever used directly. Each purpose gets its own key, derived by
// HKDF (RFC 5869), so a value sealed for one purpose cannot be opened for
// another, whatever its context. Purposes are constants of the program; contexts
// are row and column names, which bind a value to its place: a sealed e-mail
// moved to another person's row does not open.
//
// AES-256-GCM with random nonces is safe for 2^32 values per key (NIST SP
// 800-38D, section 8.3). Personal fields have a key per person and stay far
// below; for the rest add a seal key with [Ring.WithSealKey] every few years.
//
// # Signing keys
//
// A [SigningKey] lives in the database, sealed under the ring. Its four times
// are its whole life, written down before they come, so that every process
// changes keys at the same moment without talking to the others:
//
//	PublishedAt      ActiveAt                RetiredAt            GoneAt
//	    |  in the JWKS   |  signs, in the JWKS   |  in the JWKS only  |
//	    |<--- 24 h ----->|<------- age --------->|<-- last token ---->|
//
// [Plan] says which keys to make, schedule and remove. A [Set] is what is true
// at one moment: it signs, verifies and shows the JWKS, and never changes; load
// a new one by [Set.Until] at the latest.
//
// Tokens are verified against the exact header that this package writes for a
// key. What a token claims about algorithm, key or embedded keys is compared,
// never followed, so "none", a changed algorithm and borrowed key names all
// fail before any cryptography (RFC 8725, sections 2.1 and 3.1).
package keys
