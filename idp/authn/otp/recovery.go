package otp

import (
	"crypto/rand"
	"strings"
)

// RecoveryCodes is how many recovery codes a person gets at a time.
const RecoveryCodes = 10

// alphabet is Crockford's: no I, L, O or U, which are taken for others.
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// recoverySymbols makes codes of 60 bits: too many to guess, few enough to type.
const recoverySymbols = 12

// NewRecoveryCode makes a recovery code in its readable form, XXXX-XXXX-XXXX.
func NewRecoveryCode() string {
	raw := make([]byte, recoverySymbols)
	_, _ = rand.Read(raw) // never fails (crypto/rand)
	for i, b := range raw {
		raw[i] = alphabet[b%32] // 256 is a multiple of 32: no symbol is likelier
	}
	return groups(string(raw), '-')
}

// lookAlikes maps what people take for a symbol, Cyrillic letters included:
// whoever has a Russian keyboard on does not see the difference.
var lookAlikes = strings.NewReplacer(
	"O", "0", "I", "1", "L", "1",
	"А", "A", "В", "B", "С", "C", "Е", "E", "Н", "H", "К", "K", "М", "M", "О", "0", "Р", "P", "Т", "T", "Х", "X", "У", "Y",
	"І", "1", "Ѕ", "S", "Ј", "J",
)

// ReadRecoveryCode returns a typed recovery code in the form in which it is
// compared, and whether it can be one at all. Case, spaces and hyphens do not matter.
func ReadRecoveryCode(typed string) (string, bool) {
	if len(typed) > 8*recoverySymbols {
		return "", false
	}
	code := lookAlikes.Replace(strings.ToUpper(Clean(typed)))
	if len(code) != recoverySymbols || strings.Trim(code, alphabet) != "" {
		return "", false
	}
	return code, true
}
