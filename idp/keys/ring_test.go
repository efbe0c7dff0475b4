package keys_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"surety/idp/keys"

	"pgregory.net/rapid"
)

func TestRing_TextRoundTrip(t *testing.T) {
	t.Parallel()
	first := keys.NewRing()
	sealed := first.Seal("p", []byte("c"), []byte("plain"))
	second, err := keys.ParseRing(first.Marshal())
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := second.Open("p", []byte("c"), sealed); err != nil || string(plain) != "plain" {
		t.Fatalf("open after round trip: %q, %v", plain, err)
	}
	if first.Fingerprint("p") != second.Fingerprint("p") || first.AuditMAC("p") != second.AuditMAC("p") {
		t.Fatal("index or audit key was lost")
	}
	if !bytes.Equal(first.Marshal(), second.Marshal()) {
		t.Fatal("text changed")
	}
}

// Formats must outlive releases: a ring, a sealed value and a fingerprint made
// once are opened for ever.
func TestRing_FormatIsStable(t *testing.T) {
	t.Parallel()
	ring := fixedRing(t)
	sealed, err := base64.StdEncoding.DecodeString(goldenSealed)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := ring.Open("test purpose", []byte("row 7"), sealed); err != nil || string(plain) != "ў і ё" {
		t.Errorf("golden sealed value: %q, %v", plain, err)
	}
	sum := ring.Fingerprint("login", []byte("a@example.org"))
	if got := fmt.Sprintf("%x", sum[:8]); got != goldenFingerprint {
		t.Errorf("golden fingerprint: %s", got)
	}
}

const (
	goldenSealed      = "AQJrMRRr/0hgJ/GQpZuQUaJbUhAgUh1eI7ow73MOSD6ZZtvMXRi9Fw=="
	goldenFingerprint = "ea2f3265913b30c5"
)

// fixedRing has keys 01.., 02.. and 03...
func fixedRing(t testing.TB) *keys.Ring {
	ring, err := keys.ParseRing([]byte(ringText(key(1), key(2), key(3))))
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func key(b byte) string { return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, 32)) }

func ringText(seal, index, audit string) string {
	return fmt.Sprintf(`{"seal":{"current":"k1","keys":{"k1":%q}},"index":%q,"audit":%q}`, seal, index, audit)
}

func TestParseRing_RefusesAndNeverEchoes(t *testing.T) {
	t.Parallel()
	secret := key(9)
	short := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{9}, 31))
	for name, text := range map[string]string{
		"empty":             ``,
		"not JSON":          secret,
		"cut off":           ringText(secret, key(2), key(3))[:60],
		"two values":        ringText(secret, key(2), key(3)) + `{}`,
		"wrong type":        `{"seal":` + `"` + secret + `"}`,
		"number":            `{"index":123456789123456789}`,
		"unknown member":    `{"` + secret + `":1}`,
		"member twice":      `{"index":"` + secret + `","index":"` + key(4) + `"}`,
		"name twice":        `{"seal":{"current":"k1","keys":{"k1":"` + secret + `","k1":"` + key(4) + `"}},"index":"` + key(2) + `","audit":"` + key(3) + `"}`,
		"key as name":       `{"seal":{"current":"k1","keys":{"` + secret + `":"k1"}},"index":"` + key(2) + `","audit":"` + key(3) + `"}`,
		"current unknown":   strings.Replace(ringText(secret, key(2), key(3)), `"current":"k1"`, `"current":"`+secret+`"`, 1),
		"no current":        strings.Replace(ringText(secret, key(2), key(3)), `"current":"k1",`, ``, 1),
		"short key":         ringText(short, key(2), key(3)),
		"not base64":        ringText("*"+secret, key(2), key(3)),
		"url base64":        ringText(strings.Repeat("_", 43)+"=", key(2), key(3)),
		"index missing":     ringText(secret, "", key(3)),
		"audit short":       ringText(secret, key(2), short),
		"same key twice":    ringText(secret, key(2), secret),
		"index is audit":    ringText(secret, key(2), key(2)),
		"all zeros":         ringText(secret, key(0), key(3)),
		"array":             `[` + ringText(secret, key(2), key(3)) + `]`,
		"null":              `null`,
		"base64 with break": ringText(secret[:20]+`\n`+secret[20:], key(2), key(3)),
	} {
		ring, err := keys.ParseRing([]byte(text))
		if ring != nil || !errors.Is(err, keys.ErrRing) {
			t.Errorf("%s: accepted or other error: %v", name, err)
			continue
		}
		for _, part := range []string{secret[:8], short[:8], "123456789123456789"} {
			if strings.Contains(err.Error(), part) {
				t.Errorf("%s: the error holds key text: %v", name, err)
			}
		}
	}
}

