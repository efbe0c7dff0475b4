package store

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// NewSecret makes a code or token of 256 random bits, and the form in which
// it is stored. Nothing about it can be guessed, so its plain hash will do: a
// slow or keyed one would add nothing (FOSITE.md A7, 14).
func NewSecret() (secret string, hash [32]byte) {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	secret = base64.RawURLEncoding.EncodeToString(b[:])
	return secret, Hash(secret)
}

// Hash is the form in which codes, refresh tokens and opaque access tokens
// are stored.
func Hash(secret string) [32]byte { return sha256.Sum256([]byte(secret)) }

// Opaque returns the stored form of a token, or false when the token is of the
// form of a signed one: three parts.
func Opaque(token string) (hash [32]byte, ok bool) {
	if strings.Count(token, ".") == 2 {
		return [32]byte{}, false
	}
	return Hash(token), true
}
