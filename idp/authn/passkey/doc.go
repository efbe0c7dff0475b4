// Package passkey is the login method "passkey": WebAuthn (Level 3) with
// discoverable credentials and user verification, so that one act shows both
// what the person has and that it is they who use it.
//
// It makes questions and checks answers; it stores nothing and knows no
// accounts. A question comes in two parts: options, for the script of the page,
// and state, for the check of the answer. The caller keeps the state from
// being changed or answered twice and decides how long it may take (sealed
// in the form, or in a row), because a challenge that can be replayed is none.
//
//	Register(user)  -> options, state;  Registered(state, answer)      -> Credential
//	Ask()           -> options, state;  CredentialID(answer)           -> which one to load
//	                                    Asked(state, answer, it)       -> Credential as it is now, Use
//
// What is checked: challenge, origin, relying party, type of ceremony, user
// presence and verification, signature, that credential and user belong
// together, that a key bound to its device stays so, and that its counter,
// where it has one, only rises.
//
// A use counts as "swk" (RFC 8176): no attestation is asked for, so nothing
// proves that the key lives in hardware, and nothing is asserted that is not
// proven (DESIGN §4). [Operators] shows the same to the operators' pages.
package passkey
