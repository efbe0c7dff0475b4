package contact

import (
	"strings"

	"golang.org/x/net/idna"
)

// Limits of RFC 5321, section 4.5.3.1, in bytes of the form that is sent.
const (
	maxLocal   = 64
	maxAddress = 254
)

// domains maps a domain name to what is looked up. Beyond IDNA2008 it checks
// lengths, because the result goes into a database and a mail command.
var domains = idna.New(
	idna.MapForLookup(),
	idna.BidiRule(),
	idna.StrictDomainName(true),
	idna.VerifyDNSLength(true),
)

// parseEmail reads a bare address: a dot-atom, an @, and a domain name of at
// least two labels (RFC 5322, section 3.4.1, without its obsolete forms).
func parseEmail(text string) (Contact, error) {
	local, domain, _ := strings.Cut(text, "@")
	if strings.Contains(domain, "@") {
		return Contact{}, refuse("email")
	}
	if strings.ContainsFunc(local, func(c rune) bool { return c > 0x7e }) {
		return Contact{}, refuse("email_letters")
	}
	if !isDotAtom(local) {
		return Contact{}, refuse("email")
	}
	ascii, err := domains.ToASCII(domain)
	if err != nil || !isPublicName(ascii) {
		return Contact{}, refuse("email_domain")
	}
	value := local + "@" + ascii
	if len(local) > maxLocal || len(value) > maxAddress {
		return Contact{}, refuse("too_long")
	}
	return Contact{Kind: Email, Value: value, Display: local + "@" + readable(ascii)}, nil
}

// readable gives the Unicode form for the person, but only when it leads back
// to the same name.
func readable(ascii string) string {
	name, err := domains.ToUnicode(ascii)
	if err != nil {
		return ascii
	}
	if back, err := domains.ToASCII(name); err != nil || back != ascii {
		return ascii
	}
	return name
}

// isDotAtom reports whether s is words of atext joined by single dots.
func isDotAtom(s string) bool {
	for word := range strings.SplitSeq(s, ".") {
		if word == "" || strings.ContainsFunc(word, func(c rune) bool { return !isAtext(c) }) {
			return false
		}
	}
	return true
}

// isAtext is RFC 5322's atext: every printable ASCII character that has no
// meaning of its own in an address.
func isAtext(c rune) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	default:
		return strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", c)
	}
}

// isPublicName refuses names of one label (localhost, intranet hosts) and
// names whose last label is a number, which are addresses in disguise.
func isPublicName(ascii string) bool {
	i := strings.LastIndexByte(ascii, '.')
	if i <= 0 || i == len(ascii)-1 {
		return false
	}
	return strings.ContainsFunc(ascii[i+1:], func(c rune) bool { return c < '0' || c > '9' })
}
