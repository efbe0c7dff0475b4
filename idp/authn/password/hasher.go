package password

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"time"

	"surety/assurance"
	"surety/idp"

	"golang.org/x/text/unicode/norm"
)

// ErrWrong says that the password is not the account's, or that there is no
// such account: nobody can tell which.
var ErrWrong = idp.E(idp.CodeInvalid, "error.password.wrong")

// pepperPurpose is the purpose of the pepper among those of the key ring.
const pepperPurpose = "password pepper"

// maxBytes bounds what is normalised: 128 characters of four bytes, each with
// a few marks that NFC joins. Anything longer is no password of ours.
const maxBytes = 4 * 4 * MaxLength

// Pepper is what the key ring does for passwords.
type Pepper interface {
	// MAC authenticates parts under a key outside the database.
	MAC(purpose string, parts ...[]byte) [32]byte
	// MACID names that key.
	MACID() string
}

// Config says how much may be hashed at once. Its zero value is the default.
type Config struct {
	Workers   int // hashes at a time, 19 MiB each; 0: 2
	Waiting   int // waiting in all; 0: 256
	PerSource int // waiting of one source; 0: 64
}

// Hasher makes and compares verifiers. It is safe for concurrent use.
type Hasher struct {
	pepper Pepper
	now    func() time.Time
	queue  *queue
	dummy  verifier // compared with when there is no such login
}

// New returns a hasher. now measures how long hashes take.
func New(config Config, pepper Pepper, now func() time.Time) (*Hasher, error) {
	h := &Hasher{
		pepper: pepper,
		now:    now,
		queue:  newQueue(orDefault(config.Workers, 2), orDefault(config.Waiting, 256), orDefault(config.PerSource, 64)),
	}
	if err := h.queue.free[0].selfTest(); err != nil {
		return nil, err
	}
	h.dummy = verifier{params: ours, keyID: pepper.MACID(), salt: make([]byte, saltSize), hash: make([]byte, ours.size)}
	_, _ = rand.Read(h.dummy.salt)
	_, _ = rand.Read(h.dummy.hash)
	return h, nil
}

func orDefault(n, usual int) int {
	if n > 0 {
		return n
	}
	return usual
}

// Hash returns the verifier of a password in PHC form. Whether the password
// may be one is for Rules to say, before.
//
// Errors: ErrBusy; the context's.
func (h *Hasher) Hash(ctx context.Context, source, password string) (string, error) {
	v := verifier{params: ours, keyID: h.pepper.MACID(), salt: make([]byte, saltSize)}
	_, _ = rand.Read(v.salt) // never fails (crypto/rand)
	var err error
	v.hash, err = h.compute(ctx, source, password, v)
	if err != nil {
		return "", err
	}
	return v.String(), nil
}

// Verify compares a password with a credential and says what was proven. For
// the zero credential (no such login) it takes as long and fails with
// ErrWrong. source is what the queue is fair to: the address of the browser.
//
// Take a try from the throttle before: whoever is blocked must not cost a hash.
//
// Errors: ErrWrong; ErrBusy; the context's; internal ones for a verifier that
// cannot be used.
func (h *Hasher) Verify(ctx context.Context, now time.Time, source, password string, credential idp.Credential) (assurance.Use, error) {
	v, known := h.dummy, credential.Verifier != ""
	if known {
		var err error
		if v, err = parseVerifier(credential.Verifier); err != nil {
			return assurance.Use{}, fmt.Errorf("credential %s: %w", credential.ID, err)
		}
	}
	hash, err := h.compute(ctx, source, password, v)
	if err != nil {
		return assurance.Use{}, err
	}
	// Compared in both cases, so that the two differ in nothing.
	if equal := subtle.ConstantTimeCompare(hash, v.hash) == 1; !equal || !known {
		return assurance.Use{}, ErrWrong
	}
	return use(now, credential), nil
}

// use is what a right password proves.
func use(now time.Time, c idp.Credential) assurance.Use {
	u := assurance.Use{Method: c.Method, At: now, AMR: []string{"pwd"}, BoundLevel: c.BoundLevel}
	if u.Method == "" {
		u.Method = assurance.MethodPassword
	}
	if now.Before(c.DependsUntil) {
		u.DependsOn = slices.Clone(c.DependsOn)
	}
	return u
}

// NeedsRehash reports whether a verifier was made with other parameters, or
// without the present pepper. Only its password can tell the new one, so hash
// anew after a login that succeeded.
func (h *Hasher) NeedsRehash(phc string) bool {
	v, err := parseVerifier(phc)
	return err != nil || v.params != ours || v.keyID != h.pepper.MACID() || len(v.salt) != saltSize
}

// Waiting is how many wait for a worker now, for the metrics.
func (h *Hasher) Waiting() int {
	h.queue.mu.Lock()
	defer h.queue.mu.Unlock()
	return h.queue.waiting
}

// compute waits for a worker and hashes password as v says.
func (h *Hasher) compute(ctx context.Context, source, password string, v verifier) ([]byte, error) {
	input, err := h.peppered(password, v.keyID)
	if err != nil {
		return nil, err
	}
	defer clear(input)
	start := h.now()
	a, err := h.queue.acquire(ctx, start, source)
	if err != nil {
		return nil, err
	}
	start = h.now()
	hash := a.key(input, v.salt, v.params)
	h.queue.release(a, h.now().Sub(start))
	return hash, nil
}

// peppered gives what goes into Argon2id. A pepper that is not ours can only
// be a ring that lost its index key: a failure, not a wrong password.
func (h *Hasher) peppered(password, keyID string) ([]byte, error) {
	normal := []byte(Normalize(password))
	switch keyID {
	case "": // imported, made without one
		return normal, nil
	case h.pepper.MACID():
		sum := h.pepper.MAC(pepperPurpose, normal)
		clear(normal)
		return sum[:], nil
	}
	return nil, errors.New("password: the verifier was made with another index key")
}

// Normalize gives the form in which passwords are counted, compared and
// hashed: NFC (DESIGN §6), so that one keyboard's é is the other's. Text that
// is too long to be a password becomes empty, which none is.
func Normalize(password string) string {
	if len(password) > maxBytes {
		return ""
	}
	return norm.NFC.String(password)
}
