package text_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"surety/idp/text"
)

var update = flag.Bool("update", false, "write golden files")

// kinds lists the notices that the texts hold for a channel.
func kinds(t *testing.T, channel string) []string {
	t.Helper()
	prefix, suffix := "sms.", ""
	if channel == "email" {
		prefix, suffix = "mail.", ".subject"
	}
	var out []string
	for key := range messages(t, text.Default) {
		if strings.HasPrefix(key, prefix) && strings.HasSuffix(key, suffix) {
			out = append(out, strings.TrimSuffix(strings.TrimPrefix(key, prefix), suffix))
		}
	}
	if len(out) < 7 {
		t.Fatalf("only %v for %s", out, channel)
	}
	return out
}

func args() map[string]any {
	return map[string]any{
		"Code": "482913", "Link": "https://id.example/register/link?t=" + strings.Repeat("x", 43), "Valid": 10 * time.Minute,
		"Time": time.Date(2026, time.May, 3, 9, 30, 0, 0, time.UTC), "Device": "Firefox, Linux", "Login": "kite-4821", "Contact": "a•••@example.org",
		"count": 7,
	}
}

// TestMessagesGolden compares every message in every language.
func TestMessagesGolden(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, lang := range text.Languages() {
		for _, channel := range []string{"email", "sms"} {
			for _, kind := range kinds(t, channel) {
				subject, body, err := c.Compose(lang, channel, kind, args())
				if err != nil {
					t.Fatal(err)
				}
				golden(t, filepath.Join("testdata", lang, channel+"_"+kind+".txt"), subject+"\n\n"+body)
				checkMessage(t, lang, channel, kind, subject, body)
			}
		}
	}
}

// checkMessage holds messages to RULES R6: e-mails carry a link as text and,
// where there is one, a code; SMS hold no links and stay short.
func checkMessage(t *testing.T, lang, channel, kind, subject, body string) {
	t.Helper()
	if strings.Contains(body, "{{") || strings.Contains(subject, "\n") || strings.Contains(body, "…") {
		t.Errorf("%s %s %s is not filled in: %s", lang, channel, kind, body)
	}
	code := kind == "register_code" || kind == "register_known" || kind == "recover_code" || kind == "login_code" || kind == "bind_code"
	if code && !strings.Contains(body, "482913") {
		t.Errorf("%s %s %s has no code", lang, channel, kind)
	}
	switch channel {
	case "email":
		if !strings.Contains(body, "\nhttps://id.example/") || subject == "" {
			t.Errorf("%s %s has no link on a line of its own, or no subject", lang, kind)
		}
		for _, line := range strings.Split(body, "\n") {
			if len(line) > 998 {
				t.Errorf("%s %s has a line longer than RFC 5322 allows", lang, kind)
			}
		}
	case "sms":
		if strings.Contains(body, "http") || strings.Contains(body, ".example") {
			t.Errorf("%s %s holds a link", lang, kind)
		}
		// Three parts of 67 letters when the text is Cyrillic.
		if utf8.RuneCountInString(body) > 201 {
			t.Errorf("%s %s is longer than three parts", lang, kind)
		}
	}
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
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; look at it and run with -update", path)
	}
}

// TestComposeRefusesUnknown: a notice without words is a fault of ours that
// must be seen, not an empty message to a person.
func TestComposeRefusesUnknown(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, row := range [][2]string{{"email", "nothing"}, {"sms", "nothing"}, {"pigeon", "register_code"}} {
		if _, _, err := c.Compose("be", row[0], row[1], nil); err == nil {
			t.Errorf("%v was composed", row)
		}
	}
}
