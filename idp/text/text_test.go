package text_test

import (
	"bytes"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"surety/idp/text"
)

func load(t *testing.T) *text.Catalogue {
	t.Helper()
	c, err := text.Load(text.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// forms are the plural forms of each language (CLDR).
var forms = map[string][]string{
	"be": {"one", "few", "many", "other"}, "ru": {"one", "few", "many", "other"}, "uk": {"one", "few", "many", "other"}, "en": {"one", "other"},
}

// messages reads a language's files as they are: plain text under "other".
func messages(t *testing.T, lang string) map[string]map[string]string {
	t.Helper()
	files, err := filepath.Glob("locales/*." + lang + ".yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no files for", lang, err)
	}
	out := map[string]map[string]string{}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var file map[string]any
		if err := yaml.Unmarshal(raw, &file); err != nil {
			t.Fatal(name, err)
		}
		for key, v := range file {
			out[key] = map[string]string{}
			switch v := v.(type) {
			case string:
				out[key]["other"] = v
			case map[string]any:
				for form, s := range v {
					out[key][form] = s.(string)
				}
			}
		}
	}
	return out
}

var placeholder = regexp.MustCompile(`\{\{\.[A-Za-z]+\}\}`)

// TestEveryKeyInEveryLanguage: each key exists in each language, with each
// plural form of that language, and with the same values to fill in.
func TestEveryKeyInEveryLanguage(t *testing.T) {
	t.Parallel()
	english := messages(t, "en")
	for _, lang := range text.Languages() {
		own := messages(t, lang)
		for key := range own {
			if english[key] == nil {
				t.Errorf("%s: %s is not in English", lang, key)
			}
		}
		for key, en := range english {
			m := own[key]
			want := []string{"other"}
			if len(en) > 1 {
				want = forms[lang]
			}
			if got := slices.Sorted(maps.Keys(m)); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
				t.Errorf("%s: %s has forms %v, needs %v", lang, key, got, want)
			}
			for form, s := range m {
				if strings.TrimSpace(s) == "" {
					t.Errorf("%s: %s is empty", lang, key)
				}
				if a, b := values(s), values(en["other"]); !slices.Equal(a, b) {
					t.Errorf("%s: %s (%s) fills in %v, English %v", lang, key, form, a, b)
				}
			}
		}
	}
}

func values(s string) []string {
	return slices.Compact(slices.Sorted(slices.Values(placeholder.FindAllString(s, -1))))
}

// TestOwnLetters finds words left over from another language: each of ours
// has letters that the others lack.
func TestOwnLetters(t *testing.T) {
	t.Parallel()
	foreign := map[string]string{"be": "ищъїєґИЩЪЇЄҐ", "ru": "іўїєґІЎЇЄҐ", "uk": "ыэёъўЫЭЁЪЎ", "en": "абвгдежзиклмнопрстуфхцчшыэюя"}
	for lang, letters := range foreign {
		for key, m := range messages(t, lang) {
			for _, s := range m {
				if i := strings.IndexAny(s, letters); i >= 0 {
					t.Errorf("%s: %s has a foreign letter at %q", lang, key, s[i:])
				}
				if (lang == "be" || lang == "uk") && strings.Contains(s, "'") {
					t.Errorf("%s: %s has a typewriter apostrophe", lang, key)
				}
			}
		}
	}
}

// TestBelarusianShortU: after a vowel the letter at the beginning of a word
// is ў, after a consonant у; this is the mistake that machines make first.
func TestBelarusianShortU(t *testing.T) {
	t.Parallel()
	wrong := []*regexp.Regexp{regexp.MustCompile(`[аеёіоуыэюя] у`), regexp.MustCompile(`[бвгджзйклмнпрстфхцчшьў.,:;!?—»] ў`)}
	for key, m := range messages(t, "be") {
		for _, s := range m {
			for _, w := range wrong {
				if bad := w.FindString(strings.ToLower(s)); bad != "" {
					t.Errorf("%s: %q in %q", key, bad, s)
				}
			}
		}
	}
}

