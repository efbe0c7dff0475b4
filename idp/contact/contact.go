package contact

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"surety/idp"
)

// Kind says how a contact is reached.
type Kind = idp.ContactKind

// The kinds of contact.
const (
	Email = idp.ContactEmail
	Phone = idp.ContactPhone
)

// maxInput bounds what is looked at, in bytes. The longest e-mail address has
// 254; spaces around it and a pasted name are forgiven up to here.
const maxInput = 320

// Contact is an e-mail address or a telephone number in its one form.
type Contact struct {
	Kind    Kind   // how it is reached
	Value   string // what messages are sent to: an address with an ASCII domain, or a number in E.164
	Display string // what its owner is shown: Unicode domain, grouped digits
}

// Key returns the form that two equal contacts share: it is what is
// fingerprinted, searched and kept unique. Mail servers may tell Anna@ from
// anna@, people do not, and an account taken over by a capital letter is worse
// than one address in a million refused.
func (c Contact) Key() string {
	return string(c.Kind) + ":" + strings.ToLower(c.Value)
}

// Rules are a profile's limits on contacts. The zero value takes e-mail from
// everywhere and mobile numbers only with their country code.
type Rules struct {
	// Region is where a number without a country code is read (ISO 3166-1,
	// two letters).
	Region string
	// Countries lists the regions to which text messages are sent; empty means
	// all of them.
	Countries []string
}

// Parse reads input as a contact, with numbers without a country code taken
// to be in region and every country allowed. Its errors are those of Rules.Parse.
func Parse(input, region string) (Contact, error) {
	return Rules{Region: region}.Parse(input)
}

// Parse reads what was typed: an e-mail address if it holds an @, a telephone
// number otherwise. All its errors have code invalid; their keys begin with
// "error_contact_".
func (r Rules) Parse(input string) (Contact, error) {
	if len(input) > maxInput {
		return Contact{}, refuse("too_long")
	}
	if !utf8.ValidString(input) {
		return Contact{}, refuse("unreadable")
	}
	text := strings.TrimFunc(input, isPadding)
	switch {
	case text == "":
		return Contact{}, refuse("empty")
	case strings.ContainsFunc(text, unicode.IsControl):
		// A line break here would become a header line in a message.
		return Contact{}, refuse("unreadable")
	case strings.Contains(text, "@"):
		return parseEmail(text)
	default:
		return r.parsePhone(text)
	}
}

// allows reports whether messages may go to the region.
func (r Rules) allows(region string) bool {
	return len(r.Countries) == 0 || slices.Contains(r.Countries, region)
}

// isPadding reports runes that come along when an address is pasted: spaces
// of every kind and the invisible marks of direction and joining.
func isPadding(c rune) bool {
	return unicode.IsSpace(c) || unicode.Is(unicode.Cf, c)
}

func refuse(why string) error {
	return idp.E(idp.CodeInvalid, "error_contact_"+why)
}
