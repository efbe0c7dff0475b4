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

// FuzzDetails: whatever stands in authorization_details, a procedure is met
// only if another reader of JSON sees its grant in it, and nothing beside.
func FuzzDetails(f *testing.F) {
	key := newSigner("key-fuzz", "EdDSA")
	h := newHouse(f, key)
	g := h.guard(f)
	whole := string(text(h.claims()))
	entry := string(text(procedureEntry("3.77.01", "tax")))
	for _, details := range []string{
		"[" + entry + "]", "[]", "null", entry, `[{"type":"procedure","code":"1"},` + entry + `]`, `[{"type":"acting_for","x":{"code":[1]}},` + entry + `]`,
		`[{"type":"procedure","code":"1","code":"3.77.01","agency":"tax"}]`, `[{"type":"procedure","code":"3.77.01","agency":"tax","until":1}]`,
		`[{"type":"procedur\u0065","code":"3.77.01","agency":"tax"}]`, `[` + strings.Repeat(entry+",", 70) + entry + `]`,
	} {
		f.Add(details)
	}
	f.Fuzz(func(t *testing.T, details string) {
		if len(details) > 9<<10 {
			return
		}
		token := compact(key.header(), whole[:len(whole)-1]+`,"authorization_details":`+details+"}", key.sign)
		w := call(g, guard.Requirement{Procedure: "3.77.01", Agency: "tax"}, token)
		if w.Code != http.StatusOK {
			if w.Code != http.StatusUnauthorized && w.Code != http.StatusForbidden {
				t.Errorf("answer %d to %q", w.Code, details)
			}
			return
		}
		var seen struct {
			Details []map[string]any `json:"authorization_details"`
		}
		if err := json.Unmarshal([]byte(`{"authorization_details":`+details+"}"), &seen); err != nil {
			t.Fatalf("let in by what is not JSON: %q", details)
		}
		if !slices.ContainsFunc(seen.Details, func(e map[string]any) bool {
			return len(e) == 3 && e["type"] == "procedure" && e["code"] == "3.77.01" && e["agency"] == "tax"
		}) {
			t.Errorf("let in by %q", details)
		}
	})
}

// FuzzEvent: whatever Surety's key has signed as an event, only one of Surety
// for this client takes something back.
func FuzzEvent(f *testing.F) {
	key := newSigner("key-fuzz", "EdDSA")
	h := newHouse(f, key)
	good := h.event("e1", sessionOf(h.person("anna"), "s1"), members{caepSession: members{"event_timestamp": h.now().Unix()}})
	f.Add(string(text(good)))
	f.Add(string(text(good.with(members{"sub_id": h.person("anna"), "events": members{caepLevel: members{"change_direction": "decrease"}}}))))
	f.Add(string(text(good.with(members{"aud": []string{"a", "portal-client"}, "toe": 1}))))
	f.Add(string(text(good.with(members{"iss": "x"}))))
	f.Add(`{"events":{}}`)
	f.Fuzz(func(t *testing.T, claims string) {
		if len(claims) > 8<<10 {
			return
		}
		_, r := h.listening(t, nil)
		w := push(r, key.event(claims))
		if w.Code != http.StatusAccepted && w.Code != http.StatusBadRequest {
			t.Errorf("answer %d to %q", w.Code, claims)
		}
		if r.Remembered() == 0 {
			return
		}
		var seen map[string]any
		if err := json.Unmarshal([]byte(claims), &seen); err != nil {
			t.Fatalf("followed what is not JSON: %q", claims)
		}
		list, _ := seen["aud"].([]any)
		if w.Code != http.StatusAccepted || seen["iss"] != h.URL || seen["aud"] != "portal-client" && !slices.Contains(list, any("portal-client")) {
			t.Errorf("followed %q", claims)
		}
	})
}
