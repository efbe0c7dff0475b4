package templates

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"path"
	"strings"

	"surety/idp/text"
)

//go:embed html
var htmlFiles embed.FS

// shared are the files that every page is parsed together with.
var shared = []string{"html/layout.html", "html/parts-of-forms.html", "html/passkey.html"}

// Config is what differs between installations.
type Config struct {
	Texts  *text.Catalogue
	Accent Accent // of the profile; empty means ours
}

// Templates renders pages. Make it with New; safe for concurrent use.
type Templates struct {
	pages  map[string]map[string]*template.Template // by language, by page
	texts  *text.Catalogue
	assets *assets
}

// page is what a template sees.
type page struct {
	F    Frame
	V    any
	name string
}

// New parses all pages for all languages, so that a broken page stops the
// start and not a person.
func New(c Config) (*Templates, error) {
	if c.Accent == (Accent{}) {
		c.Accent = DefaultAccent
	}
	if err := c.Accent.check(); err != nil {
		return nil, err
	}
	a, err := loadAssets(c.Accent)
	if err != nil {
		return nil, err
	}
	t := &Templates{pages: map[string]map[string]*template.Template{}, texts: c.Texts, assets: a}
	names, err := fs.Glob(htmlFiles, "html/*.html")
	if err != nil {
		return nil, fmt.Errorf("list pages: %w", err)
	}
	for _, lang := range text.Languages() {
		t.pages[lang] = map[string]*template.Template{}
		base, err := template.New("").Funcs(functions(c.Texts.Localizer(lang), a)).ParseFS(htmlFiles, shared...)
		if err != nil {
			return nil, fmt.Errorf("parse shared parts: %w", err)
		}
		for _, name := range names {
			if err := t.parse(lang, base, name); err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}

// parse adds one page. It fails for a page that cannot be escaped safely,
// which html/template finds out only when a page is first rendered.
func (t *Templates) parse(lang string, base *template.Template, file string) error {
	for _, s := range shared {
		if s == file {
			return nil
		}
	}
	set, err := base.Clone()
	if err != nil {
		return fmt.Errorf("copy shared parts: %w", err)
	}
	if set, err = set.ParseFS(htmlFiles, file); err != nil {
		return fmt.Errorf("parse page: %w", err)
	}
	t.pages[lang][strings.TrimSuffix(path.Base(file), ".html")] = set
	return nil
}

// render writes the whole page. The writer is a buffer (web.Page): an error
// may leave half a page in it.
func (t *Templates) render(w io.Writer, name string, f Frame, v any) error {
	if t.pages[f.Lang] == nil {
		f.Lang = text.Default
	}
	set := t.pages[f.Lang][name]
	if set == nil {
		return fmt.Errorf("no page %q", name)
	}
	if err := set.ExecuteTemplate(w, "layout", page{F: f, V: v, name: name}); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	return nil
}

// Texts returns the words that the pages are made of.
func (t *Templates) Texts() *text.Catalogue { return t.texts }
