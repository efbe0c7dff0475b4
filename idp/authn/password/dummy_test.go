package password

import (
	"testing"
	"time"

	"surety/idp/keys"
)

// TestDummyCostsWhatAVerifierCosts: what is compared when there is no such
// login has the parameters of a verifier that is made today, in every part
// that time depends on.
func TestDummyCostsWhatAVerifierCosts(t *testing.T) {
	t.Parallel()
	h, err := New(Config{}, keys.NewRing(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	phc, err := h.Hash(t.Context(), "source", "correct horse battery staple")
	if err != nil {
		t.Fatal(err)
	}
	v, err := parseVerifier(phc)
	if err != nil {
		t.Fatal(err)
	}
	if h.dummy.params != v.params || h.dummy.keyID != v.keyID || len(h.dummy.salt) != len(v.salt) || len(h.dummy.hash) != len(v.hash) {
		t.Errorf("the dummy is %+v, a verifier %+v", h.dummy, v)
	}
}
