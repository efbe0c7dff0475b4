package keys

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"sync"
)

// Fingerprint gives the name under which a value is looked up: HMAC-SHA-256
// under the index key. Whoever has the database but not the ring cannot test
// guesses, however short the value (a phone number, a national number).
func (r *Ring) Fingerprint(purpose string, parts ...[]byte) [32]byte {
	return r.marks.sum(purpose, parts)
}

// MAC authenticates a value under the index key, apart from fingerprints: short
// codes with their row, tokens handed to a browser, the pepper of passwords.
// Compare with crypto/subtle or hmac.Equal.
func (r *Ring) MAC(purpose string, parts ...[]byte) [32]byte {
	return r.macs.sum(purpose, parts)
}

// MACID names the key behind MAC without telling anything about it, for rows
// that must know later which key they were made with.
func (r *Ring) MACID() string {
	sum := r.macs.sum("key id", nil)
	return hex.EncodeToString(sum[:4])
}

// AuditMAC authenticates a part of the audit trail under the audit key.
func (r *Ring) AuditMAC(purpose string, parts ...[]byte) [32]byte {
	return r.auditing.sum(purpose, parts)
}

// marks computes HMACs, one derived key for each purpose. Keyed hashes are
// pooled, because keying one costs as much as using it.
type marks struct {
	key    []byte
	domain string

	mu    sync.RWMutex
	known map[string]*sync.Pool // guarded by mu
}

// keyedHash is what a pool holds: the hash and room for its prefix and result.
type keyedHash struct {
	hash.Hash
	scratch [sha256.Size]byte
}

func (m *marks) sum(purpose string, parts [][]byte) (out [32]byte) {
	pool := m.pool(purpose)
	h := pool.Get().(*keyedHash)
	for _, part := range parts {
		// The length in front keeps ("ab", "c") apart from ("a", "bc").
		h.Write(binary.BigEndian.AppendUint64(h.scratch[:0], uint64(len(part))))
		h.Write(part)
	}
	copy(out[:], h.Sum(h.scratch[:0]))
	h.Reset()
	clear(h.scratch[:])
	pool.Put(h)
	return out
}

func (m *marks) pool(purpose string) *sync.Pool {
	m.mu.RLock()
	pool, ok := m.known[purpose]
	m.mu.RUnlock()
	if ok {
		return pool
	}
	key := subkey(m.key, m.domain, purpose)
	pool = &sync.Pool{New: func() any { return &keyedHash{Hash: hmac.New(sha256.New, key)} }}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil {
		m.known = map[string]*sync.Pool{}
	}
	if len(m.known) < cacheBound {
		m.known[purpose] = pool
	}
	return pool
}
