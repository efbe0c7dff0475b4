package guard_test

import (
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"surety/assurance/guard"
)

// TestKnownKeysDoNotWaitForUnknownOnes: while the provider is slow to say
// whether a key is its own, tokens under the known keys go on.
func TestKnownKeysDoNotWaitForUnknownOnes(t *testing.T) {
	t.Parallel()
	es := accepted()["ES256"]
	h := newHouse(t, es)
	g := h.guard(t)
	expect(t, call(g, anybody, es.token(h.claims())), 200, "")
	release, asked := make(chan struct{}), make(chan struct{}, 1)
	h.fail(func(http.ResponseWriter, *http.Request) {
		asked <- struct{}{}
		<-release
		panic(http.ErrAbortHandler)
	})
	h.advance(10 * time.Second)
	var strangers sync.WaitGroup
	for range 50 {
		strangers.Go(func() {
			expect(t, call(g, anybody, signer{"key-nobody", "ES256", es.private}.token(h.claims())), 503, "")
		})
	}
	<-asked
	for range 100 {
		expect(t, call(g, anybody, es.token(h.claims())), 200, "")
	}
	if n := len(asked); n != 0 {
		t.Errorf("%d more fetches", n)
	}
	close(release)
	strangers.Wait()
}

// drip is a document that comes a byte a second and never ends.
type drip struct {
	ctx interface{ Done() <-chan struct{} }
}

func (d drip) Read(b []byte) (int, error) {
	select {
	case <-d.ctx.Done():
		return 0, io.ErrUnexpectedEOF
	case <-time.After(time.Second):
		b[0] = ' '
		return 1, nil
	}
}

type dripping struct{ fetches int }

func (d *dripping) RoundTrip(r *http.Request) (*http.Response, error) {
	d.fetches++
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(drip{r.Context()}), Request: r}, nil
}

// TestManyWaitOnceForASlowProvider: a document that drips is given up, once
// for all who wait, and those who come after do not wait again.
func TestManyWaitOnceForASlowProvider(t *testing.T) {
	t.Parallel()
	es := accepted()["ES256"]
	token := es.token(members{"iss": "https://id.example"})
	synctest.Test(t, func(t *testing.T) {
		slow := &dripping{}
		g := newGuard(t, guard.Config{Issuer: "https://id.example", Audience: api, HTTPClient: &http.Client{Transport: slow}})
		began := time.Now()
		for range 3 {
			var wg sync.WaitGroup
			for range 200 {
				wg.Go(func() { expect(t, call(g, anybody, token), 503, "") })
			}
			wg.Wait()
			if took := time.Since(began); took != 5*time.Second {
				t.Errorf("until %v, want 5 s and no more", took)
			}
		}
		if slow.fetches != 1 {
			t.Errorf("%d fetches, want 1", slow.fetches)
		}
	})
}

// TestWithdrawnKeyIsNotRemembered: what is kept of headers and tokens does not
// keep a key.
func TestWithdrawnKeyIsNotRemembered(t *testing.T) {
	t.Parallel()
	es, next := accepted()["ES256"], newSigner("key-next", "ES256")
	h := newHouse(t, es)
	g := h.guard(t)
	token := es.token(h.claims().with(members{"exp": h.now().Unix() + 7200}))
	for range 3 {
		expect(t, call(g, anybody, token), 200, "")
	}
	h.publish(next)
	h.advance(time.Hour)
	expect(t, call(g, anybody, token), 401, "invalid_token")
	// More headers than are kept: the key is asked for each time.
	for i := range 200 {
		more := next.header().with(members{"n": i})
		expect(t, call(g, anybody, compact(more, h.claims(), next.sign)), 200, "")
		expect(t, call(g, anybody, compact(more, h.claims(), es.sign)), 401, "invalid_token")
	}
	// Another key of the same name is another key.
	h.publish(newSigner(es.kid, "ES256"))
	h.advance(time.Hour)
	expect(t, call(g, anybody, es.token(h.claims())), 401, "invalid_token")
}
