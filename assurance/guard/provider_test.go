package guard_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"surety/assurance/guard"

	"github.com/go-jose/go-jose/v4"
)

const (
	configuration = "/.well-known/openid-configuration"
	jwks          = "/jwks"
)

var anybody = guard.Requirement{}

// TestRotation lives through a change of keys as Surety does it: the next key
// is published, signs, and the old one goes.
func TestRotation(t *testing.T) {
	t.Parallel()
	old, next := accepted()["ES256"], newSigner("key-next", "ES256")
	h := newHouse(t, old)
	g := h.guard(t)
	expect(t, call(g, anybody, old.token(h.claims())), 200, "")

	// A key that came early: asked for once, although the set is fresh.
	h.advance(20 * time.Second)
	h.publish(old, next)
	expect(t, call(g, anybody, next.token(h.claims())), 200, "")
	expect(t, call(g, anybody, old.token(h.claims())), 200, "")
	if n := h.fetches(jwks); n != 2 {
		t.Errorf("key set fetched %d times, want 2", n)
	}

	// The old key is withdrawn: known when the set has aged.
	h.publish(next)
	h.advance(time.Hour - time.Second)
	expect(t, call(g, anybody, old.token(h.claims())), 200, "")
	h.advance(time.Second)
	expect(t, call(g, anybody, old.token(h.claims())), 401, "invalid_token")
	expect(t, call(g, anybody, next.token(h.claims())), 200, "")
}

// TestUnknownKeysDoNotHammer: strangers invent key names; the provider hears
// of it once in ten seconds.
func TestUnknownKeysDoNotHammer(t *testing.T) {
	t.Parallel()
	es := accepted()["ES256"]
	h := newHouse(t, es)
	g := h.guard(t)
	expect(t, call(g, anybody, es.token(h.claims())), 200, "")
	for second := range 30 {
		for i := range 20 {
			stranger := signer{fmt.Sprintf("key-%d-%d", second, i), "ES256", es.private}
			expect(t, call(g, anybody, stranger.token(h.claims())), 401, "invalid_token")
		}
		h.advance(time.Second)
	}
	if n := h.fetches(jwks); n != 3 { // at 0, 10 and 20 seconds
		t.Errorf("key set fetched %d times in 30 s, want 3", n)
	}
	// A known name with the wrong algorithm is no reason to ask.
	h.advance(time.Minute)
	expect(t, call(g, anybody, compact(es.header().with(members{"alg": "RS256"}), h.claims(), es.sign)), 401, "invalid_token")
	if n := h.fetches(jwks); n != 3 {
		t.Errorf("a wrong algorithm made a fetch")
	}
}

// TestHonoursCacheControl: the provider says how long, within our bounds.
func TestHonoursCacheControl(t *testing.T) {
	t.Parallel()
	es := accepted()["ES256"]
	for value, want := range map[string]time.Duration{
		"public, max-age=600":                10 * time.Minute,
		"MAX-AGE=600, public":                10 * time.Minute,
		`max-age="600"`:                      10 * time.Minute,
		"max-age=86400":                      time.Hour,
		"max-age=9999999999999999":           time.Hour,
		"max-age=99999999999999999999999999": time.Hour,
		"max-age=0":                          10 * time.Second,
		"max-age=-1":                         10 * time.Second,
		"max-age=soon":                       10 * time.Second,
		"no-store":                           10 * time.Second,
		"no-cache, max-age=600":              10 * time.Second,
		"":                                   5 * time.Minute,
		"public":                             5 * time.Minute,
	} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, es)
			h.set(func() { h.cacheControl = value })
			g := h.guard(t)
			for _, c := range []struct {
				at   time.Duration
				want int
			}{{0, 1}, {want - time.Second, 1}, {want, 2}} {
				h.clock.Store(int64(c.at / time.Second))
				expect(t, call(g, anybody, es.token(h.claims())), 200, "")
				if n := h.fetches(jwks); n != c.want {
					t.Errorf("after %v %d fetches, want %d", c.at, n, c.want)
				}
			}
		})
	}
}

