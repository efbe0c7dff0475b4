package password

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"surety/idp"
)

// The length of a password, in characters after NFC (DESIGN §6).
const (
	MinLength = 12
	MaxLength = 128
)

// minChoices is how many independent choices a password must take: a letter
// that nothing foretells is one, and so is a whole common word, a run along
// the keyboard, a year, a repetition, the person's own name. "Minsk-2026-Minsk"
// has sixteen characters and five choices.
const minChoices = 6

// minStrength is the least score of the meter (0 to 4): 0 and 1 fall within
// minutes to whoever has the verifiers and the ring.
const minStrength = 2

// What may be wrong with a new password. Each says one thing that the person
// can do something about.
var (
	// ErrCharacters: control characters, or not text at all.
	ErrCharacters = idp.E(idp.CodeInvalid, "error.password.characters")
	// ErrShort: fewer than MinLength characters; arguments count (the least), length.
	ErrShort = idp.E(idp.CodeInvalid, "error.password.short")
	// ErrLong: more than MaxLength characters; argument count (the most).
	ErrLong = idp.E(idp.CodeInvalid, "error.password.long")
	// ErrCommon: made of common words, keyboard runs and repetitions.
	ErrCommon = idp.E(idp.CodeInvalid, "error.password.common")
	// ErrPersonal: made of the person's own login, address or name.
	ErrPersonal = idp.E(idp.CodeInvalid, "error.password.personal")
	// ErrWeak: the meter would guess it quickly.
	ErrWeak = idp.E(idp.CodeInvalid, "error.password.weak")
	// ErrBreached: on the operator's list of breached passwords.
	ErrBreached = idp.E(idp.CodeInvalid, "error.password.breached")
)

// About is what is known of the person and must not make up their password.
// Nothing of it is kept.
type About struct {
	Logins   []string // login names, e-mail addresses, telephone numbers
	Names    []string // surname, given name, patronymic
	Birthday string   // as digits or with separators; empty: not known
}

// Rules says what a password may be. It is safe for concurrent use.
type Rules struct {
	product  []string
	breached *Breached
}

// NewRules returns the rules of a house. product holds words that its people
// are likely to choose: the names of the service, its agencies and its place.
// breached may be nil.
func NewRules(product []string, breached *Breached) *Rules {
	return &Rules{product: product, breached: breached}
}

// Check says whether password may be the person's new one.
//
// Errors: ErrCharacters, ErrShort, ErrLong, ErrCommon, ErrPersonal, ErrWeak,
// ErrBreached; internal when the list of breached passwords cannot be read.
func (r *Rules) Check(password string, about About) error {
	if len(password) > maxBytes {
		return ErrLong.With("count", MaxLength)
	}
	if !utf8.ValidString(password) || strings.ContainsFunc(password, unicode.IsControl) {
		return ErrCharacters
	}
	password = Normalize(password)
	switch n := utf8.RuneCountInString(password); {
	case n < MinLength:
		return ErrShort.With("count", MinLength).With("length", n)
	case n > MaxLength:
		return ErrLong.With("count", MaxLength)
	}
	personal := personalWords(about)
	forms := formsOf(password)
	if choices(forms, common, wordsOf(r.product)) < minChoices {
		return ErrCommon
	}
	if choices(forms, common, wordsOf(r.product), personal) < minChoices {
		return ErrPersonal
	}
	if strength(password, personal.list()) < minStrength {
		return ErrWeak
	}
	known, err := r.breached.Has(password)
	if err != nil {
		return err
	}
	if known {
		return ErrBreached
	}
	return nil
}

//go:embed words.txt
var commonText string

// common holds words and whole passwords that many people use, in four
// languages, in lower case. It is read only.
var common = wordsOf(strings.Fields(stripComments(commonText)))

func stripComments(text string) string {
	var kept strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// words is a set of words that count as one choice each.
type words struct {
	set     map[string]bool
	longest int // in runes
}

// minWord is the shortest word that is worth a choice of its own.
const minWord = 3

func wordsOf(list []string) words {
	w := words{set: make(map[string]bool, len(list))}
	for _, word := range list {
		w.add(word)
	}
	return w
}

func (w *words) add(word string) {
	word = strings.ToLower(word)
	if n := utf8.RuneCountInString(word); n >= minWord {
		w.set[word] = true
		w.longest = max(w.longest, n)
	}
}

func (w words) list() []string {
	list := make([]string, 0, len(w.set))
	for word := range w.set {
		list = append(list, word)
	}
	return list
}

// personalWords are the words of About and their parts, also as they would be
// spelled in Latin letters. (The other keyboard layout is a form of the password.)
func personalWords(about About) words {
	w := wordsOf(nil)
	add := func(text string) {
		text = strings.ToLower(Normalize(text))
		w.add(text)
		parts := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		for _, part := range parts {
			w.add(part)
			w.add(latin(part))
		}
		slices.Reverse(parts) // a date the other way round
		w.add(strings.Join(parts, ""))
		if digits := onlyDigits(text); len(digits) >= 6 {
			w.add(digits)
			w.add(digits[max(0, len(digits)-9):]) // a number without its country
			w.add(digits[len(digits)-6:])
		}
	}
	for _, text := range append(append([]string{about.Birthday}, about.Logins...), about.Names...) {
		add(text)
	}
	return w
}

func onlyDigits(text string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
}
