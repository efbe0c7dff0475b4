package session

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"
)

// Browser is what a request tells about the browser it comes from. Nothing in
// it is stored as it is: secrets are hashed, the rest is sealed.
type Browser struct {
	// Hash is BrowserHash of the cookie that names this browser: pending
	// requests and proofs are bound to it, and a device that a person used
	// before is known by it. Zero when the browser has none: then nothing
	// pending is its own.
	Hash    [32]byte
	Session string // value of the session cookie; empty: not logged in
	// Source is the address the request came from, without port: what failures
	// are counted by and the hash queue is fair to.
	Source    string
	UserAgent string
	Language  string // be, ru, uk or en: the language of this page, and of messages that it causes
}

// BrowserHash is the form in which the id of a browser is stored; the zero
// hash for an empty id.
func BrowserHash(id string) [32]byte {
	if id == "" {
		return [32]byte{}
	}
	return sha256.Sum256([]byte(id))
}

// Bound reports whether the browser carries the cookie that binds.
func (b Browser) Bound() bool { return b.Hash != [32]byte{} }

// Ticket is what the browser gets when somebody has logged in in it.
type Ticket struct {
	Secret    string    // new value of the session cookie
	Shared    bool      // the session cookie ends with the browser
	ExpiresAt time.Time // absolute end of the session
}

// secretBytes makes secrets of 256 bits: too many to guess, so a plain hash
// is enough to store them.
const secretBytes = 32

// NewSecret returns a fresh secret for a cookie.
func NewSecret() string {
	b := make([]byte, secretBytes)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b)
}

// secretLength is the length of what NewSecret returns.
var secretLength = base64.RawURLEncoding.EncodedLen(secretBytes)

// HashSecret is the form in which a cookie's secret is stored and found. It
// reports false for text that NewSecret cannot have made, so that broken and
// oversized cookies cost no query.
func HashSecret(secret string) ([32]byte, bool) {
	if len(secret) != secretLength {
		return [32]byte{}, false
	}
	if _, err := base64.RawURLEncoding.Strict().DecodeString(secret); err != nil {
		return [32]byte{}, false
	}
	return sha256.Sum256([]byte(secret)), true
}
