package authenticator

import (
	"crypto/ecdsa"
	"encoding/binary"
	"fmt"
)

// The little of CBOR (RFC 8949) that an authenticator speaks. Callers put
// members in canonical order.

const (
	majorUnsigned = 0 << 5
	majorNegative = 1 << 5
	majorBytes    = 2 << 5
	majorText     = 3 << 5
	majorMap      = 5 << 5
)

// cborHead writes a major type with its number, in the shortest form.
func cborHead(major byte, n int) []byte {
	switch {
	case n < 24:
		return []byte{major | byte(n)}
	case n < 1<<8:
		return []byte{major | 24, byte(n)}
	default:
		return binary.BigEndian.AppendUint16([]byte{major | 25}, uint16(n))
	}
}

func cborInt(n int) []byte {
	if n < 0 {
		return cborHead(majorNegative, -1-n)
	}
	return cborHead(majorUnsigned, n)
}

func cborBytes(b []byte) []byte { return append(cborHead(majorBytes, len(b)), b...) }

func cborText(s string) []byte { return append(cborHead(majorText, len(s)), s...) }

// cborMap joins keys and values that are CBOR already.
func cborMap(pairs int, parts ...[]byte) []byte {
	out := cborHead(majorMap, pairs)
	for _, part := range parts {
		out = append(out, part...)
	}
	return out
}

// cosePublicKey writes an ES256 key (RFC 9053, section 7.1).
func cosePublicKey(key *ecdsa.PrivateKey) ([]byte, error) {
	point, err := key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		return nil, fmt.Errorf("authenticator: %w", err)
	}
	return cborMap(5,
		cborInt(1), cborInt(2), // kty: EC2
		cborInt(3), cborInt(-7), // alg: ES256
		cborInt(-1), cborInt(1), // crv: P-256
		cborInt(-2), cborBytes(point[1:33]),
		cborInt(-3), cborBytes(point[33:65])), nil
}
