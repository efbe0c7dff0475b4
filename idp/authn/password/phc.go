package password

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// params are the parameters of one Argon2id hash.
type params struct {
	memory uint32 // KiB
	passes uint32
	lanes  uint8
	size   uint32 // of the hash, in bytes
}

// ours: OWASP's second choice for Argon2id, 26 ms on one core (DESIGN §10).
var ours = params{memory: 19 * 1024, passes: 2, lanes: 1, size: 32}

const saltSize = 16

// Bounds on verifiers, which may be imported: one row must not stop a worker.
const (
	maxVerifier = 512
	maxMemory   = 64 * 1024
	maxPasses   = 10
	maxLanes    = 8
)

// errVerifier means that a stored verifier is not one. It never holds it.
var errVerifier = errors.New("verifier is not Argon2id in PHC form")

// verifier is a stored password.
type verifier struct {
	params
	keyID string // of the pepper; empty: none
	salt  []byte
	hash  []byte
}

var b64 = base64.RawStdEncoding.Strict()

// String writes the PHC form.
func (v verifier) String() string {
	keyID := ""
	if v.keyID != "" {
		keyID = ",keyid=" + v.keyID
	}
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d%s$%s$%s", v.memory, v.passes, v.lanes, keyID,
		b64.EncodeToString(v.salt), b64.EncodeToString(v.hash))
}

// parseVerifier reads the PHC form.
func parseVerifier(text string) (verifier, error) {
	parts := strings.Split(text, "$")
	if len(text) > maxVerifier || len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v=19" {
		return verifier{}, errVerifier
	}
	v, ok := parseParams(parts[3])
	if !ok {
		return verifier{}, errVerifier
	}
	var err, err2 error
	v.salt, err = b64.DecodeString(parts[4])
	v.hash, err2 = b64.DecodeString(parts[5])
	if err != nil || err2 != nil || len(v.salt) < 8 || len(v.salt) > 64 || len(v.hash) < 16 || len(v.hash) > 64 {
		return verifier{}, errVerifier
	}
	v.size = uint32(len(v.hash))
	return v, nil
}

// parseParams reads "m=19456,t=2,p=1,keyid=1f2e3d4c"; the order is the standard's.
func parseParams(text string) (v verifier, ok bool) {
	fields := strings.Split(text, ",")
	if len(fields) < 3 || len(fields) > 4 {
		return v, false
	}
	memory, ok1 := number(fields[0], "m=", maxMemory)
	passes, ok2 := number(fields[1], "t=", maxPasses)
	lanes, ok3 := number(fields[2], "p=", maxLanes)
	if !ok1 || !ok2 || !ok3 || memory < 8*lanes {
		return v, false
	}
	v.params = params{memory: memory, passes: passes, lanes: uint8(lanes)}
	if len(fields) == 4 {
		v.keyID, ok = strings.CutPrefix(fields[3], "keyid=")
		return v, ok && v.keyID != ""
	}
	return v, true
}

// number reads prefix and a number of 1 to limit.
func number(field, prefix string, limit uint64) (uint32, bool) {
	digits, ok := strings.CutPrefix(field, prefix)
	n, err := strconv.ParseUint(digits, 10, 32)
	return uint32(n), ok && err == nil && n >= 1 && n <= limit && digits[0] != '0'
}
