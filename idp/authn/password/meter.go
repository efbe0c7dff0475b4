package password

import (
	"strings"

	zxcvbn "github.com/ccojocar/zxcvbn-go"
)

// metered is how much of a password the meter looks at: its work grows with
// the square of the length, and what is hard to guess after so many characters
// stays so.
const metered = 64

// Strength rates a password from 0 (guessed at once) to 4 (out of reach), for
// a hint beside the field. Check refuses 0 and 1.
func Strength(password string, about About) int {
	return strength(Normalize(password), personalWords(about).list())
}

// strength takes the worse of the password and its keys: the meter knows no
// Cyrillic words, and takes Cyrillic letters for noise.
func strength(password string, personal []string) int {
	if runes := []rune(password); len(runes) > metered {
		password = string(runes[:metered])
	}
	score := zxcvbn.PasswordStrength(password, personal).Score
	if keys := mapped(strings.ToLower(password), toLatin); keys != strings.ToLower(password) {
		score = min(score, zxcvbn.PasswordStrength(keys, personal).Score)
	}
	return score
}
