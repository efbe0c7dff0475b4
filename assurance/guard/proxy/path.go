package proxy

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of a request's path.
const (
	maxPath     = 2 << 10 // bytes
	maxSegments = 64
)

var (
	errPath  = errors.New("the path is not written in its one right form")
	errRoute = errors.New("nothing is open at this path with this method")
)

// segments takes a path apart, as it stands in the request line. A path has
// one right form here; what has another is refused and not mended, because
// whoever reads it next may mend it differently and so come to another route
// than the one that was checked. Not right are:
//
//   - empty segments, "." and "..", in clear or encoded
//   - a letter, digit, "-", ".", "_" or "~" that is encoded without need
//   - encoded slashes, percent signs, question marks and number signs
//   - backslashes and semicolons (parameters of a segment), control
//     characters, and what is not UTF-8, in clear or encoded
//
// The segments come back decoded. A slash at the end makes an empty last one.
func segments(path string) ([]string, error) {
	if path == "" || path[0] != '/' || len(path) > maxPath {
		return nil, errPath
	}
	parts := strings.Split(path[1:], "/")
	if len(parts) > maxSegments {
		return nil, errPath
	}
	for i, raw := range parts {
		text, ok := decode(raw)
		if !ok || text == "" && i < len(parts)-1 || text == "." || text == ".." {
			return nil, errPath
		}
		parts[i] = text
	}
	return parts, nil
}

// decode decodes one segment (RFC 3986, section 3.3).
func decode(raw string) (string, bool) {
	if !strings.Contains(raw, "%") {
		return raw, !strings.ContainsFunc(raw, func(c rune) bool { return !inClear(c) })
	}
	var out strings.Builder
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if c != '%' {
			if !inClear(rune(c)) {
				return "", false
			}
			out.WriteByte(c)
			continue
		}
		if i+2 >= len(raw) {
			return "", false
		}
		high, low := hex(raw[i+1]), hex(raw[i+2])
		b := byte(high<<4 | low)
		if high < 0 || low < 0 || unreserved(rune(b)) {
			return "", false
		}
		out.WriteByte(b)
		i += 2
	}
	text := out.String()
	return text, plain(text)
}

// plain reports whether a decoded segment holds nothing that another reader
// may take for a sign.
func plain(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(c rune) bool {
		return unicode.IsControl(c) || strings.ContainsRune(`/\%;?#`, c)
	})
}

// inClear reports whether a character may stand in a segment as it is:
// RFC 3986's pchar without the semicolon.
func inClear(c rune) bool {
	return unreserved(c) || c < utf8.RuneSelf && strings.ContainsRune("!$&'()*+,=:@", c)
}

func unreserved(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}

func hex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
