package text

import (
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"
)

// Default is the language of people about whom nothing is known.
const Default = "en"

// Languages are those we speak, in the order of the language switch.
func Languages() []string { return []string{"be", "ru", "uk", "en"} }

// Name returns what a language calls itself.
func Name(lang string) string {
	return map[string]string{"be": "Беларуская", "ru": "Русский", "uk": "Українська", "en": "English"}[lang]
}

//go:embed locales
var locales embed.FS

// Config is what texts need to know of their surroundings.
type Config struct {
	Zone *time.Location // of dates and times shown; UTC by default
	Log  *slog.Logger   // told about keys that do not exist
}

// Catalogue holds the texts of all languages. Make it with Load; safe for
// concurrent use.
type Catalogue struct {
	localizers map[string]*Localizer
	matcher    language.Matcher
}

// Load reads the embedded texts.
func Load(c Config) (*Catalogue, error) {
	if c.Zone == nil {
		c.Zone = time.UTC
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	bundle := i18n.NewBundle(language.MustParse(Default))
	bundle.RegisterUnmarshalFunc("yaml", yaml.Unmarshal)
	cat := &Catalogue{localizers: map[string]*Localizer{}, matcher: newMatcher()}
	for _, lang := range Languages() {
		cat.localizers[lang] = &Localizer{
			lang: lang, zone: c.Zone, log: c.Log, months: months(lang),
			plain: map[string]string{}, plural: map[string]bool{},
		}
	}
	names, err := fs.Glob(locales, "locales/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list texts: %w", err)
	}
	for _, name := range names {
		if err := cat.add(bundle, name); err != nil {
			return nil, err
		}
	}
	for lang, l := range cat.localizers {
		l.i18n = i18n.NewLocalizer(bundle, lang)
		if l.terms, err = readTerms(lang); err != nil {
			return nil, err
		}
	}
	return cat, nil
}

// add reads one file, named topic.lang.yaml, and sorts its messages: most are
// plain and need no engine when a page is rendered.
func (c *Catalogue) add(bundle *i18n.Bundle, name string) error {
	raw, err := locales.ReadFile(name)
	if err != nil {
		return fmt.Errorf("read texts: %w", err)
	}
	file, err := bundle.ParseMessageFileBytes(raw, path.Base(name))
	if err != nil {
		return fmt.Errorf("parse texts of %s: %w", name, err)
	}
	l := c.localizers[file.Tag.String()]
	if l == nil {
		return fmt.Errorf("texts of %s: language %s is not ours", name, file.Tag)
	}
	for _, m := range file.Messages {
		_, isPlain := l.plain[m.ID]
		_, isPlural := l.plural[m.ID]
		if isPlain || isPlural {
			return fmt.Errorf("texts of %s: key %s is there twice", name, m.ID)
		}
		m.Other = strings.TrimSpace(m.Other)
		switch {
		case m.One != "" || m.Few != "" || m.Many != "":
			l.plural[m.ID] = true
		case strings.Contains(m.Other, "{{"):
			l.plural[m.ID] = false
		default:
			l.plain[m.ID] = m.Other
		}
	}
	return nil
}

// Has reports whether lang is one of our languages, written as in Languages.
func (c *Catalogue) Has(lang string) bool { return slices.Contains(Languages(), lang) }

// Localizer returns the texts in lang, or in the default language if we do
// not speak it.
func (c *Catalogue) Localizer(lang string) *Localizer {
	if l := c.localizers[lang]; l != nil {
		return l
	}
	return c.localizers[Default]
}