// TestKeysUsedInCode: keys that Go code names in full exist. Rules build some
// keys from parts; those are listed here.
func TestKeysUsedInCode(t *testing.T) {
	t.Parallel()
	l := load(t).Localizer(text.Default)
	for _, why := range []string{"empty", "too_long", "unreadable", "email", "email_domain", "email_letters", "phone", "phone_country", "phone_mobile"} {
		if !l.Has("error_contact_" + why) {
			t.Errorf("contact error %s has no text", why)
		}
	}
	literal := regexp.MustCompile(`"(error\.[a-z_]+(?:\.[a-z_]+)*)"`)
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range literal.FindAllStringSubmatch(string(raw), -1) {
			if !l.Has(m[1]) {
				t.Errorf("%s names %s, which has no text", path, m[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestMissingKeyIsHarmless: a person reads general words, the log gets the key.
func TestMissingKeyIsHarmless(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	c, err := text.Load(text.Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range text.Languages() {
		l := c.Localizer(lang)
		if got := l.Message("error.no.such.thing", nil); got == "" || got != l.T("error.general") {
			t.Errorf("%s: missing key gives %q", lang, got)
		}
		if got := l.T("sign-in.cancel"); got == "" || strings.Contains(got, "no value") {
			t.Errorf("%s: missing value gives %q", lang, got)
		}
		if got := l.T("error.throttled"); got == "" {
			t.Errorf("%s: missing count gives nothing", lang)
		}
	}
	if !strings.Contains(log.String(), "error.no.such.thing") || !strings.Contains(log.String(), "sign-in.cancel") {
		t.Error("the log does not name the keys")
	}
}

// TestPlurals: every language counts by its own rules.
func TestPlurals(t *testing.T) {
	t.Parallel()
	c := load(t)
	want := map[string]map[int]string{
		"be": {1: "1 хвіліну", 3: "3 хвіліны", 5: "5 хвілін", 11: "11 хвілін", 21: "21 хвіліну", 112: "112 хвілін"},
		"ru": {1: "1 минуту", 2: "2 минуты", 5: "5 минут", 14: "14 минут", 22: "22 минуты", 101: "101 минуту"},
		"uk": {1: "1 хвилину", 4: "4 хвилини", 5: "5 хвилин", 12: "12 хвилин", 24: "24 хвилини", 111: "111 хвилин"},
		"en": {1: "1 minute", 2: "2 minutes", 21: "21 minutes"},
	}
	for lang, counts := range want {
		for n, s := range counts {
			if got := c.Localizer(lang).T("duration.minutes", "count", n); got != s {
				t.Errorf("%s: %d is %q, want %q", lang, n, got, s)
			}
		}
	}
}

// TestDurations: rounded up, so that nobody comes back too early.
func TestDurations(t *testing.T) {
	t.Parallel()
	en := load(t).Localizer("en")
	for d, want := range map[time.Duration]string{
		0: "1 second", -time.Second: "1 second", 1500 * time.Millisecond: "2 seconds", 59 * time.Second: "59 seconds", time.Minute: "1 minute",
		61 * time.Second: "2 minutes", 90 * time.Minute: "90 minutes", 24 * time.Hour: "24 hours", 49 * time.Hour: "3 days",
	} {
		if got := en.Duration(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}

// TestDates: months in the genitive, and in the zone of the house.
func TestDates(t *testing.T) {
	t.Parallel()
	c, err := text.Load(text.Config{Zone: time.FixedZone("", 3*60*60)})
	if err != nil {
		t.Fatal(err)
	}
	late := time.Date(2026, time.May, 2, 22, 5, 0, 0, time.UTC)
	for lang, want := range map[string]string{"be": "3 мая 2026 года, 01:05", "ru": "3 мая 2026 года, 01:05", "uk": "3 травня 2026 року, 01:05", "en": "3 May 2026, 01:05"} {
		if got := strings.ReplaceAll(c.Localizer(lang).DateTime(late), "\u00a0", " "); got != want {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
		for m := time.January; m <= time.December; m++ {
			if strings.Contains(c.Localizer(lang).Date(time.Date(2026, m, 15, 0, 0, 0, 0, time.UTC)), "<") {
				t.Errorf("%s: month %d has no name", lang, m)
			}
		}
	}
}

// TestMatch: ui_locales, then cookie, then Accept-Language, then the fallback.
func TestMatch(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, row := range []struct {
		want        string
		preferences []string
	}{
		{"en", nil}, {"be", []string{"be"}}, {"uk", []string{"uk-UA,uk;q=0.9,en;q=0.8"}}, {"ru", []string{"", "ru", "be"}},
		{"be", []string{"xx be ru"}}, {"uk", []string{"fr uk"}}, {"ru", []string{"ru-BY"}}, {"en", []string{"en-GB"}}, {"be", []string{"be-tarask, en"}},
		{"en", []string{"zz", "!!!", strings.Repeat("a", 5000)}}, {"be", []string{"\x00\xff", "be"}}, {"ru", []string{"de, ru;q=0.1"}},
	} {
		if got := c.Match("en", row.preferences...); got != row.want {
			t.Errorf("%q gives %s, want %s", row.preferences, got, row.want)
		}
	}
	if got := c.Match("", "zz"); got != "" {
		t.Errorf("no match gives %q", got)
	}
}

// TestTerms: the terms of use are whole in every language.
func TestTerms(t *testing.T) {
	t.Parallel()
	c := load(t)
	want := c.Localizer("en").Terms()
	for _, lang := range text.Languages() {
		got := c.Localizer(lang).Terms()
		if len(got.Sections) != len(want.Sections) || len(got.Sections) < 4 {
			t.Fatalf("%s: %d sections", lang, len(got.Sections))
		}
		for i, s := range got.Sections {
			if s.Heading == "" || len(s.Paragraphs) != len(want.Sections[i].Paragraphs) {
				t.Errorf("%s: section %d differs in shape", lang, i)
			}
		}
	}
}

// TestSpans: one unit where both ends have one, and the noun agrees with the end.
func TestSpans(t *testing.T) {
	t.Parallel()
	c := load(t)
	const day = 24 * time.Hour
	for _, row := range []struct {
		from, to   time.Duration
		en, be, ru string
	}{
		{5 * time.Minute, 5 * time.Minute, "5 minutes", "5 хвілін", "5 минут"},
		{2 * time.Minute, 5 * time.Minute, "2–5 minutes", "2–5 хвілін", "2–5 минут"},
		{14 * day, 35 * day, "2–5 weeks", "2–5 тыдняў", "2–5 недель"},
		{14*day + 3*time.Minute, 35*day + 3*time.Minute, "2–5 weeks", "2–5 тыдняў", "2–5 недель"},
		{61 * time.Minute, 3*day + 10*time.Minute, "1 hour, at most 3 days", "1 гадзіну, самае большае 3 дні", "1 час, самое большее 3 дня"},
		{9 * day, 21 * day, "9–21 days", "9–21 дзень", "9–21 день"},
		{5 * time.Minute, 5 * day, "5 minutes, at most 5 days", "5 хвілін, самае большае 5 дзён", "5 минут, самое большее 5 дней"},
		{0, 0, "1 second", "1 секунду", "1 секунду"},
	} {
		for lang, want := range map[string]string{"en": row.en, "be": row.be, "ru": row.ru} {
			if got := strings.ReplaceAll(c.Localizer(lang).Span(row.from, row.to), "\u00a0", " "); got != want {
				t.Errorf("%s: %v to %v is %q, want %q", lang, row.from, row.to, got, want)
			}
		}
	}
}
