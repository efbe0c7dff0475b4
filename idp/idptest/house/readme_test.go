package house

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(t), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestReadmeExampleCompiles builds the example for agencies as it stands in
// the README.
func TestReadmeExampleCompiles(t *testing.T) {
	_, rest, ok := strings.Cut(readme(t), "```go\n")
	code, _, end := strings.Cut(rest, "```")
	if !ok || !end {
		t.Fatal("the README has no Go example")
	}
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "vet", file)
	cmd.Dir = root(t)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestEveryDependencyHasItsReason wants a line in the README for each direct
// dependency, and each picture and package that the README names to exist.
func TestEveryDependencyHasItsReason(t *testing.T) {
	text := readme(t)
	cmd := exec.Command("go", "list", "-m", "-f", "{{if not (or .Indirect .Main)}}{{.Path}}{{end}}", "all")
	cmd.Dir = root(t)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, module := range strings.Fields(string(out)) {
		short := module[strings.LastIndexByte(module, '/')+1:]
		if !strings.Contains(text, module) && !strings.Contains(text, short+",") && !strings.Contains(text, ", "+short) {
			t.Errorf("the README does not say what %s is for", module)
		}
	}
	for _, part := range strings.Split(text, "](")[1:] {
		target, _, _ := strings.Cut(part, ")")
		if strings.Contains(target, "://") {
			continue
		}
		if _, err := os.Stat(filepath.Join(root(t), target)); err != nil {
			t.Errorf("the README points at %s, which is not there", target)
		}
	}
}
