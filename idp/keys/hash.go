package keys

import (
	"crypto"
	"encoding/base64"
)

// HashFor returns the hash that goes with an algorithm in at_hash and c_hash;
// 0 for an unknown one. EdDSA names none in its header; Ed25519 hashes with
// SHA-512 inside, and that is what verifiers take.
func HashFor(algorithm string) crypto.Hash {
	switch algorithm {
	case ES256, RS256, PS256:
		return crypto.SHA256
	case EdDSA:
		return crypto.SHA512
	}
	return 0
}

// LeftHalf gives the value of at_hash or c_hash for a token or code: the left
// half of its hash, base64url (OpenID Connect Core, sections 3.1.3.6 and
// 3.3.2.11). It is empty for an unknown algorithm.
func LeftHalf(algorithm, value string) string {
	hash := HashFor(algorithm)
	if hash == 0 {
		return ""
	}
	h := hash.New()
	h.Write([]byte(value))
	sum := h.Sum(nil)
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}
