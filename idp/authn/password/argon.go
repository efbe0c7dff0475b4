package password

import (
	"crypto/subtle"
	"errors"
	_ "unsafe" // for go:linkname

	"golang.org/x/crypto/argon2"
)

// block is Argon2's unit of memory, 1 KiB, laid out as in x/crypto/argon2.
type block [128]uint64

// The steps of argon2.IDKey. The library takes fresh memory in each call and
// offers no other way in (see doc.go for what that costs), so its steps are
// called by name here. What they must be is pinned thrice: go.mod names one
// version of x/crypto, a test refuses any other until it has been looked at,
// and New compares a hash with argon2.IDKey before the first one counts.

//go:linkname initHash golang.org/x/crypto/argon2.initHash
func initHash(password, salt, secret, data []byte, time, memory, threads, keyLen uint32, mode int) [72]byte

//go:linkname initBlocks golang.org/x/crypto/argon2.initBlocks
func initBlocks(h0 *[72]byte, memory, threads uint32) []block

//go:linkname processBlocks golang.org/x/crypto/argon2.processBlocks
func processBlocks(memory []block, time, size, threads uint32, mode int)

//go:linkname extractKey golang.org/x/crypto/argon2.extractKey
func extractKey(memory []block, size, threads, keyLen uint32) []byte

// modeID is the library's number for Argon2id.
const modeID = 2

// arena is the memory of one worker, taken at the first hash and kept. It is
// wiped after each: the first pass adds to what is there, so it must begin
// with zeros, and nothing of a password stays behind.
type arena struct {
	blocks []block
}

// key is argon2.IDKey, over the worker's own memory where it fits. Imported
// verifiers may want more memory or lanes; each of them is hashed anew once.
func (a *arena) key(password, salt []byte, p params) []byte {
	if p.lanes != 1 || p.memory > ours.memory {
		return argon2.IDKey(password, salt, p.passes, p.memory, p.lanes, p.size)
	}
	if a.blocks == nil {
		a.blocks = newBlocks(int(ours.memory))
	}
	size := max(p.memory/4*4, 8) // RFC 9106, section 3.2: a multiple of 4 for one lane
	memory := a.blocks[:size]
	h0 := initHash(password, salt, nil, nil, p.passes, p.memory, 1, p.size, modeID)
	copy(memory, initBlocks(&h0, 2, 1)) // only the first two blocks of a lane are set
	processBlocks(memory, p.passes, size, 1, modeID)
	defer clear(memory)
	return extractKey(memory, size, 1, p.size)
}

// selfTest shows that the steps above are still those of the library.
func (a *arena) selfTest() error {
	p := params{memory: 64, passes: 2, lanes: 1, size: 32}
	password, salt := []byte("self-test"), []byte("0123456789abcdef")
	want := argon2.IDKey(password, salt, p.passes, p.memory, p.lanes, p.size)
	for range 2 { // the second time over used memory
		if subtle.ConstantTimeCompare(a.key(password, salt, p), want) != 1 {
			return errors.New("password: x/crypto/argon2 does not compute as expected")
		}
	}
	return nil
}