// TestAgeCounts: what a cache has kept for a while is that much older.
func TestAgeCounts(t *testing.T) {
	t.Parallel()
	es := accepted()["ES256"]
	h := newHouse(t, es)
	g := h.guard(t)
	h.fail(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Age", "3000")
		body := members{"issuer": h.URL, "jwks_uri": h.URL + jwks, "acr_values_supported": levels}
		if r.URL.Path == jwks {
			body = members{"keys": []any{es.jwk()}}
		}
		_, _ = w.Write(text(body))
	})
	expect(t, call(g, anybody, es.token(h.claims())), 200, "")
	h.advance(599 * time.Second)
	expect(t, call(g, anybody, es.token(h.claims())), 200, "")
	if n := h.fetches(jwks); n != 1 {
		t.Fatalf("%d fetches before the end", n)
	}
	h.advance(time.Second)
	expect(t, call(g, anybody, es.token(h.claims())), 200, "")
	if n := h.fetches(jwks); n != 2 {
		t.Errorf("%d fetches at the end, want 2", n)
	}
}

// faults are all the ways in which the provider can fail to answer.
func faults(h *house, es signer) map[string]func(http.ResponseWriter, *http.Request) {
	answer := func(path string, body any) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == path {
				_, _ = w.Write(text(body))
				return
			}
			_, _ = w.Write(text(members{"issuer": h.URL, "jwks_uri": h.URL + jwks, "acr_values_supported": levels, "keys": []any{es.jwk()}}))
		}
	}
	document := func(more members) func(http.ResponseWriter, *http.Request) {
		return answer(configuration, members{"issuer": h.URL, "jwks_uri": h.URL + jwks, "acr_values_supported": levels}.with(more))
	}
	return map[string]func(http.ResponseWriter, *http.Request){
		"connection cut": down,
		"error 500":      func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"not found":      http.NotFound,
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, h.URL+"/elsewhere", http.StatusFound)
		},
		"empty":              func(http.ResponseWriter, *http.Request) {},
		"a page":             func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"another issuer":     document(members{"issuer": "https://id.evil.example"}),
		"issuer missing":     document(members{"issuer": nil}),
		"no jwks_uri":        document(members{"jwks_uri": nil}),
		"keys over http":     document(members{"jwks_uri": "http://keys.example/jwks"}),
		"keys from a file":   document(members{"jwks_uri": "file:///etc/keys"}),
		"levels twice":       document(members{"acr_values_supported": []string{basic, basic}}),
		"metadata too long":  document(members{"padding": strings.Repeat("x", 128<<10)}),
		"issuer twice":       answer(configuration, `{"issuer":"https://a.example","issuer":"`+h.URL+`","jwks_uri":"`+h.URL+jwks+`"}`),
		"no keys member":     answer(jwks, members{}),
		"keys are an object": answer(jwks, members{"keys": members{}}),
		"key set too long":   answer(jwks, members{"keys": []any{es.jwk()}, "padding": strings.Repeat("x", 128<<10)}),
		"keys with a status of error": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadGateway)
			_, _ = w.Write(text(members{"issuer": h.URL, "jwks_uri": h.URL + jwks, "acr_values_supported": levels, "keys": []any{es.jwk()}}))
		},
		"key set and much nothing": answer(jwks, string(text(members{"keys": []any{es.jwk()}}))+strings.Repeat(" ", 128<<10)),
		"key set cut":              answer(jwks, `{"keys":[`),
		"key set never ended":      answer(jwks, `{"keys":[`+strings.Repeat(" ", 1<<20)),
	}
}

