package keys

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// ErrNoKey means that no key signs with the algorithm at this moment.
var ErrNoKey = errors.New("no active signing key")

// Set is what is true of the signing keys at one moment. It does not change
// (but for remembering what it verified) and is safe for concurrent use.
type Set struct {
	published []*signer          // in the JWKS, in the order in which they became active
	active    map[string]*signer // by algorithm: the one that signs
	jwks      []byte
	until     time.Time
	seen      seen
}

// signer is a key with its prebuilt headers.
type signer struct {
	SigningKey

	mu      sync.RWMutex
	headers map[string]string // by typ: the encoded header with its dot; guarded by mu
}

// NewSet takes a snapshot of the keys at now. Keys that are not published yet
// or already gone are left out.
func NewSet(all []SigningKey, now time.Time) (*Set, error) {
	s := &Set{active: map[string]*signer{}}
	for _, key := range all {
		s.until = earliest(s.until, key.nextChange(now))
		if !key.publishedAt(now) {
			continue
		}
		if key.Public == nil && key.Private != nil {
			key.Public = key.Private.Public()
		}
		if !fits(key.Algorithm, key.Public) {
			return nil, fmt.Errorf("key %s: %w", key.KID, ErrAlgorithm)
		}
		s.published = append(s.published, &signer{SigningKey: key, headers: map[string]string{}})
	}
	slices.SortFunc(s.published, func(a, b *signer) int {
		return cmp.Or(a.ActiveAt.Compare(b.ActiveAt), cmp.Compare(a.KID, b.KID))
	})
	for i, key := range s.published {
		for _, other := range s.published[:i] {
			// Two keys of one name would make every verifier guess.
			if other.KID == key.KID {
				return nil, fmt.Errorf("key %s stands there twice", key.KID)
			}
		}
		if key.Private != nil && key.signsAt(now) {
			s.active[key.Algorithm] = key // the youngest wins: sorted by ActiveAt
		}
	}
	var err error
	s.jwks, err = s.buildJWKS()
	return s, err
}

func (s *Set) buildJWKS() ([]byte, error) {
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, key := range s.published {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: key.Public, KeyID: key.KID, Algorithm: key.Algorithm, Use: "sig"})
	}
	text, err := json.Marshal(set)
	if err != nil {
		return nil, fmt.Errorf("write JWKS: %w", err)
	}
	return text, nil
}

// JWKS gives the prebuilt key set document (RFC 7517, section 5): public
// halves only. The bytes are shared; do not write to them.
func (s *Set) JWKS() []byte { return s.jwks }

// Until is when the next key of those given to NewSet changes its part; a new
// set is to be in place by then. Zero means that no change is planned.
func (s *Set) Until() time.Time { return s.until }

// Signs lists the algorithms that have an active key, in the order of Algorithms.
func (s *Set) Signs() []string {
	var can []string
	for _, alg := range Algorithms() {
		if s.active[alg] != nil {
			can = append(can, alg)
		}
	}
	return can
}

// ActiveKID names the key that signs with the algorithm; "" if none does.
func (s *Set) ActiveKID(algorithm string) string {
	if key := s.active[algorithm]; key != nil {
		return key.KID
	}
	return ""
}

// nextChange is the first of the key's times after now; zero if none is left.
func (k SigningKey) nextChange(now time.Time) (next time.Time) {
	for _, at := range []time.Time{k.PublishedAt, k.ActiveAt, k.RetiredAt, k.GoneAt} {
		if at.After(now) {
			next = earliest(next, at)
		}
	}
	return next
}

// earliest takes zero for "never".
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
