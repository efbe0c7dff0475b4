package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// The algorithms that Surety signs with (RFC 7518, section 3.1; RFC 8037).
// EdDSA is Ed25519.
const (
	ES256 = "ES256"
	RS256 = "RS256"
	PS256 = "PS256"
	EdDSA = "EdDSA"
)

// Algorithms lists the algorithms, the default one first.
func Algorithms() []string { return []string{ES256, RS256, PS256, EdDSA} }

// rsaBits: 2048 is what every client library takes, and a signature costs
// thirty times one of ES256 as it is. RSA is for clients that ask for it.
const rsaBits = 2048

// signingPurpose is the purpose under which private keys are sealed.
const signingPurpose = "signing key"

// ErrAlgorithm means that an algorithm is none of Algorithms, or not the one
// of the key.
var ErrAlgorithm = errors.New("signing algorithm not supported")

// SigningKey is a key pair with its life. One key serves one algorithm: a key
// for RS256 never signs PS256.
type SigningKey struct {
	KID       string // the first 128 bits of the RFC 7638 thumbprint
	Algorithm string
	// Private signs; it may live in a hardware module. Nil makes a key that
	// can only verify.
	Private crypto.Signer `json:"-"`
	// Public is the other half; filled by NewSigningKey and OpenSigningKey.
	Public crypto.PublicKey `json:"-"`

	CreatedAt   time.Time
	PublishedAt time.Time // from here on in the JWKS
	ActiveAt    time.Time // from here on it may sign
	RetiredAt   time.Time // from here on it signs no more; zero: not planned yet
	GoneAt      time.Time // from here on out of the JWKS; zero: not planned yet
}

// NewSigningKey makes a key pair. The times other than CreatedAt are the
// caller's to set, as the Change that asked for the key says.
func NewSigningKey(algorithm string, now time.Time) (SigningKey, error) {
	private, err := generate(algorithm)
	if err != nil {
		return SigningKey{}, fmt.Errorf("make %s signing key: %w", algorithm, err)
	}
	kid, err := thumbprint(private.Public())
	if err != nil {
		return SigningKey{}, fmt.Errorf("name %s signing key: %w", algorithm, err)
	}
	return SigningKey{KID: kid, Algorithm: algorithm, Private: private, Public: private.Public(), CreatedAt: now}, nil
}

func generate(algorithm string) (crypto.Signer, error) {
	switch algorithm {
	case ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case RS256, PS256:
		return rsa.GenerateKey(rand.Reader, rsaBits)
	case EdDSA:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	}
	return nil, ErrAlgorithm
}

// SealSigningKey seals the private key (PKCS #8, RFC 5208) for the database.
// Name and algorithm are bound to it: a row cannot lend its key to another.
func (r *Ring) SealSigningKey(k SigningKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.Private)
	if err != nil {
		return nil, fmt.Errorf("seal signing key %s: %w", k.KID, err)
	}
	defer clear(der)
	return r.Seal(signingPurpose, signingContext(k.KID, k.Algorithm), der), nil
}

// OpenSigningKey opens what SealSigningKey sealed and returns the key without
// its times. It fails with ErrOpen, or with ErrAlgorithm if the key is not one
// for the algorithm.
func (r *Ring) OpenSigningKey(kid, algorithm string, sealed []byte) (SigningKey, error) {
	der, err := r.Open(signingPurpose, signingContext(kid, algorithm), sealed)
	if err != nil {
		return SigningKey{}, fmt.Errorf("open signing key %s: %w", kid, err)
	}
	defer clear(der)
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return SigningKey{}, fmt.Errorf("read signing key %s: %w", kid, err)
	}
	private, ok := parsed.(crypto.Signer)
	if !ok || !fits(algorithm, private.Public()) {
		return SigningKey{}, fmt.Errorf("read signing key %s: %w", kid, ErrAlgorithm)
	}
	return SigningKey{KID: kid, Algorithm: algorithm, Private: private, Public: private.Public()}, nil
}

// ResealSigningKey seals a private key under the current seal key; false when it is already.
func (r *Ring) ResealSigningKey(kid, algorithm string, sealed []byte) (resealed []byte, changed bool, err error) {
	if r.Current(sealed) {
		return sealed, false, nil
	}
	der, err := r.Open(signingPurpose, signingContext(kid, algorithm), sealed)
	if err != nil {
		return nil, false, fmt.Errorf("reseal signing key %s: %w", kid, err)
	}
	defer clear(der)
	return r.Seal(signingPurpose, signingContext(kid, algorithm), der), true, nil
}

func signingContext(kid, algorithm string) []byte { return []byte(kid + " " + algorithm) }

// fits reports whether a public key is one for the algorithm, at no less than
// the strength that the standards ask for (RFC 7518, sections 3.3 to 3.5).
func fits(algorithm string, public crypto.PublicKey) bool {
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		return algorithm == ES256 && key.Curve == elliptic.P256()
	case *rsa.PublicKey:
		return (algorithm == RS256 || algorithm == PS256) && key.N.BitLen() >= rsaBits
	case ed25519.PublicKey:
		return algorithm == EdDSA
	}
	return false
}

// thumbprint names a key by itself (RFC 7638), cut to 128 bits so that tokens
// stay short.
func thumbprint(public crypto.PublicKey) (string, error) {
	sum, err := (&jose.JSONWebKey{Key: public}).Thumbprint(crypto.SHA256)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(sum[:16]), nil
}

// Format prints name and algorithm, never the private key.
func (k SigningKey) Format(w fmt.State, _ rune) {
	_, _ = io.WriteString(w, "keys.SigningKey("+k.KID+" "+k.Algorithm+")")
}

// LogValue keeps the private key out of structured logs.
func (k SigningKey) LogValue() slog.Value {
	return slog.GroupValue(slog.String("kid", k.KID), slog.String("alg", k.Algorithm))
}

// publishedAt reports whether the key is in the JWKS at that time.
func (k SigningKey) publishedAt(now time.Time) bool {
	return !k.PublishedAt.After(now) && (k.GoneAt.IsZero() || k.GoneAt.After(now))
}

// signsAt reports whether the key may sign at that time.
func (k SigningKey) signsAt(now time.Time) bool {
	return k.publishedAt(now) && !k.ActiveAt.After(now) && (k.RetiredAt.IsZero() || k.RetiredAt.After(now))
}
