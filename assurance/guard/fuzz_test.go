package guard_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"surety/assurance/guard"
)

// FuzzToken: whatever comes as a token, only what Surety signed is let in.
func FuzzToken(f *testing.F) {
	es, rs := accepted()["ES256"], accepted()["RS256"]
	h := newHouse(f, es, rs)
	g := h.guard(f)
	claims := h.claims()
	genuine := []string{es.token(claims), rs.token(claims)}
	for _, token := range append(slices.Clone(genuine),
		compact(es.header().with(members{"alg": "none"}), claims, unsigned),
		compact(es.header().with(members{"jwk": es.jwk()}), claims, es.sign),
		compact(members{"alg": "HS256", "typ": "at+jwt", "kid": rs.kid}, claims, hs256([]byte("key"))),
		compact(es.header(), claims.with(members{"cnf": members{}}), es.sign),
		"", ".", "..", "a.b.c", strings.Repeat("A", 16<<10),
	) {
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		w := call(g, guard.Requirement{Level: basic}, token)
		switch w.Code {
		case http.StatusOK:
			covered := token[:strings.LastIndex(token, ".")]
			if !slices.ContainsFunc(genuine, func(good string) bool { return strings.HasPrefix(good, covered+".") }) {
				t.Errorf("let in %q", token)
			}
		case http.StatusUnauthorized, http.StatusBadRequest:
			leaks(t, "answer", dump(w), token)
		default:
			t.Errorf("answer %d to %q", w.Code, token)
		}
	})
}

// FuzzClaims: whatever Surety's key has signed, it is let in only if another
// reader of JSON sees the same issuer and audience in it, and no cnf.
func FuzzClaims(f *testing.F) {
	key := newSigner("key-fuzz", "EdDSA")
	h := newHouse(f, key)
	g := h.guard(f)
	whole := string(text(h.claims()))
	f.Add(whole)
	f.Add(string(text(h.claims().with(members{"aud": []string{"b", api}, "nbf": 1.5e9, "cnf": members{"jkt": "a"}}))))
	f.Add(strings.Replace(whole, `"aud"`, `"aud":"x","aud"`, 1))
	f.Add(strings.Replace(whole, `"exp":`, `"exp":1e`, 1))
	f.Add("null")
	f.Fuzz(func(t *testing.T, claims string) {
		if len(claims) > 8<<10 {
			return
		}
		w := call(g, guard.Requirement{}, compact(key.header(), claims, key.sign))
		if w.Code != http.StatusOK {
			expect(t, w, http.StatusUnauthorized, "invalid_token")
			return
		}
		var seen map[string]any
		if err := json.Unmarshal([]byte(claims), &seen); err != nil {
			t.Fatalf("let in what is not JSON: %q", claims)
		}
		list, _ := seen["aud"].([]any)
		_, bound := seen["cnf"]
		now := float64(h.now().Unix())
		if seen["iss"] != h.URL || seen["aud"] != api && !slices.Contains(list, any(api)) || bound || seen["exp"].(float64)+10 <= now {
			t.Errorf("let in %s", claims)
		}
	})
}
