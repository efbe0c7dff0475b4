package guard_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"surety/assurance/guard"
)

// BenchmarkRequire is what a guarded request costs besides its handler. The
// last two are what a stranger can make it cost without a signature of ours.
func BenchmarkRequire(b *testing.B) {
	h := newHouse(b, accepted()["ES256"], accepted()["RS256"], accepted()["PS256"], accepted()["EdDSA"])
	c := h.config()
	c.Log = nil
	g := newGuard(b, c)
	handler := g.Require(guard.Requirement{Level: substantial, Scopes: []string{"tax:read"}})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	run := func(name, token string, status int) {
		b.Run(name, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("Authorization", "Bearer "+token)
			b.ReportAllocs()
			for b.Loop() {
				w := httptest.NewRecorder()
				if handler.ServeHTTP(w, r); w.Code != status {
					b.Fatal(w.Code)
				}
			}
		})
	}
	for _, alg := range []string{"ES256", "EdDSA", "RS256", "PS256"} {
		run(alg, accepted()[alg].token(h.claims()), http.StatusOK)
	}
	es := accepted()["ES256"]
	run("junk", "eyJhbGciOiJub25lIn0.e30.", http.StatusUnauthorized)
	run("unknown key", signer{"key-nobody", "ES256", es.private}.token(h.claims()), http.StatusUnauthorized)
}
