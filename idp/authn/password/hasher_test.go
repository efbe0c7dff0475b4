package password_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"surety/assurance"
	"surety/idp"
	"surety/idp/authn/password"
	"surety/idp/keys"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func newHasher(t testing.TB, ring *keys.Ring) *password.Hasher {
	t.Helper()
	h, err := password.New(password.Config{}, ring, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func hash(t testing.TB, h *password.Hasher, text string) string {
	t.Helper()
	phc, err := h.Hash(t.Context(), "source", text)
	if err != nil {
		t.Fatal(err)
	}
	return phc
}

func TestHasher_Verify(t *testing.T) {
	t.Parallel()
	ring := keys.NewRing()
	h := newHasher(t, ring)
	phc := hash(t, h, good)
	if !strings.HasPrefix(phc, "$argon2id$v=19$m=19456,t=2,p=1,keyid="+ring.MACID()+"$") {
		t.Errorf("verifier %s", phc)
	}
	if phc == hash(t, h, good) {
		t.Error("the same password twice gives the same verifier: no salt")
	}
	if h.NeedsRehash(phc) {
		t.Error("a fresh verifier needs a new one")
	}
	credential := idp.Credential{
		ID: "c", Method: assurance.MethodIdentifier, Verifier: phc, BoundLevel: "basic",
		DependsOn: []idp.ContactID{"mail"}, DependsUntil: now.Add(time.Hour),
	}
	use, err := h.Verify(t.Context(), now, "source", norm.NFD.String(good), credential)
	if err != nil {
		t.Fatal(err)
	}
	if use.Method != assurance.MethodIdentifier || !use.At.Equal(now) || !slices.Equal(use.AMR, []string{"pwd"}) ||
		use.BoundLevel != "basic" || !slices.Equal(use.DependsOn, []idp.ContactID{"mail"}) {
		t.Errorf("use %+v", use)
	}
	credential.DependsUntil = now
	if use, err = h.Verify(t.Context(), now, "source", good, credential); err != nil || use.DependsOn != nil {
		t.Errorf("after 30 days it still depends on %v, %v", use.DependsOn, err)
	}
	for _, wrong := range []string{"", good + " ", strings.ToUpper(good), good[:len(good)-1], strings.Repeat(good, 400)} {
		if use, err := h.Verify(t.Context(), now, "source", wrong, credential); !errors.Is(err, password.ErrWrong) || use.AMR != nil {
			t.Errorf("%.30q: %v, %+v", wrong, err, use)
		}
	}
}

// counted counts what a verification does: its MACs, and the looks at the
// clock around each hash.
type counted struct {
	*keys.Ring
	macs, looks int
}

func (c *counted) MAC(purpose string, parts ...[]byte) [32]byte {
	c.macs++
	return c.Ring.MAC(purpose, parts...)
}

func (c *counted) clock() time.Time {
	c.looks++
	return now
}

// Whoever reads status, text or clock must not learn whether a login exists:
// the same answer after the same work. TestDummyCostsWhatAVerifierCosts shows
// that the hash in it is as expensive.
func TestHasher_UnknownLoginLooksTheSame(t *testing.T) {
	t.Parallel()
	c := &counted{Ring: keys.NewRing()}
	h, err := password.New(password.Config{}, c, c.clock)
	if err != nil {
		t.Fatal(err)
	}
	work := func(credential idp.Credential) (macs, looks int) {
		t.Helper()
		macs, looks = c.macs, c.looks
		if _, err := h.Verify(t.Context(), now, "source", "some other password", credential); !errors.Is(err, password.ErrWrong) {
			t.Fatal(err)
		}
		return c.macs - macs, c.looks - looks
	}
	macs, looks := work(idp.Credential{Verifier: hash(t, h, good)})
	unknownMACs, unknownLooks := work(idp.Credential{})
	if macs == 0 || looks == 0 || macs != unknownMACs || looks != unknownLooks {
		t.Errorf("a wrong password costs %d MACs and %d looks at the clock, an unknown login %d and %d", macs, looks, unknownMACs, unknownLooks)
	}
}

func TestHasher_Pepper(t *testing.T) {
	t.Parallel()
	ring := keys.NewRing()
	h, other := newHasher(t, ring), newHasher(t, keys.NewRing())
	phc := hash(t, h, good)
	if _, err := other.Verify(t.Context(), now, "s", good, idp.Credential{Verifier: phc}); err == nil || errors.Is(err, password.ErrWrong) {
		t.Errorf("without the ring's index key: %v", err)
	}
	if !other.NeedsRehash(phc) {
		t.Error("another pepper's verifier is taken for a present one")
	}
	// The name of the pepper is not the pepper.
	renamed := strings.Replace(phc, ring.MACID(), "00000000", 1)
	if _, err := h.Verify(t.Context(), now, "s", good, idp.Credential{Verifier: renamed}); err == nil {
		t.Error("accepted under another pepper's name")
	}
	// Guessing offline with the plain algorithm finds nothing.
	salt, want := parts(t, phc)
	if slices.Equal(argon2.IDKey([]byte(good), salt, 2, 19456, 1, 32), want) {
		t.Error("the verifier does not depend on the pepper")
	}
}

func TestHasher_ImportedVerifiers(t *testing.T) {
	t.Parallel()
	h := newHasher(t, keys.NewRing())
	salt := []byte("0123456789abcdef")
	for _, p := range []struct {
		memory, passes uint32
		lanes          uint8
		size           uint32
	}{{19456, 2, 1, 32}, {8192, 3, 1, 32}, {12, 1, 1, 16}, {65536, 1, 4, 32}, {32768, 1, 1, 64}, {1027, 2, 1, 24}} {
		phc := fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", p.memory, p.passes, p.lanes,
			encode(salt), encode(argon2.IDKey([]byte(good), salt, p.passes, p.memory, p.lanes, p.size)))
		if _, err := h.Verify(t.Context(), now, "s", good, idp.Credential{Verifier: phc}); err != nil {
			t.Errorf("%+v: %v", p, err)
		}
		if _, err := h.Verify(t.Context(), now, "s", good+"x", idp.Credential{Verifier: phc}); !errors.Is(err, password.ErrWrong) {
			t.Errorf("%+v, wrong: %v", p, err)
		}
		if !h.NeedsRehash(phc) {
			t.Errorf("%+v is taken for ours", p)
		}
	}
}

func TestHasher_Concurrent(t *testing.T) {
	t.Parallel()
	h := newHasher(t, keys.NewRing())
	var credentials []idp.Credential
	for i := range 3 {
		credentials = append(credentials, idp.Credential{Verifier: hash(t, h, fmt.Sprint(good, i))})
	}
	var wg sync.WaitGroup
	for i := range 24 {
		wg.Go(func() {
			_, err := h.Verify(t.Context(), now, fmt.Sprint("source ", i%5), fmt.Sprint(good, i%3), credentials[i%3])
			if err != nil {
				t.Errorf("right: %v", err)
			}
			_, err = h.Verify(t.Context(), now, fmt.Sprint("source ", i%5), fmt.Sprint(good, (i+1)%3), credentials[i%3])
			if !errors.Is(err, password.ErrWrong) {
				t.Errorf("wrong: %v", err)
			}
		})
	}
	wg.Wait()
	if h.Waiting() != 0 {
		t.Errorf("%d still wait", h.Waiting())
	}
}

// The queue is at its bound: one more is told at once when to come again.
func TestHasher_FullQueue(t *testing.T) {
	t.Parallel()
	h, err := password.New(password.Config{Workers: 1, Waiting: 4, PerSource: 2}, keys.NewRing(), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	ctx, leaveAll := context.WithCancel(t.Context())
	defer leaveAll()
	done := make(chan error, 64)
	busy := 0
	for range 64 { // far more than one worker gets through meanwhile
		go func() {
			_, err := h.Verify(ctx, now, "crowd", good, idp.Credential{})
			done <- err
		}()
	}
	for range 64 {
		err := <-done
		var e *idp.Error
		switch {
		case errors.As(err, &e) && e.Key == "error.busy":
			busy++
			wait, _ := e.Args["wait"].(time.Duration)
			until, _ := e.Args["until"].(time.Time)
			if e.Code != idp.CodeUnavailable || wait < time.Second || wait > time.Minute || !until.Equal(now.Add(wait)) {
				t.Errorf("%v, arguments %v", e, e.Args)
			}
			if busy == 1 { // those who wait go away
				leaveAll()
			}
		case errors.Is(err, password.ErrWrong), errors.Is(err, context.Canceled):
		default:
			t.Errorf("%v", err)
		}
	}
	if busy == 0 {
		t.Error("64 at once, 2 may wait, nobody was turned away")
	}
	if h.Waiting() != 0 {
		t.Errorf("%d still wait", h.Waiting())
	}
	if _, err := h.Hash(t.Context(), "crowd", good); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// The 19 MiB are not taken from the heap.
func TestHasher_LeavesTheHeapAlone(t *testing.T) {
	h := newHasher(t, keys.NewRing())
	hash(t, h, good)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 4 {
		hash(t, h, good)
	}
	runtime.ReadMemStats(&after)
	if perHash := (after.TotalAlloc - before.TotalAlloc) / 4; perHash > 256<<10 {
		t.Errorf("%d bytes of heap for one hash", perHash)
	}
}

func BenchmarkArgon2id(b *testing.B) {
	h := newHasher(b, keys.NewRing())
	b.Run("Ours", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			hash(b, h, good)
		}
	})
	b.Run("OursTwoAtOnce", func(b *testing.B) {
		b.ReportAllocs()
		b.SetParallelism(4)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := h.Hash(b.Context(), "source", good); err != nil {
					b.Error(err)
				}
			}
		})
	})
	b.Run("LibraryTwoAtOnce", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				argon2.IDKey([]byte(good), []byte("0123456789abcdef"), 2, 19456, 1, 32)
			}
		})
	})
}
