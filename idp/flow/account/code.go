package account

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/big"
	"strings"

	"surety/idp"
	"surety/idp/session"
)

// codeDigits is the length of a code.
const codeDigits = 6

// secret is what a message carries: a short code, and by e-mail a link.
type secret struct {
	code  string
	token string // of the link; empty by SMS
}

// newSecret makes the code and link of one message. By e-mail the code follows
// from the link's token, so that whoever holds the link can be shown the code
// without anybody having stored it.
func (f *Flow) newSecret(kind idp.ContactKind, id idp.ProofID) secret {
	if kind == idp.ContactEmail {
		token := session.NewSecret()
		return secret{code: f.codeOf(token, id), token: token}
	}
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		panic(err) // crypto/rand never fails
	}
	return secret{code: fmt.Sprintf("%06d", n.Int64())}
}

// codeOf is the short code that goes with a link.
func (f *Flow) codeOf(token string, id idp.ProofID) string {
	sum := f.p.Ring.MAC("code of link", []byte(token), []byte(id))
	return fmt.Sprintf("%06d", binary.BigEndian.Uint64(sum[:8])%1_000_000)
}

// store puts the secret into the attempt in the form in which it is kept.
func (f *Flow) store(s secret, p *idp.ContactProof) {
	mac := f.codeMAC(p.ID, s.code)
	p.CodeMAC, p.LinkHash = mac[:], nil
	if s.token != "" {
		sum := sha256.Sum256([]byte(s.token))
		p.LinkHash = sum[:]
	}
}

// codeMAC is the form in which a code is stored: a code is good for one
// attempt only, and nobody can try guesses on a stolen database.
func (f *Flow) codeMAC(id idp.ProofID, code string) [32]byte {
	return f.p.Ring.MAC("contact code", []byte(id), []byte(code))
}

// right compares a typed code. An attempt without a code has no right one.
func (f *Flow) right(p idp.ContactProof, typed string) bool {
	mac := f.codeMAC(p.ID, cleanCode(typed))
	return len(p.CodeMAC) > 0 && hmac.Equal(mac[:], p.CodeMAC)
}

// cleanCode takes out what people type between digits.
func cleanCode(typed string) string {
	return strings.Map(func(c rune) rune {
		if c == ' ' || c == '-' || c == '\u00a0' || c == '\t' {
			return -1
		}
		return c
	}, typed)
}

// wellFormed reports whether text can be a code at all. What cannot is a slip
// and costs no try.
func wellFormed(code string) bool {
	return len(code) == codeDigits && strings.Trim(code, "0123456789") == ""
}
