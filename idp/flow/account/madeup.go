package account

import (
	"crypto/rand"
	"math/big"
	"strings"
)

// The parts of made-up login names: syllables that are easy to read, to say
// on the telephone and to type on any keyboard, of letters that nobody takes
// for another (no c, q, w, x, y; no j).
const (
	consonants = "bdfgklmnprstvz"
	vowels     = "aeiou"
)

// madeUpName makes up a login name like "luka-mosi-4821". It says nothing
// about the person, and there are 240 thousand million of them, so that few are taken.
func madeUpName() string {
	var b strings.Builder
	for i := range 4 {
		if i == 2 {
			b.WriteByte('-')
		}
		b.WriteByte(consonants[below(len(consonants))])
		b.WriteByte(vowels[below(len(vowels))])
	}
	b.WriteByte('-')
	for range 4 {
		b.WriteByte("0123456789"[below(10)])
	}
	return b.String()
}

func below(n int) int {
	i, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		panic(err) // crypto/rand never fails
	}
	return int(i.Int64())
}
