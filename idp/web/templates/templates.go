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
var shared = []string{"html/layout.html", "html/parts-of-forms.html", "html/parts-of-ways.html", "html/parts-of-factors.html", "html/passkey.html"}

// Config is what differs between installations.
type Config struct {
	Texts  *text.Catalogue
	Accent Accent // of the profile; empty means ours
	// Levels are those of the profile, lowest first: a badge has a bar for
	// each. Empty means the demonstration's.
	Levels []string
}

// Templates renders pages. Make it with New; safe for concurrent use.
type Templates struct {
	sets   map[string]*template.Template // by language: every page, and the parts they share once
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
	t := &Templates{sets: map[string]*template.Template{}, texts: c.Texts, assets: a}
	names, err := fs.Glob(htmlFiles, "html/*.html")
	if err != nil {
		return nil, fmt.Errorf("list pages: %w", err)
	}
	for _, lang := range text.Languages() {
		set, err := template.New("").Funcs(functions(c.Texts.Localizer(lang), a, c.Levels)).ParseFS(htmlFiles, shared...)
		if err != nil {
			return nil, fmt.Errorf("parse shared parts: %w", err)
		}
		for _, name := range names {
			if err := parse(set, name); err != nil {
				return nil, err
			}
		}
		t.sets[lang] = set
	}
	return t, nil
}

// parse adds one page to the set of a language: its own definitions under
// names of their own, and a layout that calls these. A set for each page would
// be simpler, and hold a copy of every part for each of a hundred pages.
func parse(set *template.Template, file string) error {
	for _, s := range shared {
		if s == file {
			return nil
		}
	}
	source, err := htmlFiles.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read page: %w", err)
	}
	layout, err := htmlFiles.ReadFile(shared[0])
	if err != nil {
		return fmt.Errorf("read layout: %w", err)
	}
	name := strings.TrimSuffix(path.Base(file), ".html")
	own := string(source)
	frame, _, _ := strings.Cut(string(layout), `{{define "mark"}}`) // the layout alone; its parts are there already
	frame = strings.Replace(frame, `{{define "layout"}}`, `{{define "`+layoutOf(name)+`"}}`, 1)
	for _, part := range []string{"content", "scripts"} {
		mine := part + " of " + name
		if strings.Contains(own, `{{define "`+part+`"}}`) {
			own = strings.Replace(own, `{{define "`+part+`"}}`, `{{define "`+mine+`"}}`, 1)
			frame = strings.Replace(frame, `{{block "`+part+`" .}}{{end}}`, `{{template "`+mine+`" .}}`, 1)
		}
	}
	for _, text := range []string{own, frame} {
		if _, err := set.Parse(text); err != nil {
			return fmt.Errorf("parse page %s: %w", name, err)
		}
	}
	return nil
}

// layoutOf names the whole page.
func layoutOf(name string) string { return "page " + name }

// render writes the whole page. The writer is a buffer (web.Page): an error
// may leave half a page in it.
func (t *Templates) render(w io.Writer, name string, f Frame, v any) error {
	if t.sets[f.Lang] == nil {
		f.Lang = text.Default
	}
	if err := t.sets[f.Lang].ExecuteTemplate(w, layoutOf(name), page{F: f, V: v, name: name}); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	return nil
}

// Texts returns the words that the pages are made of.
func (t *Templates) Texts() *text.Catalogue { return t.texts }