// TestFailsClosed: without keys nobody comes in, however the provider fails,
// and the client is told when to come back.
func TestFailsClosed(t *testing.T) {
	t.Parallel()
	es := accepted()["ES256"]
	h := newHouse(t, es)
	for name, fault := range faults(h, es) {
		t.Run(name, func(t *testing.T) {
			h.fail(fault)
			g := h.guard(t)
			for range 3 {
				w := call(g, anybody, es.token(h.claims()))
				expect(t, w, http.StatusServiceUnavailable, "")
				if after := w.Header().Get("Retry-After"); after != "10" {
					t.Errorf("Retry-After %q", after)
				}
				leaks(t, "answer", dump(w), es.token(h.claims()))
			}
			if g.Ready(context.Background()) == nil {
				t.Error("ready without keys")
			}
			expect(t, call(g, anybody, ""), http.StatusUnauthorized, "")
			h.fail(nil)
			h.advance(10 * time.Second)
			expect(t, call(g, anybody, es.token(h.claims())), 200, "")
			if err := g.Ready(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	if n := h.fetches("/elsewhere"); n != 0 {
		t.Error("a redirect was followed")
	}
}

// TestLivesThroughAnOutage: the last keys serve while the provider is down,
// for a day, and what is new is taken up when it is back.
func TestLivesThroughAnOutage(t *testing.T) {
	t.Parallel()
	es, next := accepted()["ES256"], newSigner("key-next", "ES256")
	h := newHouse(t, es)
	for name, fault := range faults(h, es) {
		t.Run(name, func(t *testing.T) {
			h.publish(es)
			h.fail(nil)
			g := h.guard(t)
			expect(t, call(g, anybody, es.token(h.claims())), 200, "")
			h.fail(fault)
			h.advance(time.Hour)
			for range 20 {
				expect(t, call(g, anybody, es.token(h.claims())), 200, "")
				expect(t, call(g, anybody, es.token(h.claims().with(members{"acr": high, "exp": 1}))), 401, "invalid_token")
				h.advance(30 * time.Minute)
			}
			// Whether an unknown key is good nobody can say now.
			expect(t, call(g, anybody, next.token(h.claims())), 503, "")

			h.fail(nil)
			h.publish(next)
			h.advance(10 * time.Second)
			expect(t, call(g, anybody, next.token(h.claims())), 200, "")
			expect(t, call(g, anybody, es.token(h.claims())), 401, "invalid_token")
		})
	}
}

// TestOldKeysEnd: a guard that has heard nothing for a day trusts nobody.
func TestOldKeysEnd(t *testing.T) {
	t.Parallel()
	es := accepted()["ES256"]
	h := newHouse(t, es)
	g := h.guard(t)
	expect(t, call(g, anybody, es.token(h.claims())), 200, "")
	h.fail(down)
	h.advance(24*time.Hour - time.Second)
	expect(t, call(g, anybody, es.token(h.claims())), 200, "")
	h.advance(time.Second)
	expect(t, call(g, anybody, es.token(h.claims())), 503, "")
	h.advance(10 * time.Second)
	expect(t, call(g, anybody, es.token(h.claims())), 503, "")
}

// TestNobodyWaitsDuringAnOutage: after one failed try, requests are served
// with the last keys while the next try hangs.
func TestNobodyWaitsDuringAnOutage(t *testing.T) {
	t.Parallel()
	es := accepted()["ES256"]
	h := newHouse(t, es)
	g := h.guard(t)
	expect(t, call(g, anybody, es.token(h.claims())), 200, "")
	h.fail(down)
	h.advance(time.Hour)
	expect(t, call(g, anybody, es.token(h.claims())), 200, "")

	release, abandoned := make(chan struct{}), make(chan struct{})
	h.fail(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
			panic(http.ErrAbortHandler)
		case <-r.Context().Done():
			close(abandoned)
		}
	})
	h.advance(10 * time.Second)
	for range 10 {
		expect(t, call(g, anybody, es.token(h.claims())), 200, "")
	}
	select {
	case <-abandoned:
		t.Error("the request waited for the whole deadline")
	default:
	}
	close(release)
}

// TestKeysOfHTTPSComeByHTTPS: a provider on https whose keys were to be fetched
// in clear, be it on this machine.
func TestKeysOfHTTPSComeByHTTPS(t *testing.T) {
	t.Parallel()
	es := accepted()["ES256"]
	h := newHouse(t, es)
	secure := httptest.NewTLSServer(h)
	defer secure.Close()
	c := h.config()
	c.Issuer, c.HTTPClient = secure.URL, secure.Client()
	token := es.token(h.claims().with(members{"iss": secure.URL}))
	for uri, status := range map[string]int{h.URL + jwks: 503, secure.URL + jwks: 200} {
		h.set(func() { h.metadata = members{"issuer": secure.URL, "jwks_uri": uri} })
		expect(t, call(newGuard(t, c), anybody, token), status, "")
	}
}

// TestAsksPastCaches: a cache on the way must not answer for the provider.
func TestAsksPastCaches(t *testing.T) {
	t.Parallel()
	es := accepted()["ES256"]
	h := newHouse(t, es)
	var asked []string
	h.fail(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("Cache-Control")) // one after the other
		_, _ = w.Write(text(members{"issuer": h.URL, "jwks_uri": h.URL + jwks, "keys": []any{es.jwk()}}))
	})
	expect(t, call(h.guard(t), anybody, es.token(h.claims())), 200, "")
	if want := []string{"no-cache", "no-cache"}; !slices.Equal(asked, want) {
		t.Errorf("asked with Cache-Control %q, want %q", asked, want)
	}
}

