package templates_test

import (
	"bytes"
	"strings"
	"testing"

	"surety/idp/text"
	"surety/idp/web/templates"
)

// TestBadge_HasABarForEachLevelOfTheProfile: three levels, three bars.
func TestBadge_HasABarForEachLevelOfTheProfile(t *testing.T) {
	t.Parallel()
	texts, err := text.Load(text.Config{})
	if err != nil {
		t.Fatal(err)
	}
	tm, err := templates.New(templates.Config{Texts: texts, Levels: []string{"password", "identifier", "strict"}})
	if err != nil {
		t.Fatal(err)
	}
	for level, want := range map[string]string{
		"identifier": `<i aria-hidden="true"><b class="on"></b><b class="on"></b><b></b></i>Unique identifier`,
		"strict":     `<i aria-hidden="true"><b class="on"></b><b class="on"></b><b class="on"></b></i>Strict`,
		"high":       `<i aria-hidden="true"></i>High`,
	} {
		var b bytes.Buffer
		if err := tm.Account(&b, frame("en"), templates.Account{Name: "Anna", Level: level}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), want) {
			t.Errorf("%s: no %s", level, want)
		}
	}
}
