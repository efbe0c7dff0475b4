package guard

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"slices"
	"strings"
	"sync"

	"github.com/go-jose/go-jose/v4"
	// Unlike encoding/json it takes member names by case and refuses those
	// that appear twice, so that a token says one thing to every reader.
	"github.com/go-jose/go-jose/v4/json"
)

// maxToken bounds a token: longer ones are not looked at.
const maxToken = 16 << 10

// algorithms are those that a token may be signed with. All are asymmetric:
// with HMAC the published key would be the secret (RFC 8725, section 2.1).
var algorithms = []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.PS256, jose.EdDSA}

// verifier checks JWTs of one type, signed by the provider.
type verifier struct {
	typ      string
	provider *provider
	headers  headerCache
}

// payload returns the claims of a JWT, in JSON, once its signature holds, and
// what it holds by.
func (v *verifier) payload(ctx context.Context, raw string) (payload []byte, h header, key *publicKey, no *refusal) {
	if len(raw) > maxToken {
		return nil, h, nil, tooLong
	}
	p, ok := split(raw)
	if !ok {
		return nil, h, nil, malformed
	}
	h, known := v.headers.get(p.head)
	if !known {
		if h, no = readHeader(p.header, v.typ); no != nil {
			return nil, h, nil, no
		}
	}
	if key, no = v.provider.key(ctx, h); no != nil {
		return nil, h, nil, no
	}
	if !key.holds(raw[:len(p.head)+1+len(p.body)], p.signature) {
		return nil, h, nil, badSignature
	}
	if !known {
		v.headers.put(p.head, h)
	}
	return p.payload, h, key, nil
}

// parts is a JWS in compact form (RFC 7515, section 7.1), decoded.
type parts struct {
	head, body                 string // as they came
	header, payload, signature []byte
}

// split decodes the three parts. All must be strict base64url, so that a token
// has one spelling for whoever compares them.
func split(raw string) (p parts, ok bool) {
	head, rest, _ := strings.Cut(raw, ".")
	body, signature, found := strings.Cut(rest, ".")
	if !found {
		return parts{}, false
	}
	strict := base64.RawURLEncoding.Strict()
	p.head, p.body = head, body
	for _, one := range []struct {
		text string
		into *[]byte
	}{{signature, &p.signature}, {body, &p.payload}, {head, &p.header}} {
		var err error
		// The decoder would skip line breaks; a fourth part has a dot, which it refuses.
		if strings.ContainsAny(one.text, "\r\n") {
			return parts{}, false
		}
		if *one.into, err = strict.DecodeString(one.text); err != nil {
			return parts{}, false
		}
	}
	return p, true
}

// header is the part of a token's header that is followed.
type header struct {
	Algorithm jose.SignatureAlgorithm `json:"alg"`
	Type      string                  `json:"typ"`
	KeyID     string                  `json:"kid"`
}

// unwelcome are headers that bring or point to a key, or change what the
// signature covers (RFC 7515, section 4.1; RFC 7797). None is ever followed;
// whoever sends one means to be.
var unwelcome = []string{"jwk", "jku", "x5u", "x5c", "crit", "b64", "zip", "enc"}

// readHeader decides by the header alone, so that what cannot be good costs
// neither a signature check nor a call to the provider.
func readHeader(text []byte, typ string) (header, *refusal) {
	var members map[string]json.RawMessage
	var h header
	if json.Unmarshal(text, &members) != nil || json.Unmarshal(text, &h) != nil {
		return header{}, malformed
	}
	for _, name := range unwelcome {
		if _, there := members[name]; there {
			return header{}, badHeader
		}
	}
	switch {
	case !slices.Contains(algorithms, h.Algorithm):
		return header{}, badAlgorithm
	case !strings.EqualFold(h.Type, typ) && !strings.EqualFold(h.Type, "application/"+typ):
		return header{}, badType // an ID token, most often
	case h.KeyID == "":
		return header{}, unknownKey
	}
	return h, nil
}

// holds checks a signature (RFC 7518, section 3; RFC 8037). It is not left to
// the library because its reader takes the header apart a second time, which
// costs as much as all else besides the signature.
func (k *publicKey) holds(input string, signature []byte) bool {
	if key, ok := k.key.(ed25519.PublicKey); ok {
		return k.algorithm == jose.EdDSA && ed25519.Verify(key, []byte(input), signature)
	}
	digest := sha256.Sum256([]byte(input))
	switch key := k.key.(type) {
	case *ecdsa.PublicKey:
		if k.algorithm != jose.ES256 || len(signature) != 64 {
			return false
		}
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		return ecdsa.Verify(key, digest[:], r, s)
	case *rsa.PublicKey:
		switch k.algorithm {
		case jose.RS256:
			return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) == nil
		case jose.PS256:
			return rsa.VerifyPSS(key, crypto.SHA256, digest[:], signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
		}
	}
	return false
}

// maxHeaders bounds the headers that are remembered: a provider has a few keys.
const maxHeaders = 64

// headerCache remembers what was read in headers, by their encoded text: all
// tokens under one key begin with the same. Only headers under which a
// signature held are kept, so strangers cannot fill it. The key is looked up
// anew each time: one that was withdrawn opens nothing.
type headerCache struct {
	mu    sync.RWMutex
	known map[string]header // guarded by mu
}

func (c *headerCache) get(head string) (header, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	h, ok := c.known[head]
	return h, ok
}

func (c *headerCache) put(head string, h header) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil || len(c.known) >= maxHeaders {
		c.known = map[string]header{}
	}
	c.known[strings.Clone(head)] = h // a substring would keep the whole token alive
}
