package verification

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MaxNameLength is how many characters a part of a name may have (RULES R8).
const MaxNameLength = 100

// Name is a person's name as in their document (RULES R8). At least one part
// is there; an empty one says that the document has none.
type Name struct {
	Surname    string
	Given      string
	Patronymic string
}

// Stated is a part of a name as a person states it: what they typed, or that
// their document has none. Leaving a part out by mistake is not the same as
// having none.
type Stated struct {
	Text string
	None bool
}

// NewName checks and tidies a name. Many people have one name, no patronymic,
// two surnames, an apostrophe, a hyphen, or letters that are not their
// neighbours': only what no document can hold is refused.
//
// Errors: invalid, one *Error a part, joined, in the order of the form, so
// that a person is told everything at once. The fields are family_name,
// given_name (OpenID Connect Core 1.0, section 5.1) and patronymic.
func NewName(surname, given, patronymic Stated) (Name, error) {
	var (
		n      Name
		faults []error
	)
	for _, part := range []struct {
		stated Stated
		field  string
		absent string // text key for a part that is neither typed nor said to be none
		to     *string
	}{
		{surname, "family_name", "error.name.family_required", &n.Surname},
		{given, "given_name", "error.name.given_required", &n.Given},
		{patronymic, "patronymic", "error.name.patronymic_required", &n.Patronymic},
	} {
		text, key := part.stated.check()
		switch {
		case key != "":
			fault := invalid(part.field, key)
			fault.Args = map[string]any{"count": MaxNameLength}
			faults = append(faults, fault)
		case text == "" && !part.stated.None:
			faults = append(faults, invalid(part.field, part.absent))
		}
		*part.to = text
	}
	if len(faults) == 0 && n == (Name{}) {
		faults = append(faults, invalid("family_name", "error.name.required"))
	}
	if len(faults) > 0 {
		return Name{}, errors.Join(faults...)
	}
	return n, nil
}

// check returns the tidied text, or the key of what is wrong with it.
func (s Stated) check() (text, key string) {
	// Four bytes are the longest character, and no sequence that composes to one
	// has more than four: beyond that nothing need be looked at.
	if len(s.Text) > 4*4*MaxNameLength {
		return "", "error.name.long"
	}
	if !utf8.ValidString(s.Text) {
		return "", "error.name.letters"
	}
	text = tidy(s.Text)
	switch {
	case text != "" && s.None:
		return "", "error.name.both"
	case utf8.RuneCountInString(text) > MaxNameLength:
		return "", "error.name.long"
	case text != "" && !spelt(text):
		return "", "error.name.letters"
	}
	return text, ""
}

// tidy composes the letters (Unicode NFC), so that one name has one spelling,
// makes one space of many, and puts the apostrophe and the hyphen for what
// keyboards and word processors offer in their place. True apostrophes stay as
// they are: in Ukrainian and Belarusian they are part of the alphabet.
func tidy(text string) string {
	text = strings.Join(strings.Fields(norm.NFC.String(text)), " ")
	return stray.Replace(text)
}

var stray = strings.NewReplacer("`", "'", "´", "'", "‘", "'", "‐", "-", "‑", "-", "–", "-")

// class is what a character is to the spelling of a name.
type class int

const (
	other class = iota
	start       // before the first character
	letter
	mark // an accent that did not compose with its letter
	apostrophe
	hyphen
	space
	stop // the full stop of "St. John" and "Jr."
	dot  // the middle dot of Catalan
)

func classOf(r rune) class {
	switch r {
	case '\'', '’', 'ʼ':
		return apostrophe
	case '-':
		return hyphen
	case ' ':
		return space
	case '.':
		return stop
	case '·':
		return dot
	}
	switch {
	case unicode.IsLetter(r):
		return letter
	case unicode.Is(unicode.M, r):
		return mark
	}
	return other
}

// spelt reports whether the text can be a name: words of letters, joined by
// single spaces, hyphens or apostrophes. Everything else is refused: digits
// and marks of punctuation, control characters, marks that turn the direction
// of writing, and with "<", "/", ":" and the full stop inside a word all that
// could become markup or a link in a message that greets the person.
func spelt(text string) bool {
	before, marks, letters := start, 0, 0
	for _, r := range text {
		c := classOf(r)
		if !c.follows(before) {
			return false
		}
		switch c {
		case letter:
			letters, marks = letters+1, 0
		case mark:
			if marks++; marks > 3 { // accents heaped up to deface a page
				return false
			}
		}
		before = c
	}
	return letters > 0 && before != hyphen && before != dot
}

// follows reports whether c may stand after before.
func (c class) follows(before class) bool {
	word := before == letter || before == mark
	switch c {
	case letter:
		return before != stop
	case mark:
		return word
	case apostrophe: // O'Neill, 't Hooft, al-'Amin, and at the end
		return word || before == start || before == space || before == hyphen
	case hyphen, dot:
		return word || (c == hyphen && before == apostrophe)
	case stop:
		return word
	case space:
		return word || before == apostrophe || before == stop
	}
	return false
}
