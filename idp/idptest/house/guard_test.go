package house

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestGuardLinksOnlyGoJose builds a module that imports nothing but
// assurance/guard, as an agency would, and looks at what was linked into it.
func TestGuardLinksOnlyGoJose(t *testing.T) {
	dir, house := t.TempDir(), root(t)
	sum, err := os.ReadFile(filepath.Join(house, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	version := goJoseVersion(t, house)
	files := map[string]string{
		"go.mod":  "module agency\n\ngo 1.26\n\nrequire (\n\tsurety v0.0.0\n\tgithub.com/go-jose/go-jose/v4 " + version + "\n)\n\nreplace surety => " + house + "\n",
		"go.sum":  string(sum),
		"main.go": "package main\n\nimport _ \"surety/assurance/guard\"\n\nfunc main() {}\n",
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "list", "-mod=mod", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	for _, pkg := range strings.Fields(string(out)) {
		switch {
		case pkg == "agency", pkg == module+"/assurance", pkg == module+"/assurance/guard":
		case strings.HasPrefix(pkg, "github.com/go-jose/go-jose/v4"):
		default:
			t.Errorf("assurance/guard links %s", pkg)
		}
	}
}

func goJoseVersion(t *testing.T, house string) string {
	t.Helper()
	cmd := exec.Command("go", "list", "-m", "-f", "{{.Version}}", "github.com/go-jose/go-jose/v4")
	cmd.Dir = house
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
