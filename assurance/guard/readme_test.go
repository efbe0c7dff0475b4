package guard_test

import (
	"os"
	"strings"
	"testing"
)

// TestReadmeShowsTheExample: what the README shows is compiled, run, and its
// output compared.
func TestReadmeShowsTheExample(t *testing.T) {
	t.Parallel()
	lines := func(file string) string {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		for line := range strings.Lines(string(text)) {
			out.WriteString(strings.TrimSpace(line) + "\n")
		}
		return out.String()
	}
	_, section, found := strings.Cut(lines("../../README.md"), "\n## Guard an API\n")
	_, shown, begins := strings.Cut(section, "```go\n")
	shown, _, ends := strings.Cut(shown, "```")
	if !found || !begins || !ends || strings.Count(shown, "\n") > 15 {
		t.Fatalf("the README shows no example of fifteen lines: %q", shown)
	}
	if !strings.Contains(lines("example_test.go"), shown) {
		t.Errorf("example_test.go does not hold what the README shows:\n%s", shown)
	}
}