// TestAllKeysWithdrawn: a provider that publishes an empty set means it.
func TestAllKeysWithdrawn(t *testing.T) {
	t.Parallel()
	es := accepted()["ES256"]
	h := newHouse(t, es)
	g := h.guard(t)
	expect(t, call(g, anybody, es.token(h.claims())), 200, "")
	h.set(func() { h.keys = []jose.JSONWebKey{} })
	h.advance(time.Hour)
	expect(t, call(g, anybody, es.token(h.claims())), 503, "")
	if g.Ready(context.Background()) == nil {
		t.Error("ready without keys")
	}
	h.publish(es)
	h.advance(10 * time.Second)
	expect(t, call(g, anybody, es.token(h.claims())), 200, "")
}

// TestLeavesOutKeysThatAreNotForThis: what is not understood or not meant for
// signatures is as if it were not there; the rest goes on working.
func TestLeavesOutKeysThatAreNotForThis(t *testing.T) {
	t.Parallel()
	es := accepted()["ES256"]
	rs, p384 := newSigner("key-bare", "RS256"), newSigner("key-384", "ES384")
	encryption := newSigner("key-enc", "ES256")
	meant := newSigner("key-ps", "PS256")
	bare := rs.jwk()
	bare.Algorithm, bare.Use = "", ""
	secret, enc := jose.JSONWebKey{Key: []byte("0123456789abcdef0123456789abcdef"), KeyID: "key-oct", Algorithm: "HS256"}, encryption.jwk()
	enc.Use = "enc"
	leaked := newSigner("key-leaked", "ES256")
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	weak := signer{"key-weak", "RS256", short}
	keys := []any{
		members{"kty": "AKP", "kid": "key-future", "alg": "ML-DSA-44", "pub": "AAAA"}, members{"kty": "OKP", "crv": "X25519", "kid": "x", "x": "AAAA"},
		nil, "text", members{}, secret, enc, p384.jwk(), meant.jwk(), bare, weak.jwk(),
		jose.JSONWebKey{Key: leaked.private, KeyID: leaked.kid, Algorithm: "ES256", Use: "sig"}, // a private key by mistake
		es.jwk(),
	}
	h := newHouse(t)
	h.fail(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(text(members{"issuer": h.URL, "jwks_uri": h.URL + jwks, "acr_values_supported": levels, "keys": keys}))
	})
	g := h.guard(t)
	ps := signer{rs.kid, "PS256", rs.private}
	for name, token := range map[string]string{"beside them": es.token(h.claims()), "bare as RS256": rs.token(h.claims()), "bare as PS256": ps.token(h.claims())} {
		t.Run(name, func(t *testing.T) { expect(t, call(g, anybody, token), 200, "") })
	}
	for name, token := range map[string]string{
		"for encryption":            encryption.token(h.claims()),
		"RSA of 1024 bits":          weak.token(h.claims()),
		"private":                   leaked.token(h.claims()),
		"P-384 with ES256":          signer{p384.kid, "ES256", p384.private}.token(h.claims()),
		"meant for PS256, as RS256": signer{meant.kid, "RS256", meant.private}.token(h.claims()),
		"symmetric":                 compact(members{"alg": "HS256", "typ": "at+jwt", "kid": "key-oct"}, h.claims(), hs256([]byte("0123456789abcdef0123456789abcdef"))),
	} {
		t.Run(name, func(t *testing.T) { expect(t, call(g, anybody, token), 401, "invalid_token") })
	}
}

