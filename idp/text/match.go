package text

import (
	"strings"

	"golang.org/x/text/language"
)

// maxPreference bounds how much of a header is looked at.
const maxPreference = 512

func newMatcher() language.Matcher {
	// The first tag is what "no match" returns; it is never used as an answer.
	tags := []language.Tag{language.Und}
	for _, l := range Languages() {
		tags = append(tags, language.MustParse(l))
	}
	return language.NewMatcher(tags)
}

// Match returns the first of our languages that a preference asks for, or
// fallback. A preference is a list as in ui_locales (OpenID Connect Core,
// section 3.1.2.1), in a cookie, or in Accept-Language; those that cannot be
// read are passed over.
func (c *Catalogue) Match(fallback string, preferences ...string) string {
	for _, p := range preferences {
		if c.Has(p) {
			return p
		}
		if p == "" || len(p) > maxPreference {
			continue
		}
		tags := readPreference(p)
		if len(tags) == 0 {
			continue
		}
		if _, i, confidence := c.matcher.Match(tags...); confidence > language.No && i > 0 {
			return Languages()[i-1]
		}
	}
	return fallback
}

// readPreference reads a list divided by spaces (ui_locales) or commas
// (Accept-Language). One entry that is no language must not spoil the others.
func readPreference(p string) []language.Tag {
	if !strings.ContainsAny(p, ",;") {
		p = strings.Join(strings.Fields(p), ",")
	}
	if tags, _, err := language.ParseAcceptLanguage(p); err == nil {
		return tags
	}
	var good []string
	for _, entry := range strings.Split(p, ",") {
		if _, _, err := language.ParseAcceptLanguage(entry); err == nil {
			good = append(good, entry)
		}
	}
	tags, _, err := language.ParseAcceptLanguage(strings.Join(good, ","))
	if err != nil {
		return nil
	}
	return tags
}
