package client

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"

	"github.com/go-jose/go-jose/v4"
)

// minRSABits is the smallest RSA key that may speak for a client.
const minRSABits = 2048

// weakness says why a public key is too weak or of a kind that no accepted
// algorithm uses, or nothing.
func weakness(k jose.JSONWebKey) string {
	switch pub := k.Key.(type) {
	case *rsa.PublicKey:
		if pub.N.BitLen() < minRSABits {
			return "is an RSA key of less than 2048 bits"
		}
	case *ecdsa.PublicKey:
		if pub.Curve != elliptic.P256() {
			return "is not on the curve P-256"
		}
	case ed25519.PublicKey:
	default:
		return "is of a kind that is not accepted"
	}
	return ""
}

// Verifies tells whether a key of a client's own set may verify what the
// client signed. Keys fetched from jwks_uri come as their owner pleases, so
// they are asked each time; those in jwks were checked when they were registered.
func Verifies(k jose.JSONWebKey) bool {
	return k.Valid() && k.IsPublic() && weakness(k) == ""
}