// TestNewLevels: a policy with another level takes effect without a restart.
func TestNewLevels(t *testing.T) {
	t.Parallel()
	const above = "https://id.example/acr/above"
	es := accepted()["ES256"]
	h := newHouse(t, es)
	g := h.guard(t)
	q, token := guard.Requirement{Level: above}, es.token(h.claims().with(members{"acr": above}))
	expect(t, call(g, q, token), 503, "") // no challenge could ever be met
	h.set(func() { h.metadata = members{"acr_values_supported": append(levels[:4:4], above)} })
	h.advance(10 * time.Second)
	expect(t, call(g, q, token), 200, "")
	expect(t, call(g, q, es.token(h.claims())), 401, "insufficient_user_authentication")

	// A token of a level that came even later.
	h.set(func() {
		h.metadata = members{"acr_values_supported": append(levels[:4:4], above, "https://id.example/acr/top")}
	})
	h.advance(10 * time.Second)
	expect(t, call(g, q, es.token(h.claims().with(members{"acr": "https://id.example/acr/top"}))), 200, "")
}

// TestConfiguredLevelsNeedNoMetadata: an agency may hold on to its own list.
func TestConfiguredLevelsNeedNoMetadata(t *testing.T) {
	t.Parallel()
	es := accepted()["ES256"]
	h := newHouse(t, es)
	h.set(func() { h.metadata = members{"acr_values_supported": nil} })
	c := h.config()
	c.Levels = levels
	expect(t, call(newGuard(t, c), guard.Requirement{Level: substantial}, es.token(h.claims())), 200, "")
	expect(t, call(h.guard(t), guard.Requirement{Level: substantial}, es.token(h.claims())), 503, "")
}

// TestManyAtOnce: one fetch for all, and every answer is right.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	es, next := accepted()["ES256"], newSigner("key-next", "ES256")
	h := newHouse(t, es)
	g := h.guard(t)
	good, bad, early := es.token(h.claims()), es.token(h.claims().with(members{"aud": "https://api.other.example"})), next.token(h.claims())
	round := func(wantEarly int) {
		var wg sync.WaitGroup
		for i := range 90 {
			wg.Go(func() {
				token, want := good, 200
				switch i % 3 {
				case 1:
					token, want = bad, 401
				case 2:
					token, want = early, wantEarly
				}
				if w := call(g, guard.Requirement{Level: basic}, token); w.Code != want {
					t.Errorf("answer %d, want %d", w.Code, want)
				}
			})
		}
		wg.Wait()
	}
	round(401)
	if n := h.fetches(configuration); n != 1 {
		t.Errorf("%d fetches at first, want 1", n)
	}
	h.publish(es, next)
	h.advance(10 * time.Second)
	round(200)
	if n := h.fetches(configuration); n != 2 {
		t.Errorf("%d fetches after a new key, want 2", n)
	}
}

type hanging struct{}

func (hanging) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// TestFetchHasADeadline: a provider that takes the call and says nothing.
func TestFetchHasADeadline(t *testing.T) {
	t.Parallel()
	key := accepted()["ES256"]
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(t, guard.Config{Issuer: "https://id.example", Audience: api, HTTPClient: &http.Client{Transport: hanging{}}})
		began := time.Now()
		expect(t, call(g, anybody, key.token(members{"iss": "https://id.example"})), 503, "")
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("waited %v, want 5 s", took)
		}
		expect(t, call(g, anybody, key.token(members{})), 503, "")
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("the next one waited too, until %v", took)
		}

		// A client that goes away is not waited for.
		time.Sleep(time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began = time.Now()
		if err := g.Ready(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("Ready = %v after %v", err, time.Since(began))
		}
		synctest.Wait()
		time.Sleep(5 * time.Second) // the fetch that it began ends by itself
	})
}
