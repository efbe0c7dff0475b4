// Package account keeps accounts with their login names, credentials,
// sessions and throttles, and the pending things of one browser: interactions
// and proofs of contacts. The personal values of an account are in package person.
//
// What names a person is sealed here on the way in and opened on the way out,
// so that use cases see clear values and the database never does:
//
//	column                  sealed by          bound to
//	login_name.sealed       person's data key  account
//	contact.sealed          person's data key  contact
//	session.sealed_device   person's data key  session
//	credential.sealed       person's data key  credential
//	interaction.sealed      key ring           interaction
//	contact_proof.sealed    key ring           proof
//	contact_code.sealed     key ring           code
//
// Lookups go by fingerprints. Single use is one conditional UPDATE each.
package account