func TestSeal_OpensOnlyInItsPlace(t *testing.T) {
	t.Parallel()
	ring, other := keys.NewRing(), keys.NewRing()
	sealed := ring.Seal("outbox", []byte("row 1"), []byte("secret"))
	if bytes.Contains(sealed, []byte("secret")) {
		t.Fatal("not sealed")
	}
	if bytes.Equal(sealed, ring.Seal("outbox", []byte("row 1"), []byte("secret"))) {
		t.Fatal("the same value seals the same twice: the nonce does not change")
	}
	open := func(r *keys.Ring, purpose, context string, sealed []byte) error {
		_, err := r.Open(purpose, []byte(context), sealed)
		return err
	}
	if err := open(ring, "outbox", "row 1", sealed); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"other purpose": open(ring, "inbox", "row 1", sealed),
		"other row":     open(ring, "outbox", "row 2", sealed),
		"shifted":       open(ring, "outboxr", "ow 1", sealed),
		"other ring":    open(other, "outbox", "row 1", sealed),
		"empty":         open(ring, "outbox", "row 1", nil),
		"version only":  open(ring, "outbox", "row 1", []byte{1}),
		"name only":     open(ring, "outbox", "row 1", []byte{1, 2, 'k', '1'}),
		"long name":     open(ring, "outbox", "row 1", []byte{1, 255, 'k', '1'}),
		"unknown key":   open(ring, "outbox", "row 1", append([]byte{1, 2, 'k', '9'}, sealed[4:]...)),
	} {
		if !errors.Is(err, keys.ErrOpen) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range sealed {
		changed := slices.Clone(sealed)
		changed[i] ^= 1
		if err := open(ring, "outbox", "row 1", changed); !errors.Is(err, keys.ErrOpen) {
			t.Errorf("byte %d changed: %v", i, err)
		}
		if err := open(ring, "outbox", "row 1", sealed[:i]); !errors.Is(err, keys.ErrOpen) {
			t.Errorf("cut at %d: %v", i, err)
		}
	}
}

func TestSeal_OldKeyStaysForReading(t *testing.T) {
	t.Parallel()
	before := keys.NewRing()
	sealed := before.Seal("p", nil, []byte("old"))
	after, err := before.WithSealKey("k2")
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := after.Open("p", nil, sealed); err != nil || string(plain) != "old" {
		t.Fatalf("old value: %q, %v", plain, err)
	}
	if after.Current(sealed) || !before.Current(sealed) {
		t.Error("Current does not go by the key's name")
	}
	fresh := after.Seal("p", nil, []byte("new"))
	if !after.Current(fresh) {
		t.Error("new values are not sealed with the new key")
	}
	if _, err := before.Open("p", nil, fresh); !errors.Is(err, keys.ErrOpen) {
		t.Errorf("a ring without the new key opened its value: %v", err)
	}
	for _, name := range []string{"k2", "", "K3", strings.Repeat("k", 17), "a b"} {
		if _, err := after.WithSealKey(name); !errors.Is(err, keys.ErrRing) {
			t.Errorf("name %q: %v", name, err)
		}
	}
}

