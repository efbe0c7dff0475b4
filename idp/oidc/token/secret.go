package token

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

// newSecret makes a code or token of 256 random bits. Nothing about it can be
// guessed, so its plain hash is what is stored: a slow or keyed hash would add
// nothing (FOSITE.md A7, 14).
func newSecret() (secret string, hash [32]byte) {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	secret = base64.RawURLEncoding.EncodeToString(b[:])
	return secret, Hash(secret)
}

// Hash is the form in which codes and opaque tokens are stored.
func Hash(secret string) [32]byte { return sha256.Sum256([]byte(secret)) }

// NewCode makes an authorization code, for the authorization endpoint.
func NewCode() (code string, hash [32]byte) { return newSecret() }

// successor derives the refresh token that follows the presented one. It is
// derived and not drawn so that a client whose network broke gets the same
// one again; only who holds the key can compute it (FOSITE.md A9, 5).
func (e *Endpoint) successor(presented string) (secret string, hash [32]byte) {
	sum := e.Ring.MAC("refresh token successor", []byte(presented))
	secret = base64.RawURLEncoding.EncodeToString(sum[:])
	return secret, Hash(secret)
}
