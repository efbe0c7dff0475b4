package keys

import (
	"crypto/cipher"
	"fmt"
	"io"
	"log/slog"
	"sync"
)

// wrapPurpose is the purpose under which data keys are sealed by the ring.
const wrapPurpose = "data key"

// dataKeyVersion is the first byte of a field sealed with a data key.
const dataKeyVersion = 1

// cachedDataKeys bounds each of the two generations of the cache: at about a
// kilobyte a key, some 4 MB in all.
const cachedDataKeys = 2048

// DataKey seals the personal fields of one person. Only its wrapped form is
// stored; destroying that form makes every field of the person unreadable.
type DataKey struct {
	aead cipher.AEAD
}

// NewDataKey makes a data key and its wrapped form for the database. The
// context names its owner; the wrapped form opens for nobody else.
func (r *Ring) NewDataKey(context []byte) (key DataKey, wrapped []byte, err error) {
	secret := freshKey()
	defer clear(secret)
	wrapped = r.Seal(wrapPurpose, context, secret)
	key = DataKey{newAEAD(secret)}
	r.dataKeys.put(wrappedName{string(context), string(wrapped)}, key)
	return key, wrapped, nil
}

// UnwrapDataKey opens the wrapped form; ErrOpen if it is not this owner's. Keys
// that were used of late come from memory: the cache is asked for owner and
// wrapped form together, so it never answers where opening would not, and a
// key whose wrapped form is destroyed can no longer be asked for.
func (r *Ring) UnwrapDataKey(context, wrapped []byte) (DataKey, error) {
	name := wrappedName{string(context), string(wrapped)}
	if key, ok := r.dataKeys.get(name); ok {
		return key, nil
	}
	secret, err := r.Open(wrapPurpose, context, wrapped)
	if err != nil {
		return DataKey{}, fmt.Errorf("unwrap data key: %w", err)
	}
	defer clear(secret)
	if len(secret) != keySize {
		return DataKey{}, fmt.Errorf("unwrap data key: %w", ErrOpen)
	}
	key := DataKey{newAEAD(secret)}
	r.dataKeys.put(name, key)
	return key, nil
}

// Rewrap wraps a data key under the current seal key. The key itself stays, so
// no field has to be written. It reports false, and returns what it was given,
// when there is nothing to do.
func (r *Ring) Rewrap(context, wrapped []byte) (rewrapped []byte, changed bool, err error) {
	if r.Current(wrapped) {
		return wrapped, false, nil
	}
	secret, err := r.Open(wrapPurpose, context, wrapped)
	if err != nil {
		return nil, false, fmt.Errorf("rewrap data key: %w", err)
	}
	defer clear(secret)
	return r.Seal(wrapPurpose, context, secret), true, nil
}

// Seal seals one field. It opens again only as the same field in the same
// context (the row).
func (k DataKey) Seal(field string, context, plain []byte) []byte {
	head := append(make([]byte, 0, 1+k.aead.Overhead()+len(plain)), dataKeyVersion)
	return k.aead.Seal(head, nil, plain, additionalData(head, field, context))
}

// Open opens what Seal sealed; ErrOpen otherwise.
func (k DataKey) Open(field string, context, sealed []byte) ([]byte, error) {
	if k.aead == nil || len(sealed) < 1 || sealed[0] != dataKeyVersion {
		return nil, ErrOpen
	}
	plain, err := k.aead.Open(nil, nil, sealed[1:], additionalData(sealed[:1], field, context))
	if err != nil {
		return nil, ErrOpen
	}
	return plain, nil
}

// Format keeps the key out of whatever it is printed into.
func (k DataKey) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, "keys.DataKey(redacted)") }

// LogValue keeps the key out of structured logs.
func (k DataKey) LogValue() slog.Value { return slog.StringValue("keys.DataKey(redacted)") }

// dataKeyCache keeps what was used since the last two times it filled up: when
// the young generation is full it becomes the old one, and the old one goes.
// That is nearly least-recently-used without a list to maintain.
type dataKeyCache struct {
	mu         sync.Mutex
	young, old map[wrappedName]DataKey // guarded by mu
}

type wrappedName struct{ context, wrapped string }

func (c *dataKeyCache) get(name wrappedName) (DataKey, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if key, ok := c.young[name]; ok {
		return key, true
	}
	key, ok := c.old[name]
	if ok {
		c.insert(name, key)
	}
	return key, ok
}

func (c *dataKeyCache) put(name wrappedName, key DataKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.insert(name, key)
}

// insert is called with mu held.
func (c *dataKeyCache) insert(name wrappedName, key DataKey) {
	if c.young == nil || len(c.young) >= cachedDataKeys {
		c.old, c.young = c.young, make(map[wrappedName]DataKey, 64)
	}
	c.young[name] = key
}
