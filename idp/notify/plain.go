package notify

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// isBareAddress accepts one address without name, comment or route, as
// package contact makes them.
func isBareAddress(s string) bool {
	if len(s) > maxAddress || hasControl(s) || strings.ContainsAny(s, " ,;<>\"()") {
		return false
	}
	at := strings.IndexByte(s, '@')
	return at > 0 && at < len(s)-1 && strings.Count(s, "@") == 1 && isASCII(s)
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c > unicode.MaxASCII })
}

func hasControl(s string) bool {
	return !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl)
}

func isPlainText(s string) bool {
	return !hasControl(strings.NewReplacer("\r\n", "", "\n", "", "\t", "").Replace(s))
}

func isLanguage(s string) bool {
	return len(s) <= 35 && !strings.ContainsFunc(s, func(c rune) bool {
		return c != '-' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
	})
}
