package templates_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"surety/idp/text"
	"surety/idp/web/templates"
)

// TestStylesheetStaysSmall: old phones on slow lines load it first.
func TestStylesheetStaysSmall(t *testing.T) {
	t.Parallel()
	css, err := os.ReadFile("assets/surety.css")
	if err != nil {
		t.Fatal(err)
	}
	if len(css) > 15<<10 {
		t.Errorf("stylesheet has %d bytes", len(css))
	}
}

// TestContrast reads the colours from the stylesheet and checks all pairs of
// text and ground that pages use (WCAG 2.2, 1.4.3), light and dark.
func TestContrast(t *testing.T) {
	t.Parallel()
	css, err := os.ReadFile("assets/surety.css")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile(`(?s):root \{(.*?)\}`).FindAllStringSubmatch(string(css), 2)
	if len(blocks) != 2 {
		t.Fatal("no light and dark colours")
	}
	pairs := [][2]string{
		{"ink", "paper"}, {"ink", "ground"}, {"ink", "tint"}, {"soft", "paper"}, {"soft", "ground"}, {"soft", "tint"},
		{"bad", "paper"}, {"bad", "bad-tint"}, {"good", "good-tint"}, {"ink", "good-tint"}, {"ink", "warn-tint"}, {"warn", "paper"},
		{"paper", "warn"}, {"paper", "good"}, {"paper", "bad"},
	}
	for i, block := range blocks {
		colours := colours(block[1])
		colours["main"] = []string{templates.DefaultAccent.Light, templates.DefaultAccent.Dark}[i]
		for _, p := range append(pairs, [2]string{"on-accent", "main"}, [2]string{"main", "paper"}, [2]string{"main", "tint"}, [2]string{"main", "ground"}) {
			ratio := templates.Contrast(colours[p[0]], colours[p[1]])
			if ratio < 4.5 {
				t.Errorf("%s on %s: contrast %.2f (scheme %d)", p[0], p[1], ratio, i)
			}
		}
		// Borders of fields and the focus ring need less (1.4.11).
		for _, p := range [][2]string{{"edge", "paper"}, {"focus", "paper"}, {"focus", "ground"}} {
			if ratio := templates.Contrast(colours[p[0]], colours[p[1]]); ratio < 3 {
				t.Errorf("%s on %s: contrast %.2f (scheme %d)", p[0], p[1], ratio, i)
			}
		}
	}
}

func colours(block string) map[string]string {
	out := map[string]string{}
	for _, m := range regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]+)`).FindAllStringSubmatch(block, -1) {
		c := m[2]
		if len(c) == 4 {
			c = "#" + strings.Repeat(c[1:2], 2) + strings.Repeat(c[2:3], 2) + strings.Repeat(c[3:4], 2)
		}
		out[m[1]] = c
	}
	return out
}

// TestAccentMustBeReadable: a profile cannot choose a colour that people
// cannot read.
func TestAccentMustBeReadable(t *testing.T) {
	t.Parallel()
	texts, err := text.Load(text.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []templates.Accent{{Light: "#ffcc00", Dark: "#ffcc00"}, {Light: "#0b5563", Dark: "#0b5563"}, {Light: "red", Dark: "#7fccd8"}, {Light: "#0b5563"}} {
		if _, err := templates.New(templates.Config{Texts: texts, Accent: a}); err == nil {
			t.Errorf("accent %v was accepted", a)
		}
	}
	tm, err := templates.New(templates.Config{Texts: texts, Accent: templates.Accent{Light: "#7a1f3d", Dark: "#ff9db8"}})
	if err != nil {
		t.Fatal(err)
	}
	if tm.AssetPath("surety.css") == load(t).AssetPath("surety.css") {
		t.Error("another accent has the same address: browsers would keep the old colours")
	}
}

// TestAssets: long cache, exact type, nothing else in that folder.
func TestAssets(t *testing.T) {
	t.Parallel()
	tm := load(t)
	for name, kind := range map[string]string{"surety.css": "text/css; charset=utf-8", "page.js": "text/javascript; charset=utf-8", "mark.svg": "image/svg+xml"} {
		rec := httptest.NewRecorder()
		tm.Assets().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, tm.AssetPath(name), nil))
		if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != kind || !strings.Contains(rec.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %v", name, rec.Code, rec.Header())
		}
	}
	for _, path := range []string{"/assets/surety.css", "/assets/", "/assets/../templates.go"} {
		rec := httptest.NewRecorder()
		tm.Assets().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
		if rec.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
}
