package factor

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"surety/idp"
)

// kind keeps the forms of one page from being taken for those of another. It
// is the purpose of their seal.
type kind string

const (
	addApp     kind = "add an app"
	addPasskey kind = "add a passkey"
	askPasskey kind = "ask for a passkey"
	signIn     kind = "sign in by passkey"
)

// attempt is what a page carries, sealed, between question and answer.
type attempt struct {
	Secret      []byte            `json:"secret,omitempty"` // of a new app
	State       []byte            `json:"state,omitempty"`  // of a passkey's challenge
	Interaction idp.InteractionID `json:"interaction,omitempty"`
	ExpiresAt   time.Time         `json:"expires_at"`
}

// maxAttempt bounds what is opened of a form.
const maxAttempt = 8 << 10

// seal makes the text for the page. It opens in the same place only.
func (f *Flow) seal(k kind, place [32]byte, a attempt) (string, error) {
	plain, err := json.Marshal(a)
	if err != nil {
		return "", fmt.Errorf("seal form to %s: %w", k, err)
	}
	return base64.RawURLEncoding.EncodeToString(f.p.Ring.Seal("factor: "+string(k), place[:], plain)), nil
}

// open reads what seal made, in this place. hash names the attempt, so that it
// is answered once: the plain text, not the sealed one, names it, whatever
// could be done to the envelope. Errors: ErrAttempt.
func (f *Flow) open(k kind, place [32]byte, text string, now time.Time) (a attempt, hash [32]byte, err error) {
	if len(text) > maxAttempt {
		return a, hash, ErrAttempt
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return a, hash, ErrAttempt.Because(err)
	}
	plain, err := f.p.Ring.Open("factor: "+string(k), place[:], sealed)
	if err != nil {
		return a, hash, ErrAttempt.Because(err)
	}
	if err := json.Unmarshal(plain, &a); err != nil {
		return a, hash, fmt.Errorf("read form to %s: %w", k, err)
	}
	if !now.Before(a.ExpiresAt) {
		return a, hash, ErrAttempt
	}
	return a, sha256.Sum256(plain), nil
}

// sum hashes parts, each with its length in front so that none runs into the next.
func sum(purpose string, parts ...[]byte) [32]byte {
	h := sha256.New()
	for _, part := range append([][]byte{[]byte(purpose)}, parts...) {
		_ = binary.Write(h, binary.BigEndian, uint64(len(part))) // a hash takes everything
		h.Write(part)
	}
	return [32]byte(h.Sum(nil))
}
