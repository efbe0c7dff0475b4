package keys

import (
	"crypto/sha256"
	"sync"
)

// seen remembers tokens whose signature was verified by this very set of
// keys, so that an access token that an agency shows again and again in its
// five minutes costs one verification and not one each time. It is found by
// the hash of the whole token: a token that differs in any bit is another.
// It ends with its Set, and so with any change of keys.
//
// Two generations bound it: when the younger is full, the older is forgotten.
type seen struct {
	mu           sync.Mutex
	young, older map[[sha256.Size]byte]verified // guarded by mu
}

// verified is what was in the token. The payload is shared: nobody writes to it.
type verified struct {
	payload []byte
	header  Header
}

// generation is how many tokens are remembered at least; twice that at most.
// A token is about a kilobyte, and each is kept without its signature.
const generation = 2048

func (s *seen) find(hash [sha256.Size]byte) (verified, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok := s.young[hash]; ok {
		return v, true
	}
	v, ok := s.older[hash]
	if ok {
		s.keep(hash, v)
	}
	return v, ok
}

func (s *seen) add(hash [sha256.Size]byte, v verified) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep(hash, v)
}

// keep is called with mu held.
func (s *seen) keep(hash [sha256.Size]byte, v verified) {
	if s.young == nil || len(s.young) >= generation {
		s.older, s.young = s.young, make(map[[sha256.Size]byte]verified)
	}
	s.young[hash] = v
}
