package password

import "strings"

// The three rows of letters as a keyboard with Cyrillic letters has them in
// Russian, Belarusian and Ukrainian, above the Latin letters on the same keys.
// The keys are those of the Latin rows from "q", "a" and "z" on.
var (
	latinKeys    = []rune("qwertyuiop[]asdfghjkl;'zxcvbnm,.`")
	cyrillicKeys = [][]rune{
		[]rune("йцукенгшщзхъфывапролджэячсмитьбюё"),
		[]rune("йцукенгшўзх'фывапролджэячсмітьбюё"),
		[]rune("йцукенгшщзхїфівапролджєячсмитьбюґ"),
	}
)

// toLatin says which Latin key lies under a Cyrillic letter, toCyrillic the
// other way round (by the Russian layout, the most common one).
var toLatin, toCyrillic = keyMaps()

func keyMaps() (latin, cyrillic map[rune]rune) {
	latin, cyrillic = map[rune]rune{}, map[rune]rune{}
	for _, layout := range cyrillicKeys {
		for i, letter := range layout {
			if _, taken := latin[letter]; !taken && letter != '\'' {
				latin[letter] = latinKeys[i]
			}
			if _, taken := cyrillic[latinKeys[i]]; !taken {
				cyrillic[latinKeys[i]] = letter
			}
		}
	}
	return latin, cyrillic
}

func mapped(text string, table map[rune]rune) string {
	return strings.Map(func(r rune) rune {
		if to, ok := table[r]; ok {
			return to
		}
		return r
	}, text)
}

// leet maps the usual disguises to letters.
var leet = map[rune]rune{
	'0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '8': 'b',
	'@': 'a', '$': 's', '!': 'i', '|': 'l', '+': 't', '€': 'e',
}

// spelled maps Cyrillic letters to the Latin ones that people spell their
// names with; there are many systems, this is their common ground.
var spelled = map[rune]string{
	'а': "a", 'б': "b", 'в': "v", 'г': "g", 'ґ': "g", 'д': "d", 'е': "e", 'ё': "e", 'є': "ie", 'ж': "zh",
	'з': "z", 'и': "i", 'і': "i", 'ї': "i", 'й': "y", 'к': "k", 'л': "l", 'м': "m", 'н': "n", 'о': "o",
	'п': "p", 'р': "r", 'с': "s", 'т': "t", 'у': "u", 'ў': "u", 'ф': "f", 'х': "kh", 'ц': "ts", 'ч': "ch",
	'ш': "sh", 'щ': "shch", 'ъ': "", 'ы': "y", 'ь': "", 'э': "e", 'ю': "yu", 'я': "ya",
}

func latin(word string) string {
	var out strings.Builder
	for _, r := range word {
		if s, ok := spelled[r]; ok {
			out.WriteString(s)
		} else {
			out.WriteRune(r)
		}
	}
	return out.String()
}

// formsOf gives the readings of a password: as it is, as if the keyboard had
// been switched, and without separators. All have lower case.
func formsOf(password string) [][]rune {
	plain := strings.ToLower(password)
	bare := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -_.,:/", r) {
			return -1
		}
		return r
	}, plain)
	seen := map[string]bool{}
	var forms [][]rune
	for _, form := range []string{plain, bare, mapped(plain, toLatin), mapped(plain, toCyrillic)} {
		if !seen[form] {
			seen[form] = true
			forms = append(forms, []rune(form))
		}
	}
	return forms
}
