package guard_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"surety/assurance/guard"
)

// TestRememberedTokensAreStillAsked: of a token that was let in before only
// the signature is not checked again.
func TestRememberedTokensAreStillAsked(t *testing.T) {
	t.Parallel()
	es := accepted()["ES256"]
	h := newHouse(t, es)
	g, r := h.listening(t, nil)
	token := es.token(h.claims().with(members{"authorization_details": []any{procedureEntry("1", "tax")}}))
	for range 3 {
		expect(t, call(g, guard.Requirement{Procedure: "1"}, token), 200, "")
		expect(t, call(g, guard.Requirement{Procedure: "2"}, token), 401, "insufficient_user_authentication")
		expect(t, call(g, guard.Requirement{Level: high}, token), 401, "insufficient_user_authentication")
		expect(t, call(g, guard.Requirement{Scopes: []string{"x"}}, token), 403, "insufficient_scope")
	}
	parts := strings.Split(token, ".")
	for name, bad := range map[string]string{
		"without its signature": parts[0] + "." + parts[1] + ".",
		"with another":          parts[0] + "." + parts[1] + "." + part(make([]byte, 64)),
		"with other claims":     parts[0] + "." + part(text(h.claims().with(members{"acr": high}))) + "." + parts[2],
	} {
		t.Run(name, func(t *testing.T) { expect(t, call(g, anybody, bad), 401, "invalid_token") })
	}
	h.advance(200 * time.Second)
	expect(t, call(g, guard.Requirement{MaxAge: 5 * time.Minute}, token), 200, "")
	h.advance(60 * time.Second)
	expect(t, call(g, guard.Requirement{MaxAge: 5 * time.Minute}, token), 401, "insufficient_user_authentication")
	push(r, es.event(h.event("e", h.person("pairwise-subject"), members{caepSession: members{}})))
	expect(t, call(g, anybody, token), 401, "invalid_token")
	other := es.token(h.claims().with(members{"sub": "bob"}))
	expect(t, call(g, anybody, other), 200, "")
	h.advance(310 * time.Second)
	expect(t, call(g, anybody, other), 401, "invalid_token")
}

// TestMemoryOfTokensIsBounded: however many come, each is answered rightly.
func TestMemoryOfTokensIsBounded(t *testing.T) {
	t.Parallel()
	key := newSigner("key-many", "EdDSA")
	h := newHouse(t, key)
	g := h.guard(t)
	padding := strings.Repeat("x", 10_000)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 300 {
				token := key.token(h.claims().with(members{"jti": string(rune('a'+i)) + string(rune('a'+j)), "padding": padding}))
				for range 2 {
					if w := call(g, anybody, token); w.Code != 200 {
						t.Errorf("answer %d", w.Code)
					}
				}
			}
		})
	}
	wg.Wait()
	if size, most := g.Kept(), 4<<20; size > most || size == 0 {
		t.Errorf("%d bytes of tokens are kept, want %d at most", size, most)
	}
}
