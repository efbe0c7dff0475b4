package contact

import (
	"strings"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
)

// dots stand for what is hidden. Their number never depends on its length.
const dots = "•••"

// Mask shows enough of a contact for its owner to know which one is meant,
// and too little for a stranger: the country and the last two digits of a
// number, the first letters and the top level of an address.
func Mask(c Contact) string {
	switch c.Kind {
	case Email:
		return maskEmail(c.Value)
	case Phone:
		return maskPhone(c.Value)
	default:
		return dots
	}
}

func maskEmail(value string) string {
	local, domain, ok := strings.Cut(value, "@")
	if !ok {
		return dots
	}
	name := readable(domain)
	end := strings.LastIndexByte(name, '.')
	if end < 0 {
		return dots
	}
	return first(local) + dots + "@" + first(name) + dots + name[end:]
}

func maskPhone(value string) string {
	number, err := phonenumbers.Parse(value, "")
	if err != nil || len(value) < 6 {
		return dots
	}
	country := strings.SplitN(phonenumbers.Format(number, phonenumbers.INTERNATIONAL), " ", 2)[0]
	return country + " " + dots + " " + value[len(value)-2:]
}

func first(s string) string {
	_, size := utf8.DecodeRuneInString(s)
	return s[:size]
}

// MaskName shows the first letter of a name, or of a login name that is no
// contact: enough to tell one's own from a relative's.
func MaskName(name string) string { return first(name) + dots }
