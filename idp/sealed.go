package idp

// Names under which personal values are sealed by a person's data key and
// found by fingerprint. They are part of what is stored: changed, nothing is
// opened or found any more.
//
//	value                    field                    context
//	person_attribute.sealed  SealedAttribute + name   account_id
//	contact.sealed           SealedContact            contact_id
//	login_name.sealed        SealedLoginName          account_id
//	session.sealed_device    SealedDevice             session_id
//	consent.sealed_values    SealedConsent            consent_id
//	credential.sealed        SealedFactor             credential_id
//	credential.sealed_name   SealedFactorName         credential_id
//
// The data key itself is wrapped for its account_id.
const (
	SealedAttribute = "attribute:"
	SealedContact   = "contact"
	SealedLoginName = "login name"
	SealedDevice    = "session device"
	SealedConsent   = "consent values"

	SealedFactor     = "factor"
	SealedFactorName = "factor name"

	MarkContact   = "contact"    // of a contact's Key
	MarkLoginName = "login name" // of a login name's key
	MarkDevice    = "device"     // of a browser's hash
	MarkPasskey   = "passkey"    // of the id that a passkey shows
)
