package templates_test

import (
	"bytes"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"surety/idp/text"
	"surety/idp/web/templates"
)

var update = flag.Bool("update", false, "write golden files")

// load returns templates whose texts complain to the test.
func load(t *testing.T) *templates.Templates {
	t.Helper()
	texts, err := text.Load(text.Config{Log: slog.New(slog.NewTextHandler(complaints{t}, nil))})
	if err != nil {
		t.Fatal(err)
	}
	tm, err := templates.New(templates.Config{Texts: texts})
	if err != nil {
		t.Fatal(err)
	}
	return tm
}

// complaints fails the test for every line that texts log.
type complaints struct{ t *testing.T }

func (c complaints) Write(line []byte) (int, error) {
	c.t.Errorf("texts: %s", line)
	return len(line), nil
}

func render(t *testing.T, tm *templates.Templates, s sample, lang string) string {
	t.Helper()
	f := frame(lang)
	if s.change != nil {
		s.change(&f)
	}
	var b bytes.Buffer
	if err := s.render(tm, &b, f); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// each runs f for every page in every language.
func each(t *testing.T, f func(t *testing.T, name, lang, html string)) {
	tm := load(t)
	for _, lang := range text.Languages() {
		for _, s := range samples() {
			t.Run(lang+"/"+s.name, func(t *testing.T) { f(t, s.name, lang, render(t, tm, s, lang)) })
		}
	}
}

// TestGolden compares what stands inside the frame of every page in every
// language; the frame itself is compared once for each language.
func TestGolden(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, name, lang, html string) {
		golden(t, filepath.Join("testdata", lang, name+".html"), inside(t, html))
		if name == "consent" {
			golden(t, filepath.Join("testdata", lang, "frame.html"), outside(t, html))
		}
	})
}

func inside(t *testing.T, html string) string {
	t.Helper()
	_, title, _ := strings.Cut(html, "<title>")
	title, _, _ = strings.Cut(title, "</title>")
	_, main, ok := strings.Cut(html, "<main")
	main, _, end := strings.Cut(main, "</main>")
	if !ok || !end {
		t.Fatal("page has no main")
	}
	return fmt.Sprintf("<title>%s</title>\n<main%s</main>\n", title, main)
}

func outside(t *testing.T, html string) string {
	t.Helper()
	before, rest, _ := strings.Cut(html, "<main")
	_, after, _ := strings.Cut(rest, "</main>")
	return before + "…" + after
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; look at it and run with -update\n%s", path, firstDifference(got, string(want)))
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d\n got: %s\nwant: %s", i+1, g[i], w[i])
		}
	}
	return "one is longer"
}

// TestUnknownLanguageGetsDefault: a frame with a language from nowhere is
// still a page.
func TestUnknownLanguageGetsDefault(t *testing.T) {
	t.Parallel()
	tm := load(t)
	var b bytes.Buffer
	if err := tm.Home(&b, templates.Frame{Lang: "xx"}, templates.Home{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), `<html lang="en">`) {
		t.Error("page is not in the default language")
	}
}

// TestHostileValues: what people and agencies typed stays text.
func TestHostileValues(t *testing.T) {
	t.Parallel()
	tm := load(t)
	f := frame("en")
	f.Agency, f.Person, f.Path, f.Interaction, f.CSRF = evil, evil, evil, evil, evil
	f.Problems = templates.Problems{{Field: evil, Key: "error.login.wrong"}}
	f.InPerson = &templates.InPerson{Text: evil, URI: "javascript:alert(1)"}
	pages := map[string]func(b *bytes.Buffer) error{
		"sign-in": func(b *bytes.Buffer) error { return tm.SignIn(b, f, templates.SignIn{Login: evil}) },
		"consent": func(b *bytes.Buffer) error {
			return tm.Consent(b, f, templates.Consent{Agency: evil, Purpose: evil, PolicyURI: "javascript:alert(1)",
				Required: []templates.SharedValue{{Claim: evil, Value: evil}}, Optional: []templates.SharedValue{{Claim: evil, Value: evil}}})
		},
		"form-post": func(b *bytes.Buffer) error {
			return tm.FormPost(b, f, templates.FormPost{Action: "https://a.example/?" + evil, Fields: []templates.Field{{Name: evil, Value: evil}}})
		},
		"failure": func(b *bytes.Buffer) error {
			return tm.Failure(b, f, templates.Failure{Kind: templates.FailedExpired, Reference: evil, Return: "javascript:alert(1)", Restart: "//evil.example"})
		},
		"invite": func(b *bytes.Buffer) error {
			return tm.OperatorInvite(b, f, templates.OperatorInvite{Token: evil, Name: evil, Options: evil})
		},
	}
	for name, write := range pages {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		html := b.String()
		for _, bad := range []string{"<script>alert", "onmouseover=\"", `href="javascript:`, `href="//evil`} {
			if strings.Contains(html, bad) {
				t.Errorf("%s holds %s", name, bad)
			}
		}
	}
}

const evil = `"><script>alert(1)</script>' onmouseover="x`

// TestFormPostRefusesSchemesThatRun: no registered address may become code.
func TestFormPostRefusesSchemesThatRun(t *testing.T) {
	t.Parallel()
	tm := load(t)
	for _, action := range []string{"javascript:alert(1)", "data:text/html,x", "", "/here", "JaVaScRiPt:x", "file:///etc/passwd"} {
		if err := tm.FormPost(&bytes.Buffer{}, frame("en"), templates.FormPost{Action: action}); err == nil {
			t.Errorf("form target %q was accepted", action)
		}
	}
	var b bytes.Buffer
	if err := tm.FormPost(&b, frame("en"), templates.FormPost{Action: "by.gov.app:/cb?x=1"}); err != nil || !strings.Contains(b.String(), `action="by.gov.app:/cb?x=1"`) {
		t.Errorf("an app's own scheme was refused: %v", err)
	}
}
