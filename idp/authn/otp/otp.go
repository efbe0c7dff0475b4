package otp

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"image/png"
	"strings"
	"time"

	"surety/assurance"
	"surety/idp"

	library "github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"
)

// The parameters that every app knows.
const (
	period      = 30 * time.Second
	digits      = 6
	secretBytes = 20 // as long as the hash (RFC 4226, section 4, R6)
	drift       = 1  // steps either way
)

// Errors of a code.
var (
	ErrShape = idp.E(idp.CodeInvalid, "error.otp.format").In("code") // it cannot be one: no try
	ErrWrong = idp.E(idp.CodeInvalid, "error.otp.wrong").In("code")
	// ErrUsed says that the code was right and has been used: the app shows
	// another one within half a minute.
	ErrUsed = idp.E(idp.CodeInvalid, "error.otp.used").In("code")
)

// NewSecret makes a secret for an app.
func NewSecret() []byte {
	secret := make([]byte, secretBytes)
	_, _ = rand.Read(secret) // never fails (crypto/rand)
	return secret
}

var encoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// Card is a secret as a person takes it over into an app.
type Card struct {
	Key string // to type: groups of four letters and digits
	URI string // otpauth://totp/...
	QR  []byte // PNG of the URI
}

// qrSize is the width of the picture in pixels: large enough for an old camera.
const qrSize = 264

// NewCard writes a secret down. The app shows issuer and login beside its codes.
func NewCard(secret []byte, issuer, login string) (Card, error) {
	// A colon parts issuer from login in the label of the URI.
	key, err := totp.Generate(totp.GenerateOpts{
		Issuer: strings.ReplaceAll(issuer, ":", " "), AccountName: strings.ReplaceAll(login, ":", " "), Secret: secret,
		Period: uint(period / time.Second), Digits: library.DigitsSix, Algorithm: library.AlgorithmSHA1,
	})
	if err != nil {
		return Card{}, fmt.Errorf("write secret of an app: %w", err)
	}
	picture, err := key.Image(qrSize, qrSize)
	if err != nil {
		return Card{}, fmt.Errorf("draw secret of an app: %w", err)
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		return Card{}, fmt.Errorf("draw secret of an app: %w", err)
	}
	return Card{Key: groups(key.Secret(), ' '), URI: key.String(), QR: out.Bytes()}, nil
}

// groups parts text into fours.
func groups(text string, between byte) string {
	var b strings.Builder
	for i := range len(text) {
		if i > 0 && i%4 == 0 {
			b.WriteByte(between)
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// Clean takes out what people type between digits.
func Clean(typed string) string {
	return strings.Map(func(c rune) rune {
		switch c {
		case ' ', '-', '\u00a0', '\u2009', '\t':
			return -1
		}
		return c
	}, typed)
}

// IsCode reports whether cleaned text can be a code of an app.
func IsCode(clean string) bool {
	return len(clean) == digits && strings.Trim(clean, "0123456789") == ""
}

// Check compares a code with those of now and of one step before and after,
// and returns the step that it belongs to, which is later than last. The
// caller keeps the step as the new last in one conditional update: two that
// come with the same code at the same moment get here both.
//
// Errors: ErrShape, ErrWrong, ErrUsed.
func Check(secret []byte, typed string, last int64, now time.Time) (step int64, err error) {
	code := Clean(typed)
	if !IsCode(code) {
		return 0, ErrShape
	}
	text, current := encoding.EncodeToString(secret), now.Unix()/int64(period/time.Second)
	err = ErrWrong
	// All three are computed and compared, whichever fits.
	for at := current - drift; at <= current+drift; at++ {
		want, failed := hotp.GenerateCodeCustom(text, uint64(at), hotp.ValidateOpts{Digits: library.DigitsSix, Algorithm: library.AlgorithmSHA1})
		if failed != nil {
			return 0, fmt.Errorf("compute code of an app: %w", failed)
		}
		switch {
		case subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 0:
		case at > last:
			return at, nil
		default:
			err = ErrUsed
		}
	}
	return 0, err
}

// At is the code that an app with the secret shows at a time: for sample
// people and tests, who have no app.
func At(secret []byte, now time.Time) (string, error) {
	return totp.GenerateCodeCustom(encoding.EncodeToString(secret), now, totp.ValidateOpts{
		Period: uint(period / time.Second), Digits: library.DigitsSix, Algorithm: library.AlgorithmSHA1,
	})
}

// ParseKey reads the text form of a secret, as an app would.
func ParseKey(text string) ([]byte, error) {
	secret, err := encoding.DecodeString(strings.ToUpper(strings.TrimRight(Clean(text), "=")))
	if err != nil || len(secret) < 10 {
		return nil, idp.E(idp.CodeInvalid, "error.otp.key")
	}
	return secret, nil
}

// AMR is what a code proves (RFC 8176).
func AMR() []string { return []string{"otp"} }

// Channel is the channel of a use by recovery code; a use by the app has none.
const Channel = "recovery"

// Use is what a right code proves.
func Use(f idp.Factor, recovery bool, now time.Time) assurance.Use {
	u := f.Use(now)
	if recovery {
		u.Channel = Channel
	}
	return u
}
