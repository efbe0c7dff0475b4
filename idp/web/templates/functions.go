package templates

import (
	"errors"
	"fmt"
	"html/template"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"surety/idp/text"
)

// language is one entry of the language switch.
type language struct {
	Code, Name string
}

// functions are what templates may call, in the words of one language. None
// has side effects and none can fail for what a person typed.
func functions(l *text.Localizer, a *assets, levels []string) template.FuncMap {
	var languages []language
	for _, code := range text.Languages() {
		languages = append(languages, language{code, text.Name(code)})
	}
	f := template.FuncMap{
		"t":         l.T,
		"message":   l.Message,
		"explains":  func(key string) bool { return key != "" && l.Has(key) },
		"problem":   func(p Problem) string { return l.Message(p.Key, p.Args) },
		"title":     func(p page) string { return l.Message(titleKey(p), nil) },
		"claim":     func(name string) string { return label(l, "claim.", name) },
		"claims":    func(names []string) string { return labels(l, "claim.", names) },
		"method":    func(name string) string { return label(l, "method.", name) },
		"date":      l.Date,
		"datetime":  l.DateTime,
		"clock":     l.Time,
		"duration":  l.Duration,
		"languages": func() []language { return languages },
		"asset":     a.path,
		"dict":      dict,
		"web":       webAddress,
		"target":    formTarget,
		"picture":   picture,
		"appLink":   appLink,
		"levelBars": bars(levels),
		"seconds":   func(d time.Duration) int { return int(d.Seconds()) },
		"day":       func(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 9, 30, 0, 0, time.UTC) },
	}
	maps.Copy(f, wayFunctions(l))
	return f
}

// titleKey names the text that is title and heading of the page.
func titleKey(p page) string {
	if p.F.Title != "" {
		return p.F.Title
	}
	if f, ok := p.V.(Failure); ok {
		return "failure." + f.Kind + ".title"
	}
	return "page." + p.name + ".title"
}

// label gives a name its words, or the bare name if there are none: an agency
// may ask for a claim that we only pass on, and hiding it would be worse.
func label(l *text.Localizer, prefix, name string) string {
	if l.Has(prefix + name) {
		return l.T(prefix + name)
	}
	return name
}

// labels gives several names their words, as a list within a sentence.
func labels(l *text.Localizer, prefix string, names []string) string {
	words := make([]string, len(names))
	for i, name := range names {
		words[i] = label(l, prefix, name)
	}
	return strings.Join(words, ", ")
}

// dict makes a map of name, value pairs for a part with several values.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, errors.New("dict needs pairs")
	}
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict name %v is not text", pairs[i])
		}
		m[name] = pairs[i+1]
	}
	return m, nil
}

// webAddress returns the address if it is a path of ours or a web page, and
// "" otherwise: what an agency registered must not become a script.
func webAddress(address string) string {
	u, err := url.Parse(address)
	if err != nil || address == "" {
		return ""
	}
	local := u.Scheme == "" && u.Host == "" && strings.HasPrefix(address, "/")
	if local || ((u.Scheme == "https" || u.Scheme == "http") && u.Host != "") {
		return address
	}
	return ""
}

// formTarget lets a form go to a redirect URI, which for an app may have a
// scheme of its own. Schemes that run what they carry are refused, although
// none can be registered.
func formTarget(address string) (template.URL, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("parse form target: %w", err)
	}
	switch strings.ToLower(u.Scheme) {
	case "", "javascript", "data", "vbscript", "blob", "about", "file":
		return "", fmt.Errorf("form target has scheme %q", u.Scheme)
	}
	return template.URL(u.String()), nil // #nosec: checked above, and a registered redirect URI
}

// defaultLevels are those of the demonstration profile.
var defaultLevels = []string{"basic", "checked", "substantial", "high"}

// bars returns which of a badge's bars are filled: one for each level, up to
// this one. A level that is not among them, as after a change of policy while
// the house runs, has none: its name says enough.
func bars(levels []string) func(level string) []bool {
	if len(levels) == 0 {
		levels = defaultLevels
	}
	return func(level string) []bool {
		at := slices.Index(levels, level)
		if at < 0 {
			return nil
		}
		filled := make([]bool, len(levels))
		for i := range filled {
			filled[i] = i <= at
		}
		return filled
	}
}
