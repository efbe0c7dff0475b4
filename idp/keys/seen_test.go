package keys

import (
	"fmt"
	"testing"
	"time"
)

// TestSeenTokensAreStillChecked shows that remembering a token opens nothing:
// another type, one changed character and another set are refused as before.
func TestSeenTokensAreStillChecked(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	key, err := NewSigningKey(ES256, now)
	if err != nil {
		t.Fatal(err)
	}
	key.PublishedAt, key.ActiveAt = now, now
	set, err := NewSet([]SigningKey{key}, now)
	if err != nil {
		t.Fatal(err)
	}
	token, err := set.Sign(ES256, "at+jwt", []byte(`{"sub":"anna"}`))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if payload, h, err := set.Verify(token, "at+jwt"); err != nil || string(payload) != `{"sub":"anna"}` || h.Type != "at+jwt" {
			t.Fatalf("a good token: %s %v %v", payload, h, err)
		}
	}
	if _, _, err := set.Verify(token, "JWT"); err == nil {
		t.Error("a seen token passed for another type")
	}
	if _, _, err := set.Verify(token[:len(token)-1]+"A", "at+jwt"); err == nil && token[len(token)-1] != 'A' {
		t.Error("a changed token passed for the one that was seen")
	}
	other, err := NewSet(nil, now)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := other.Verify(token, "at+jwt"); err == nil {
		t.Error("a set that lacks the key accepts what another set has seen")
	}
}

func TestSeenIsBounded(t *testing.T) {
	t.Parallel()
	var s seen
	for i := range 10 * generation {
		s.add([32]byte{byte(i), byte(i >> 8), byte(i >> 16)}, verified{payload: fmt.Appendf(nil, "%d", i)})
		if n := len(s.young) + len(s.older); n > 2*generation {
			t.Fatalf("%d tokens are remembered", n)
		}
	}
	if v, ok := s.find([32]byte{0xff, byte((10*generation - 1) >> 8), byte((10*generation - 1) >> 16)}); !ok || string(v.payload) != fmt.Sprint(10*generation-1) {
		t.Error("the last token is forgotten")
	}
}
