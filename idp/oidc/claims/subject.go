package claims

import (
	"encoding/base64"

	"surety/idp"
	"surety/idp/client"
)

// Fingerprinter is the part of the key ring (idp/keys) that names people to clients.
type Fingerprinter interface {
	// Fingerprint is a keyed hash, apart for each purpose. It has no errors.
	Fingerprint(purpose string, parts ...[]byte) [32]byte
}

// Subjects names people and their sessions to clients.
type Subjects struct {
	Ring Fingerprinter
}

// Subject is this client's sub for the account (OpenID Connect Core 1.0,
// section 8). A pairwise one is the same for all clients of a sector and tells
// two sectors nothing about each other. Even the public one is not the
// account's id, which would tell when the account was made.
func (s Subjects) Subject(c *client.Client, account idp.AccountID) string {
	if c.SubjectType == client.SubjectPublic {
		return text(s.Ring.Fingerprint("public subject", []byte(account)))
	}
	return text(s.Ring.Fingerprint("pairwise subject", []byte(c.Sector), []byte(account)))
}

// SID is this client's name for a browser session, in ID tokens and logout
// tokens (OpenID Connect Back-Channel Logout 1.0, section 2.1). Clients cannot
// compare theirs.
func (s Subjects) SID(client idp.ClientID, session idp.SessionID) string {
	sum := s.Ring.Fingerprint("sid", []byte(client), []byte(session))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

func text(sum [32]byte) string { return base64.RawURLEncoding.EncodeToString(sum[:]) }
