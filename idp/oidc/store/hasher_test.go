package store

import (
	"testing"
)

// TestFositeComparesNoSecrets: its own hasher takes hundreds of milliseconds,
// and runs before anything else is looked at (FOSITE.md A8).
func TestFositeComparesNoSecrets(t *testing.T) {
	t.Parallel()
	if err := (noHasher{}).Compare(t.Context(), []byte("hash"), []byte("secret")); err == nil {
		t.Error("fosite's hasher compares")
	}
	if _, err := (noHasher{}).Hash(t.Context(), []byte("secret")); err == nil {
		t.Error("fosite's hasher hashes")
	}
}