func TestMarks_AreKeptApart(t *testing.T) {
	t.Parallel()
	ring := keys.NewRing()
	marks := map[[32]byte]string{}
	add := func(name string, sum [32]byte) {
		if other, ok := marks[sum]; ok {
			t.Errorf("%s and %s are the same", name, other)
		}
		marks[sum] = name
	}
	a, b := []byte("a"), []byte("b")
	add("fingerprint", ring.Fingerprint("p", a, b))
	add("mac", ring.MAC("p", a, b))
	add("audit", ring.AuditMAC("p", a, b))
	add("purpose", ring.Fingerprint("q", a, b))
	add("joined", ring.Fingerprint("p", []byte("ab")))
	add("joined, empty", ring.Fingerprint("p", []byte("ab"), nil))
	add("empty first", ring.Fingerprint("p", nil, []byte("ab")))
	add("no parts", ring.Fingerprint("p"))
	add("other ring", keys.NewRing().Fingerprint("p", a, b))
	again := reopened(t, ring)
	if ring.Fingerprint("p", a, b) != again.Fingerprint("p", a, b) {
		t.Error("not the same twice")
	}
	if ring.MACID() != again.MACID() || ring.MACID() == keys.NewRing().MACID() || len(ring.MACID()) != 8 {
		t.Error("MACID does not name the key")
	}
}

func TestRing_ConcurrentUse(t *testing.T) {
	t.Parallel()
	ring := keys.NewRing()
	want := ring.Fingerprint("shared", []byte("x"))
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for j := range 100 {
				// More purposes than are cached, to cross the bound as well.
				purpose := fmt.Sprint("purpose ", (i*100+j)%600)
				sealed := ring.Seal(purpose, nil, []byte(purpose))
				if plain, err := ring.Open(purpose, nil, sealed); err != nil || string(plain) != purpose {
					t.Errorf("%s: %q, %v", purpose, plain, err)
				}
				_ = ring.MAC(purpose)
				if ring.Fingerprint("shared", []byte("x")) != want {
					t.Error("a pooled hash was not clean")
				}
			}
		})
	}
	wg.Wait()
}

func TestRing_SealIsInverseOfOpen(t *testing.T) {
	t.Parallel()
	ring := keys.NewRing()
	rapid.Check(t, func(t *rapid.T) {
		purpose := rapid.SampledFrom([]string{"", "a", "ab"}).Draw(t, "purpose")
		context := rapid.SliceOf(rapid.Byte()).Draw(t, "context")
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		got, err := ring.Open(purpose, context, ring.Seal(purpose, context, plain))
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%q, %v", got, err)
		}
	})
}

// Whatever prints a key by mistake must print its name at most.
func TestSecrets_DoNotPrint(t *testing.T) {
	t.Parallel()
	ring := fixedRing(t)
	dataKey, _, err := ring.NewDataKey([]byte("person"))
	if err != nil {
		t.Fatal(err)
	}
	signing, err := keys.NewSigningKey(keys.ES256, time.Unix(1, 0))
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]any{"ring": ring, "data key": dataKey, "signing key": signing, "pointer": &signing} {
		var text bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
			fmt.Fprintf(&text, verb+"\n", v)
		}
		slog.New(slog.NewJSONHandler(&text, nil)).Info("x", "key", v)
		slog.New(slog.NewTextHandler(&text, nil)).Info("x", "key", v)
		if asJSON, err := json.Marshal(v); err == nil {
			text.Write(asJSON)
		}
		for _, leak := range []string{"AQEBAQEB", "1 1 1 1", "01010101", "0x1, 0x1", "PrivateKey", "\"D\":"} {
			if strings.Contains(text.String(), leak) {
				t.Errorf("%s printed %s: %.200s", name, leak, text.String())
			}
		}
	}
}

func FuzzParseRing(f *testing.F) {
	f.Add([]byte(ringText(key(1), key(2), key(3))))
	f.Add([]byte(`{"seal":{"keys":{"k1":""}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		ring, err := keys.ParseRing(text)
		if err != nil {
			return
		}
		if again, err := keys.ParseRing(ring.Marshal()); err != nil || !bytes.Equal(again.Marshal(), ring.Marshal()) {
			t.Fatalf("an accepted ring does not survive a round trip: %v", err)
		}
	})
}

func FuzzOpen(f *testing.F) {
	ring := keys.NewRing()
	f.Add(ring.Seal("p", nil, []byte("x")))
	f.Add([]byte{1, 2, 'k', '1'})
	f.Fuzz(func(t *testing.T, sealed []byte) {
		if _, err := ring.Open("p", nil, sealed); err != nil && !errors.Is(err, keys.ErrOpen) {
			t.Fatal(err)
		}
	})
}
