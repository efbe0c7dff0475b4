package client

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"strings"
	"time"
)

// Secret is one stored client secret: never the secret itself.
type Secret struct {
	// Hash is a scheme, a colon and the hash in base64url. An empty hash
	// matches nothing, so that a row without a secret is no open door.
	Hash string
	// ExpiresAt ends the overlap after a rotation; zero means without end.
	ExpiresAt time.Time
}

// schemeHMAC is the only scheme so far: HMAC-SHA-256 under a key that is not
// in the database. A slow hash would add nothing to 256 random bits and would
// cost every token request (DESIGN §10).
const schemeHMAC = "hmac"

// Hasher makes the keyed hash of a client secret.
type Hasher func(secret string) []byte

// Fingerprinter is the part of the key ring (idp/keys) that hashes secrets.
type Fingerprinter interface {
	// Fingerprint is a keyed hash, apart for each purpose. It has no errors.
	Fingerprint(purpose string, parts ...[]byte) [32]byte
}

// HashWith is the hasher that the whole house uses for client secrets.
func HashWith(ring Fingerprinter) Hasher {
	return func(secret string) []byte {
		sum := ring.Fingerprint("client secret", []byte(secret))
		return sum[:]
	}
}

// NewSecret makes a secret of 256 random bits. The text is shown once; only
// the hash is kept.
func NewSecret(hash Hasher) (text string, s Secret) {
	b := make([]byte, 32)
	rand.Read(b) // never fails (crypto/rand)
	text = base64.RawURLEncoding.EncodeToString(b)
	return text, Secret{Hash: schemeHMAC + ":" + base64.RawURLEncoding.EncodeToString(hash(text))}
}

// SecretMatches tells whether the presented text is one of the client's
// secrets that are good now. Every stored hash is compared, in constant time.
func (c *Client) SecretMatches(hash Hasher, presented string, now time.Time) bool {
	if presented == "" {
		return false
	}
	sum, found := hash(presented), 0
	for _, s := range c.Secrets {
		scheme, enc, _ := strings.Cut(s.Hash, ":")
		want, err := base64.RawURLEncoding.DecodeString(enc)
		if scheme != schemeHMAC || err != nil || len(want) == 0 {
			continue
		}
		if !s.ExpiresAt.IsZero() && !s.ExpiresAt.After(now) {
			continue
		}
		found |= subtle.ConstantTimeCompare(want, sum)
	}
	return found == 1
}
