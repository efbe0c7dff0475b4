package keys

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
)

// ErrOpen means that a sealed value does not open: it was changed, it belongs
// to another purpose or place, or its key is not on the ring.
var ErrOpen = errors.New("sealed value does not open")

// sealVersion is the first byte of every sealed value:
//
//	version (1) | length of key name (1) | key name | nonce (12) | ciphertext | tag (16)
const sealVersion = 1

// cacheBound limits what is cached per purpose. Purposes are constants, a few
// dozen at most; should one ever be made from input, memory must not grow.
const cacheBound = 256

// sealers caches one cipher for each (seal key, purpose).
type sealers struct {
	mu    sync.RWMutex
	known map[sealerName]cipher.AEAD // guarded by mu
}

type sealerName struct{ key, purpose string }

// Seal seals plain under the current seal key. It opens again only with the
// same purpose (a constant of the program) and context (the place of the value,
// for example table, column and row).
func (r *Ring) Seal(purpose string, context, plain []byte) []byte {
	aead := r.sealer(r.current, purpose)
	head := append(make([]byte, 0, 2+len(r.current)+aead.Overhead()+len(plain)), sealVersion, byte(len(r.current)))
	head = append(head, r.current...)
	return aead.Seal(head, nil, plain, additionalData(head, purpose, context))
}

// Open opens what Seal sealed; ErrOpen otherwise.
func (r *Ring) Open(purpose string, context, sealed []byte) ([]byte, error) {
	name, head, ok := sealedUnder(sealed)
	if !ok {
		return nil, fmt.Errorf("%w: no header", ErrOpen)
	}
	if _, ok := r.seal[name]; !ok {
		return nil, fmt.Errorf("%w: its seal key is not on the ring", ErrOpen)
	}
	plain, err := r.sealer(name, purpose).Open(nil, nil, sealed[len(head):], additionalData(head, purpose, context))
	if err != nil {
		return nil, ErrOpen
	}
	return plain, nil
}

// Current reports whether a value is sealed under the current seal key. Others
// are to be sealed anew before their key may leave the ring.
func (r *Ring) Current(sealed []byte) bool {
	name, _, ok := sealedUnder(sealed)
	return ok && name == r.current
}

func sealedUnder(sealed []byte) (name string, head []byte, ok bool) {
	if len(sealed) < 2 || sealed[0] != sealVersion || len(sealed) < 2+int(sealed[1]) {
		return "", nil, false
	}
	head = sealed[:2+int(sealed[1])]
	return string(head[2:]), head, true
}

// additionalData binds header, purpose and context. Purpose is length-prefixed
// so that no two triples give the same bytes; the header tells its own length.
func additionalData(head []byte, purpose string, context []byte) []byte {
	data := make([]byte, 0, len(head)+4+len(purpose)+len(context))
	data = append(data, head...)
	data = binary.BigEndian.AppendUint32(data, uint32(len(purpose)))
	data = append(data, purpose...)
	return append(data, context...)
}

func (r *Ring) sealer(key, purpose string) cipher.AEAD {
	name := sealerName{key, purpose}
	r.sealers.mu.RLock()
	aead, ok := r.sealers.known[name]
	r.sealers.mu.RUnlock()
	if ok {
		return aead
	}
	aead = newAEAD(subkey(r.seal[key], "seal", purpose))
	r.sealers.mu.Lock()
	defer r.sealers.mu.Unlock()
	if r.sealers.known == nil {
		r.sealers.known = map[sealerName]cipher.AEAD{}
	}
	if len(r.sealers.known) < cacheBound {
		r.sealers.known[name] = aead
	}
	return aead
}

// subkey derives the key of one purpose (RFC 5869). The domain keeps the three
// uses of a master key apart even where purposes share a name.
func subkey(master []byte, domain, purpose string) []byte {
	key, err := hkdf.Key(sha256.New, master, nil, "surety "+domain+"\x00"+purpose, keySize)
	if err != nil {
		panic(err) // only for lengths that SHA-256 cannot give
	}
	return key
}

// newAEAD returns AES-256-GCM that draws its own nonces, so that no caller can
// use one twice.
func newAEAD(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // only for a wrong key length
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // AES has the block size that GCM wants
	}
	return aead
}
