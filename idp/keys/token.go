package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// MaxToken bounds a token: longer ones are neither made nor looked at.
const MaxToken = 16 << 10

// ErrToken means that a token is not one that this set of keys signed with an
// allowed type. The text around it says which check failed, never the token.
var ErrToken = errors.New("token refused")

// Header is the protected header of a verified token. Nothing in it came from
// outside: it is the header this package writes for the key.
type Header struct {
	Algorithm string
	KID       string
	Type      string
}

// encoding is strict, so that a token has one spelling only.
var encoding = base64.RawURLEncoding.Strict()

// p256Size is the length of each half of an ES256 signature (RFC 7518, section 3.4).
const p256Size = 32

// Sign makes a token in JWS compact form (RFC 7515, section 7.1) with the
// active key of the algorithm. typ says what kind of token it is, so that no
// kind passes for another (RFC 8725, section 3.11). It fails with ErrNoKey.
func (s *Set) Sign(algorithm, typ string, claims []byte) (string, error) {
	key := s.active[algorithm]
	if key == nil {
		return "", fmt.Errorf("sign %s: %w", algorithm, ErrNoKey)
	}
	head := key.header(typ)
	// Room for the signature of RSA with 2048 bits, the longest that is made here.
	size := len(head) + encoding.EncodedLen(len(claims)) + 1 + encoding.EncodedLen(rsaBits/8)
	if size > MaxToken {
		return "", fmt.Errorf("sign %s: claims of %d bytes are too long", algorithm, len(claims))
	}
	token := append(make([]byte, 0, size), head...)
	token = encoding.AppendEncode(token, claims)
	signature, err := key.sign(token)
	if err != nil {
		return "", fmt.Errorf("sign %s with %s: %w", algorithm, key.KID, err)
	}
	token = append(token, '.')
	return string(encoding.AppendEncode(token, signature)), nil
}

// Verify checks a token that this house signed and returns its claims. Only
// the headers that the set itself writes for its keys and the allowed types
// are accepted, byte by byte. It fails with ErrToken. What the claims say
// (issuer, audience, expiry) is the caller's to check. The payload is shared
// with later calls: do not write to it.
func (s *Set) Verify(token string, allowedTyp ...string) (payload []byte, header Header, err error) {
	if len(token) > MaxToken {
		return nil, Header{}, fmt.Errorf("%w: too long", ErrToken)
	}
	hash := sha256.Sum256([]byte(token))
	if v, ok := s.seen.find(hash); ok && slices.Contains(allowedTyp, v.header.Type) {
		return v.payload, v.header, nil
	}
	last := strings.LastIndexByte(token, '.')
	first := strings.IndexByte(token, '.')
	if first < 0 || first == last {
		return nil, Header{}, fmt.Errorf("%w: not three parts", ErrToken)
	}
	key, typ := s.writerOf(token[:first+1], allowedTyp)
	if key == nil {
		return nil, Header{}, fmt.Errorf("%w: not a header of ours for an allowed type", ErrToken)
	}
	signature, err := encoding.DecodeString(token[last+1:])
	if err != nil || strings.ContainsAny(token, "\r\n") { // base64 skips line breaks
		return nil, Header{}, fmt.Errorf("%w: signature is not base64url", ErrToken)
	}
	if !key.verifies(token[:last], signature) {
		return nil, Header{}, fmt.Errorf("%w: signature does not match", ErrToken)
	}
	payload, err = encoding.DecodeString(token[first+1 : last])
	if err != nil {
		return nil, Header{}, fmt.Errorf("%w: claims are not base64url", ErrToken)
	}
	header = Header{Algorithm: key.Algorithm, KID: key.KID, Type: typ}
	s.seen.add(hash, verified{payload, header})
	return payload, header, nil
}

// writerOf finds the key and type whose header this is.
func (s *Set) writerOf(head string, allowedTyp []string) (*signer, string) {
	for _, key := range s.published {
		for _, typ := range allowedTyp {
			if key.header(typ) == head {
				return key, typ
			}
		}
	}
	return nil, ""
}

// header gives the encoded header for a type, with the dot that follows it.
func (k *signer) header(typ string) string {
	k.mu.RLock()
	head, ok := k.headers[typ]
	k.mu.RUnlock()
	if ok {
		return head
	}
	text, err := json.Marshal(struct {
		Algorithm string `json:"alg"`
		KID       string `json:"kid"`
		Type      string `json:"typ"`
	}{k.Algorithm, k.KID, typ})
	if err != nil {
		panic(err) // strings always marshal
	}
	head = encoding.EncodeToString(text) + "."
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.headers) < cacheBound { // types are constants, see cacheBound
		k.headers[typ] = head
	}
	return head
}

// sign signs the first two parts. It goes through crypto.Signer alone, so that
// the key may live in a hardware module.
func (k *signer) sign(input []byte) ([]byte, error) {
	if k.Algorithm == EdDSA { // takes the message itself (RFC 8037, section 3.1)
		return k.Private.Sign(rand.Reader, input, crypto.Hash(0))
	}
	digest := sha256.Sum256(input)
	switch k.Algorithm {
	case ES256:
		der, err := k.Private.Sign(rand.Reader, digest[:], crypto.SHA256)
		if err != nil {
			return nil, err
		}
		return fixedECDSA(der)
	case RS256:
		return k.Private.Sign(rand.Reader, digest[:], crypto.SHA256)
	case PS256: // salt as long as the hash (RFC 7518, section 3.5)
		return k.Private.Sign(rand.Reader, digest[:], pssOptions)
	}
	return nil, ErrAlgorithm
}

var pssOptions = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}

// verifies goes by the key's own algorithm, never by the token's.
func (k *signer) verifies(input string, signature []byte) bool {
	message := []byte(input)
	if k.Algorithm == EdDSA {
		public, ok := k.Public.(ed25519.PublicKey)
		return ok && ed25519.Verify(public, message, signature)
	}
	digest := sha256.Sum256(message)
	switch public := k.Public.(type) {
	case *ecdsa.PublicKey:
		if k.Algorithm != ES256 || len(signature) != 2*p256Size {
			return false
		}
		r := new(big.Int).SetBytes(signature[:p256Size])
		s := new(big.Int).SetBytes(signature[p256Size:])
		return ecdsa.Verify(public, digest[:], r, s)
	case *rsa.PublicKey:
		if k.Algorithm == RS256 {
			return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature) == nil
		}
		return k.Algorithm == PS256 && rsa.VerifyPSS(public, crypto.SHA256, digest[:], signature, pssOptions) == nil
	}
	return false
}

// fixedECDSA turns the ASN.1 form that crypto.Signer gives into the two halves
// of fixed length that JWS wants (RFC 7518, section 3.4).
func fixedECDSA(der []byte) ([]byte, error) {
	var inner cryptobyte.String
	var r, s []byte
	in := cryptobyte.String(der)
	if !in.ReadASN1(&inner, asn1.SEQUENCE) || !in.Empty() ||
		!inner.ReadASN1Integer(&r) || !inner.ReadASN1Integer(&s) || !inner.Empty() ||
		len(r) > p256Size || len(s) > p256Size {
		return nil, errors.New("signer gave no ECDSA signature of P-256")
	}
	fixed := make([]byte, 2*p256Size)
	copy(fixed[p256Size-len(r):p256Size], r)
	copy(fixed[2*p256Size-len(s):], s)
	return fixed, nil
}
