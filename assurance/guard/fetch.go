package guard

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
)

// Bounds of the provider's documents.
const (
	maxDocument = 128 << 10       // bytes, unpacked
	usualAge    = 5 * time.Minute // kept so long if the provider does not say
	longestAge  = time.Hour       // and so long whatever it says: its next key is published well ahead of use
	minRSA      = 2048            // bits; RFC 7518, section 3.3
	maxRSA      = 8192            // bits; beyond, a check costs more than it gives
)

// fetch asks for both documents, so that a moved key set and a new level are
// noticed by the same rule as a new key.
func (p *provider) fetch(ctx context.Context, now time.Time) (*published, error) {
	var metadata struct {
		Issuer string   `json:"issuer"`
		JWKS   string   `json:"jwks_uri"`
		ACRs   []string `json:"acr_values_supported"`
	}
	// OpenID Connect Discovery 1.0, section 4.1.
	age, err := p.get(ctx, strings.TrimSuffix(p.issuer, "/")+"/.well-known/openid-configuration", &metadata)
	if err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	if metadata.Issuer != p.issuer { // section 4.3: whose document is this?
		return nil, errors.New("metadata: of another issuer")
	}
	if _, err := providerURL(metadata.JWKS); err != nil {
		return nil, fmt.Errorf("metadata: jwks_uri %w", err)
	}
	if strings.HasPrefix(p.issuer, "https:") && !strings.HasPrefix(metadata.JWKS, "https:") {
		return nil, errors.New("metadata: jwks_uri must be https as the issuer is")
	}
	found := &published{at: now}
	if p.wantLevels {
		if err := checkLevels(metadata.ACRs); err != nil {
			return nil, fmt.Errorf("metadata: acr_values_supported: %w", err)
		}
		found.levels = metadata.ACRs
	}
	var set struct {
		Keys *[]json.RawMessage `json:"keys"`
	}
	keysAge, err := p.get(ctx, metadata.JWKS, &set)
	if err != nil {
		return nil, fmt.Errorf("key set: %w", err)
	}
	if set.Keys == nil {
		return nil, errors.New("key set: has no keys member")
	}
	found.keys, found.until = usable(*set.Keys), now.Add(min(age, keysAge))
	return found, nil
}

// get reads one document and returns how long it may be kept.
func (p *provider) get(ctx context.Context, address string, into any) (time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Accept", "application/json, application/jwk-set+json")
	// A cache on the way would hand back the very set in which the key is
	// missing that we are looking for.
	req.Header.Set("Cache-Control", "no-cache")
	resp, err := p.http.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("status %d", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxDocument+1))
	if err != nil {
		return 0, err
	}
	if len(body) > maxDocument {
		return 0, fmt.Errorf("longer than %d bytes", maxDocument)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return 0, errors.New("is not the JSON that it should be")
	}
	return freshFor(resp.Header), nil
}

// freshFor is how long an answer may be kept (RFC 9111, section 4.2), within
// our own bounds.
func freshFor(h http.Header) time.Duration {
	age := usualAge
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(directive)), "=")
		switch name {
		case "no-store", "no-cache":
			return pause
		case "max-age":
			age = seconds(value)
		}
	}
	return min(max(age-seconds(h.Get("Age")), pause), longestAge)
}

// seconds reads a delta-seconds; what is none is zero, what is too much a day.
func seconds(text string) time.Duration {
	n, err := strconv.ParseUint(strings.Trim(text, `"`), 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0
	}
	return time.Duration(min(n, 24*60*60)) * time.Second
}

// usable picks the keys that can check tokens. What is not understood is left
// out (RFC 7517, section 5): one new kind of key must not blind every guard.
func usable(set []json.RawMessage) map[string][]publicKey {
	keys := make(map[string][]publicKey, len(set))
	for _, text := range set {
		var k jose.JSONWebKey
		if json.Unmarshal(text, &k) != nil || k.KeyID == "" || k.Use != "" && k.Use != "sig" {
			continue
		}
		for _, algorithm := range algorithmsOf(k) {
			keys[k.KeyID] = append(keys[k.KeyID], publicKey{algorithm, k.Key})
		}
	}
	return keys
}

// algorithmsOf lists what a key may check: what its kind is good for, and only
// the one that it is meant for if it says so (RFC 8725, section 3.1). Private
// and symmetric keys are good for nothing here.
func algorithmsOf(k jose.JSONWebKey) []jose.SignatureAlgorithm {
	var able []jose.SignatureAlgorithm
	switch key := k.Key.(type) {
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P256() {
			able = []jose.SignatureAlgorithm{jose.ES256}
		}
	case ed25519.PublicKey:
		able = []jose.SignatureAlgorithm{jose.EdDSA}
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits >= minRSA && bits <= maxRSA {
			able = []jose.SignatureAlgorithm{jose.RS256, jose.PS256}
		}
	}
	if k.Algorithm == "" {
		return able
	}
	if meant := jose.SignatureAlgorithm(k.Algorithm); slices.Contains(able, meant) {
		return []jose.SignatureAlgorithm{meant}
	}
	return nil
}
