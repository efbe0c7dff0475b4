package idp

import (
	"surety/assurance"

	"github.com/google/uuid"
)

// AccountID names an account.
type AccountID = assurance.AccountID

// ClientID names a relying party.
type ClientID = assurance.ClientID

// ContactID names a contact of an account.
type ContactID = assurance.ContactID

// CredentialID names a credential, as the text form of a UUID.
type CredentialID string

// SessionID names a browser session inside Surety, as the text form of a
// UUID. Agencies never see it: each gets its own sid derived from it.
type SessionID string

// InteractionID names a pending authorization request, as the text form of a UUID.
type InteractionID string

// GrantID names an authorization given to a client, as the text form of a
// UUID. It is fosite's request id as well.
type GrantID string

// ProofID names an attempt to prove that a contact is reachable, as the text
// form of a UUID.
type ProofID string

// OperatorID names an operator, as the text form of a UUID.
type OperatorID string

// NewID returns a new identifier: a version 7 UUID (RFC 9562, section 5.7),
// so that rows made one after the other lie side by side in an index.
func NewID() string {
	return uuid.Must(uuid.NewV7()).String()
}

// ValidID reports whether text that came from outside can be an identifier of
// ours, so that what cannot is simply unknown, and never a failed query.
func ValidID(text string) bool { return len(text) == 36 && uuid.Validate(text) == nil }
