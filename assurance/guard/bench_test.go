package guard_test

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"surety/assurance/guard"
)

// BenchmarkVerify is the signature alone: what no guard can do without.
func BenchmarkVerify(b *testing.B) {
	key := accepted()["ES256"].private.(*ecdsa.PrivateKey)
	digest := sha256.Sum256([]byte("claims"))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if !ecdsa.Verify(&key.PublicKey, digest[:], r, s) {
			b.Fatal("not verified")
		}
	}
}

// BenchmarkRequire is what a guarded request costs besides its handler: with a
// token that comes for the first time, where nothing else is said. The last two
// are what a stranger can make it cost without a signature of ours.
func BenchmarkRequire(b *testing.B) {
	h := newHouse(b, accepted()["ES256"], accepted()["RS256"], accepted()["PS256"], accepted()["EdDSA"])
	c := h.config()
	c.Log = nil
	g := newGuard(b, c)
	handler := g.Require(guard.Requirement{Level: substantial, MaxAge: 5 * time.Minute, Scopes: []string{"tax:read"}})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	// Many tokens in turn, more than are remembered, or one again and again.
	run := func(name string, handler http.Handler, many int, sign func(members) string, claims members, status int) {
		b.Run(name, func(b *testing.B) {
			requests := make([]*http.Request, many)
			for i := range requests {
				requests[i] = httptest.NewRequest(http.MethodGet, "/", nil)
				requests[i].Header.Set("Authorization", "Bearer "+sign(claims.with(members{"jti": fmt.Sprint(i)})))
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				w := httptest.NewRecorder()
				if handler.ServeHTTP(w, requests[i%many]); w.Code != status {
					b.Fatal(w.Code)
				}
			}
		})
	}
	claims := h.claims().with(members{"authorization_details": []any{procedureEntry("3.77.01", "tax")}, "sid": "s"})
	c.Revocations, _ = guard.NewRevocations(h.revocationsConfig())
	nobody := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	procedure := newGuard(b, c).Require(guard.Requirement{Procedure: "3.77.01", Agency: "tax"})(nobody)
	const fresh = 20_000 // tokens: more than are remembered
	es := accepted()["ES256"]
	run("ES256, procedure, revocations", procedure, fresh, es.token, claims, http.StatusOK)
	run("ES256, procedure, revocations, seen before", procedure, 1, es.token, claims, http.StatusOK)
	for _, alg := range []string{"ES256", "EdDSA"} {
		run(alg, handler, fresh, accepted()[alg].token, h.claims(), http.StatusOK)
	}
	run("ES256, seen before", handler, 1, es.token, h.claims(), http.StatusOK)
	run("junk", handler, 1, func(members) string { return "eyJhbGciOiJub25lIn0.e30." }, h.claims(), http.StatusUnauthorized)
	run("unknown key", handler, 1, signer{"key-nobody", "ES256", es.private}.token, h.claims(), http.StatusUnauthorized)
}
