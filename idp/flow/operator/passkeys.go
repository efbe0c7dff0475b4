package operator

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"surety/idp"
)

// Passkeys makes WebAuthn options and checks the answers; idp/authn/passkey
// has it. State is whatever the check of the answer needs; it holds the
// challenge and nothing secret to the one who is asked.
type Passkeys interface {
	// Register makes the options to create a passkey for the operator, with
	// user verification, in JSON for the page's script.
	Register(operator idp.OperatorID, name string) (options, state []byte, err error)
	// Registered checks the answer and returns the passkey.
	// Errors: invalid.
	Registered(state, answer []byte) (idp.OperatorPasskey, error)
	// Ask makes the options to log in with any passkey of ours.
	Ask() (options, state []byte, err error)
	// CredentialID reads which passkey the answer claims to be of, unchecked.
	// Errors: invalid.
	CredentialID(answer []byte) ([]byte, error)
	// Asked checks the answer against the passkey it claims to be of and
	// returns the passkey with what the answer changed.
	// Errors: invalid.
	Asked(state, answer []byte, p idp.OperatorPasskey) (idp.OperatorPasskey, error)
}

// attemptLife is how long a page that asks for a passkey may stand open.
const attemptLife = 10 * time.Minute

// attempt is what a page carries, sealed, between question and answer.
type attempt struct {
	Invite    []byte         `json:"invite,omitempty"`   // hash of the invitation it belongs to
	Operator  idp.OperatorID `json:"operator,omitempty"` // who will be made
	State     []byte         `json:"state"`
	ExpiresAt time.Time      `json:"expires_at"`
}

const attemptPurpose = "operator passkey attempt"

// errNoPasskeys is a wiring without passkeys: the issuer's host is an address,
// and browsers give passkeys to names only.
var errNoPasskeys = idp.E(idp.CodeUnavailable, "error.unavailable").Because(errors.New("operators need an issuer whose host is a name"))

// sealAttempt makes the text for the page. The purpose of the seal keeps it
// from being taken for any other sealed value.
func (s *Service) sealAttempt(a attempt) (string, error) {
	plain, err := json.Marshal(a)
	if err != nil {
		return "", fmt.Errorf("seal passkey attempt: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(s.Ring.Seal(attemptPurpose, nil, plain)), nil
}

// openAttempt reads what sealAttempt made, for this invitation (or none).
// hash names the attempt, so that it is answered once.
func (s *Service) openAttempt(text string, invite []byte, now time.Time) (a attempt, hash [32]byte, err error) {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return attempt{}, hash, ErrPasskey.Because(err)
	}
	plain, err := s.Ring.Open(attemptPurpose, nil, sealed)
	if err != nil {
		return attempt{}, hash, ErrPasskey.Because(err)
	}
	if err := json.Unmarshal(plain, &a); err != nil {
		return attempt{}, hash, fmt.Errorf("read passkey attempt: %w", err)
	}
	switch {
	case !now.Before(a.ExpiresAt):
		return attempt{}, hash, ErrAttemptOver
	case !bytes.Equal(a.Invite, invite):
		return attempt{}, hash, ErrPasskey.Because(fmt.Errorf("attempt of another page"))
	}
	// The plain text, not the sealed one, names the attempt: whatever could be
	// done to the envelope, the challenge inside is good once.
	return a, sha256.Sum256(plain), nil
}
