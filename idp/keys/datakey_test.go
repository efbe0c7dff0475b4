package keys_test

import (
	"errors"
	"fmt"
	"runtime"
	"testing"

	"surety/idp/keys"
)

func TestDataKey_SealsFieldsOfOnePerson(t *testing.T) {
	t.Parallel()
	ring := keys.NewRing()
	anna, wrapped, err := ring.NewDataKey([]byte("anna"))
	if err != nil {
		t.Fatal(err)
	}
	ivan, _, err := ring.NewDataKey([]byte("ivan"))
	if err != nil {
		t.Fatal(err)
	}
	sealed := anna.Seal("email", []byte("row 1"), []byte("anna@example.org"))

	again, err := reopened(t, ring).UnwrapDataKey([]byte("anna"), wrapped)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := again.Open("email", []byte("row 1"), sealed); err != nil || string(plain) != "anna@example.org" {
		t.Fatalf("%q, %v", plain, err)
	}
	for name, open := range map[string]func() ([]byte, error){
		"other person": func() ([]byte, error) { return ivan.Open("email", []byte("row 1"), sealed) },
		"other field":  func() ([]byte, error) { return anna.Open("phone", []byte("row 1"), sealed) },
		"other row":    func() ([]byte, error) { return anna.Open("email", []byte("row 2"), sealed) },
		"shifted":      func() ([]byte, error) { return anna.Open("emailr", []byte("ow 1"), sealed) },
		"empty":        func() ([]byte, error) { return anna.Open("email", []byte("row 1"), nil) },
		"cut":          func() ([]byte, error) { return anna.Open("email", []byte("row 1"), sealed[:len(sealed)-1]) },
		"zero key":     func() ([]byte, error) { return keys.DataKey{}.Open("email", []byte("row 1"), sealed) },
		"by the ring":  func() ([]byte, error) { return ring.Open("email", []byte("row 1"), sealed) },
	} {
		if _, err := open(); !errors.Is(err, keys.ErrOpen) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A wrapped key copied to another person's row opens nothing, cached or not.
func TestDataKey_WrappedFormBelongsToItsOwner(t *testing.T) {
	t.Parallel()
	ring := keys.NewRing()
	_, wrapped, err := ring.NewDataKey([]byte("anna"))
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*keys.Ring{"cached": ring, "fresh": reopened(t, ring)} {
		if _, err := r.UnwrapDataKey([]byte("ivan"), wrapped); !errors.Is(err, keys.ErrOpen) {
			t.Errorf("%s: %v", name, err)
		}
		// The cache must not take the boundary between owner and key lightly.
		if _, err := r.UnwrapDataKey(append([]byte("anna"), wrapped[0]), wrapped[1:]); !errors.Is(err, keys.ErrOpen) {
			t.Errorf("%s, shifted: %v", name, err)
		}
	}
	if _, err := ring.UnwrapDataKey([]byte("anna"), ring.Seal("other", []byte("anna"), make([]byte, 32))); !errors.Is(err, keys.ErrOpen) {
		t.Errorf("a value of another purpose was taken for a data key: %v", err)
	}
}

func TestDataKey_RewrapKeepsTheFields(t *testing.T) {
	t.Parallel()
	ring := keys.NewRing()
	anna, wrapped, err := ring.NewDataKey([]byte("anna"))
	if err != nil {
		t.Fatal(err)
	}
	sealed := anna.Seal("email", nil, []byte("a"))
	if same, changed, err := ring.Rewrap([]byte("anna"), wrapped); err != nil || changed || string(same) != string(wrapped) {
		t.Fatalf("nothing to do, and yet: %v, %v", changed, err)
	}
	next, err := ring.WithSealKey("k2")
	if err != nil {
		t.Fatal(err)
	}
	rewrapped, changed, err := next.Rewrap([]byte("anna"), wrapped)
	if err != nil || !changed || !next.Current(rewrapped) {
		t.Fatalf("rewrap: %v, %v", changed, err)
	}
	if _, _, err := next.Rewrap([]byte("ivan"), wrapped); !errors.Is(err, keys.ErrOpen) {
		t.Errorf("rewrapped for somebody else: %v", err)
	}
	key, err := next.UnwrapDataKey([]byte("anna"), rewrapped)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := key.Open("email", nil, sealed); err != nil || string(plain) != "a" {
		t.Errorf("%q, %v", plain, err)
	}
}

func TestDataKey_CacheIsBounded(t *testing.T) {
	ring := keys.NewRing()
	var wrapped [][]byte
	before := heap()
	const people = 20_000
	for i := range people {
		_, w, err := ring.NewDataKey(fmt.Append(nil, i))
		if err != nil {
			t.Fatal(err)
		}
		wrapped = append(wrapped, w)
	}
	// The wrapped forms kept here are some 100 bytes each.
	if grown := heap() - before; grown > 12<<20 {
		t.Errorf("%d people cost %d bytes", people, grown)
	}
	for i := range people { // the forgotten ones are opened again
		if _, err := ring.UnwrapDataKey(fmt.Append(nil, i), wrapped[i]); err != nil {
			t.Fatal(i, err)
		}
	}
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// reopened gives the same ring without anything cached.
func reopened(t *testing.T, ring *keys.Ring) *keys.Ring {
	again, err := keys.ParseRing(ring.Marshal())
	if err != nil {
		t.Fatal(err)
	}
	return again
}
