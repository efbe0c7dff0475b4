package text

import (
	"fmt"
	"strings"
)

// Compose writes a message that leaves the house. Channel is email or sms,
// kind the notice; subject is empty for SMS. The languages of pages and
// messages share their words, so that a person recognises us.
func (c *Catalogue) Compose(lang, channel, kind string, args map[string]any) (subject, body string, err error) {
	l := c.Localizer(lang)
	switch channel {
	case "sms":
		key := "sms." + kind
		if !l.Has(key) {
			return "", "", fmt.Errorf("no SMS text for %q", kind)
		}
		return "", l.Message(key, args), nil
	case "email":
		key := "mail." + kind
		if !l.Has(key+".subject") || !l.Has(key+".body") {
			return "", "", fmt.Errorf("no e-mail text for %q", kind)
		}
		parts := []string{l.Message("mail.greeting", args), l.Message(key+".body", args), l.Message("mail.footer", args)}
		return l.Message(key+".subject", args), strings.Join(parts, "\n\n") + "\n", nil
	}
	return "", "", fmt.Errorf("no texts for channel %q", channel)
}
