package contact

import (
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// parsePhone reads a number that can take text messages. Letters, extensions
// and other countries' digits are refused before the library, which forgives
// them, sees the text.
func (r Rules) parsePhone(text string) (Contact, error) {
	if strings.ContainsFunc(text, func(c rune) bool { return !isDialled(c) }) {
		return Contact{}, refuse("phone")
	}
	number, err := phonenumbers.Parse(text, r.Region)
	if err != nil || number.GetExtension() != "" || !phonenumbers.IsValidNumber(number) {
		return Contact{}, refuse("phone")
	}
	if !r.allows(phonenumbers.GetRegionCodeForNumber(number)) {
		// Said before registration ends, not after a code that never comes (RULES R8).
		return Contact{}, refuse("phone_country")
	}
	switch phonenumbers.GetNumberType(number) {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE:
	default:
		// Premium numbers must never be sent to: somebody earns by each message.
		return Contact{}, refuse("phone_mobile")
	}
	return Contact{
		Kind:    Phone,
		Value:   phonenumbers.Format(number, phonenumbers.E164),
		Display: phonenumbers.Format(number, phonenumbers.INTERNATIONAL),
	}, nil
}

// isDialled reports the characters that people write in numbers.
func isDialled(c rune) bool {
	return '0' <= c && c <= '9' || strings.ContainsRune("+()-./ \u00a0\u202f\u2010\u2011\u2013", c)
}
