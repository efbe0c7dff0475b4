package keys

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"regexp"
	"slices"
)

// keySize is the length of every symmetric key: AES-256, HMAC-SHA-256.
const keySize = 32

// ErrRing means that the text of a key ring is wrong. The errors around it
// never hold any of the text: a slip of the operator must not put a key into a log.
var ErrRing = errors.New("key ring")

// sealKeyName is short, so that no base64 key can pass for a name.
var sealKeyName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,15}$`)

// Ring holds the master keys. It is safe for concurrent use and does not change.
type Ring struct {
	current string
	seal    map[string][]byte
	index   []byte
	audit   []byte

	sealers  sealers
	marks    marks // under the index key: Fingerprint
	macs     marks // under the index key: MAC
	auditing marks // under the audit key
	dataKeys dataKeyCache
}

// ringText is the form in which a ring stands in configuration.
type ringText struct {
	Seal  sealText `json:"seal"`
	Index string   `json:"index"`
	Audit string   `json:"audit"`
}

type sealText struct {
	Current string            `json:"current"`
	Keys    map[string]string `json:"keys"`
}

// NewRing makes a ring of fresh keys, its seal key named "k1".
func NewRing() *Ring {
	r, err := newRing("k1", map[string][]byte{"k1": freshKey()}, freshKey(), freshKey())
	if err != nil {
		panic(err) // fresh random keys always make a ring
	}
	return r
}

// ParseRing reads a ring from its JSON text. Every key is 32 bytes in standard
// base64, no two are alike, nothing unknown and nothing twice is accepted.
func ParseRing(text []byte) (*Ring, error) {
	if err := checkStrict(text); err != nil {
		return nil, err
	}
	var t ringText
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if dec.Decode(&t) != nil { // its error may quote the text
		return nil, fmt.Errorf("%w: not the expected members, see Ring.Marshal for the form", ErrRing)
	}
	seal := make(map[string][]byte, len(t.Seal.Keys))
	for name, text := range t.Seal.Keys {
		if !sealKeyName.MatchString(name) {
			return nil, fmt.Errorf("%w: a name in seal.keys is not 1 to 16 of a-z, 0-9, hyphen", ErrRing)
		}
		key, err := decodeKey(text)
		if err != nil {
			return nil, fmt.Errorf("%w: seal.keys: %q: %w", ErrRing, name, err)
		}
		seal[name] = key
	}
	index, err := decodeKey(t.Index)
	if err != nil {
		return nil, fmt.Errorf("%w: index: %w", ErrRing, err)
	}
	audit, err := decodeKey(t.Audit)
	if err != nil {
		return nil, fmt.Errorf("%w: audit: %w", ErrRing, err)
	}
	return newRing(t.Seal.Current, seal, index, audit)
}

func newRing(current string, seal map[string][]byte, index, audit []byte) (*Ring, error) {
	if _, ok := seal[current]; !ok {
		return nil, fmt.Errorf("%w: seal.current names no key in seal.keys", ErrRing)
	}
	all := append(slices.Collect(maps.Values(seal)), index, audit)
	for i, a := range all {
		if subtle.ConstantTimeCompare(a, make([]byte, keySize)) == 1 {
			return nil, fmt.Errorf("%w: a key is all zeros", ErrRing)
		}
		for _, b := range all[:i] {
			if subtle.ConstantTimeCompare(a, b) == 1 {
				return nil, fmt.Errorf("%w: two keys are the same", ErrRing)
			}
		}
	}
	r := &Ring{current: current, seal: seal, index: index, audit: audit}
	r.marks = marks{key: index, domain: "fingerprint"}
	r.macs = marks{key: index, domain: "mac"}
	r.auditing = marks{key: audit, domain: "audit"}
	return r, nil
}

// Marshal gives the text that ParseRing reads, with the keys in it. Whoever
// holds it holds everything: write it to a file that only Surety may read.
func (r *Ring) Marshal() []byte {
	t := ringText{
		Seal:  sealText{Current: r.current, Keys: make(map[string]string, len(r.seal))},
		Index: base64.StdEncoding.EncodeToString(r.index),
		Audit: base64.StdEncoding.EncodeToString(r.audit),
	}
	for name, key := range r.seal {
		t.Seal.Keys[name] = base64.StdEncoding.EncodeToString(key)
	}
	text, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		panic(err) // strings and maps of strings always marshal
	}
	return append(text, '\n')
}

// WithSealKey returns a ring with a fresh seal key of the given name as the
// current one. The others stay for reading until everything is rewrapped.
func (r *Ring) WithSealKey(name string) (*Ring, error) {
	if !sealKeyName.MatchString(name) {
		return nil, fmt.Errorf("%w: the name is not 1 to 16 of a-z, 0-9, hyphen", ErrRing)
	}
	if _, taken := r.seal[name]; taken {
		return nil, fmt.Errorf("%w: there is a seal key %q already", ErrRing, name)
	}
	seal := maps.Clone(r.seal)
	seal[name] = freshKey()
	return newRing(name, seal, r.index, r.audit)
}

// Format keeps the keys out of whatever a ring is printed into.
func (r *Ring) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, "keys.Ring(redacted)") }

// LogValue keeps the keys out of structured logs.
func (r *Ring) LogValue() slog.Value { return slog.StringValue("keys.Ring(redacted)") }

func freshKey() []byte {
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	return key
}

func decodeKey(text string) ([]byte, error) {
	key, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, errors.New("not standard base64")
	}
	if len(key) != keySize {
		return nil, fmt.Errorf("%d bytes, want %d", len(key), keySize)
	}
	return key, nil
}

// checkStrict refuses what encoding/json lets pass: a member given twice (of
// which the last would silently win) and text after the value.
func checkStrict(text []byte) error {
	malformed := fmt.Errorf("%w: not one well-formed JSON value", ErrRing)
	if !json.Valid(text) {
		return malformed
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	if !eachMemberOnce(dec) {
		return fmt.Errorf("%w: a member stands there twice", ErrRing)
	}
	return nil
}

// eachMemberOnce reads one value of well-formed JSON.
func eachMemberOnce(dec *json.Decoder) bool {
	token, err := dec.Token()
	if err != nil {
		return false
	}
	switch token {
	case json.Delim('{'):
		seen := map[json.Token]bool{}
		for dec.More() {
			name, err := dec.Token()
			if err != nil || seen[name] || !eachMemberOnce(dec) {
				return false
			}
			seen[name] = true
		}
	case json.Delim('['):
		for dec.More() {
			if !eachMemberOnce(dec) {
				return false
			}
		}
	default:
		return true
	}
	_, err = dec.Token() // the closing delimiter
	return err == nil
}
