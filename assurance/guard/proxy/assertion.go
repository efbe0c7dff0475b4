package proxy

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"surety/assurance/guard"

	"github.com/go-jose/go-jose/v4"
)

// Bounds of a key file, and how long an assertion is good.
const (
	minSecret     = 32 // bytes: as many as the digest of HS256 has (RFC 7518, section 3.2)
	maxKeyFile    = 16 << 10
	assertionLife = 30 * time.Second
	// assertionIssuer is who speaks in an assertion.
	assertionIssuer = "surety-guard"
)

// Signer signs assertions: what the proxy found out about a request, for the
// API behind it.
type Signer struct {
	signer jose.Signer
}

// NewSigner reads the text of a key file: a private key in PEM (PKCS #8; Ed25519
// for EdDSA, P-256 for ES256), or a secret of at least 32 characters for HS256,
// which the API must know as well. Blanks around a secret do not count.
func NewSigner(file []byte) (*Signer, error) {
	if len(file) > maxKeyFile {
		return nil, errors.New("the key file is too long")
	}
	key, err := signingKey(bytes.TrimSpace(file))
	if err != nil {
		return nil, err
	}
	// Of type JWT, which every library takes without being told: the key signs
	// nothing else.
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return nil, fmt.Errorf("the key file: %w", err)
	}
	return &Signer{signer}, nil
}

func signingKey(text []byte) (jose.SigningKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		if len(text) < minSecret {
			return jose.SigningKey{}, fmt.Errorf("the key file holds neither a private key in PEM nor a secret of %d characters or more", minSecret)
		}
		return jose.SigningKey{Algorithm: jose.HS256, Key: text}, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return jose.SigningKey{}, errors.New("the key file holds no private key in PKCS #8")
	}
	switch k := key.(type) {
	case ed25519.PrivateKey:
		return jose.SigningKey{Algorithm: jose.EdDSA, Key: k}, nil
	case *ecdsa.PrivateKey:
		if k.Curve == elliptic.P256() {
			return jose.SigningKey{Algorithm: jose.ES256, Key: k}, nil
		}
	}
	return jose.SigningKey{}, fmt.Errorf("the key file holds a key of kind %T; use Ed25519, P-256 or a secret", key.(crypto.PrivateKey))
}

// assertion is what the API is told. Method and path bind it to one request,
// so that one that leaked opens nothing else while it lasts.
type assertion struct {
	Issuer   string `json:"iss"`
	Audience string `json:"aud"`
	Issued   int64  `json:"iat"`
	Expires  int64  `json:"exp"`
	Method   string `json:"htm"`
	Path     string `json:"path"` // decoded, without the query

	Subject    string            `json:"sub"`
	ClientID   string            `json:"client_id"`
	TokenID    string            `json:"token_id"`
	SessionID  string            `json:"sid,omitempty"`
	Level      string            `json:"level,omitempty"`
	ACR        string            `json:"acr,omitempty"`
	AMR        []string          `json:"amr,omitempty"`
	By         string            `json:"method,omitempty"`
	AuthTime   int64             `json:"auth_time,omitempty"`
	Procedures []guard.Procedure `json:"procedures,omitempty"`
	Scopes     []string          `json:"scopes,omitempty"`
}

// sign returns the assertion as a compact JWS.
func (s *Signer) sign(a assertion) (string, error) {
	text, err := json.Marshal(a)
	if err != nil {
		return "", err
	}
	jws, err := s.signer.Sign(text)
	if err != nil {
		return "", err
	}
	return jws.CompactSerialize()
}
