package profile_test

import (
	"cmp"
	"strings"
	"testing"

	"surety/assurance"
	"surety/idp/profile"
	"surety/idp/text"
	"surety/idp/web/templates"
)

// by is what a step is done by, as text keys name it: the method without its
// provider, or what proves.
func by(s assurance.Step) string {
	by, _, _ := strings.Cut(cmp.Or(string(s.Method), string(s.Proofing)), ":")
	return by
}

// Nobody is shown a key instead of words: whatever a profile offers has its
// name and one sentence in each language of the profile.
func TestWhatAProfileOffersHasWordsInEachOfItsLanguages(t *testing.T) {
	t.Parallel()
	texts, err := text.Load(text.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range profile.Names() {
		p := load(t, name)
		var keys []string
		for _, l := range p.Policy.Levels {
			keys = append(keys, "level."+string(l.Name)+".name", "level."+string(l.Name)+".means")
			for _, alternative := range l.Login {
				for _, term := range alternative {
					method, _, _ := strings.Cut(string(term.Method), ":")
					keys = append(keys, "method."+method, "method."+method+".hint")
				}
			}
		}
		for _, s := range p.Policy.Steps {
			key := "step." + string(s.Action) + "." + by(s)
			keys = append(keys, key, key+".hint")
			for _, need := range s.Needs {
				keys = append(keys, "needs."+need)
			}
			if s.Proofing != "" {
				keys = append(keys, "proofing."+string(s.Proofing))
			}
		}
		for _, rule := range p.Policy.Capacities {
			keys = append(keys, "capacity."+string(rule.Capacity), "step.act."+string(rule.Capacity))
		}
		for _, lang := range p.Languages {
			if !texts.Has(lang) {
				t.Errorf("%s: language %s is not spoken", name, lang)
			}
			for _, key := range keys {
				if !texts.Localizer(lang).Has(key) {
					t.Errorf("%s: %s has no words in %s", name, key, lang)
				}
			}
		}
	}
}

// The accent of each profile can be read on our papers, light and dark.
func TestTheAccentOfEachProfileCanBeRead(t *testing.T) {
	t.Parallel()
	texts, err := text.Load(text.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range profile.Names() {
		p := load(t, name)
		if _, err := templates.New(templates.Config{Texts: texts, Accent: templates.Accent{Light: p.Accent.Light, Dark: p.Accent.Dark}}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
