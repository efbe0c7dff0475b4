package house

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "surety"

// domain is the part of the house that knows neither SQL nor HTTP: rules and
// plain values. Every pattern below names packages by their path below the
// module; "x/..." is x and all below it.
var domain = []string{
	"idp", "idp/session", "idp/interaction", "idp/grant", "idp/authn/...", "idp/pki", "idp/audit", "idp/keys", "idp/throttle",
	"idp/contact", "idp/message", "idp/client", "idp/procedure", "idp/claim", "idp/strict", "verification/...", "consent", "assurance", "assurance/lint",
}

func with(more ...string) []string { return append(slices.Clone(domain), more...) }

// table is the import table of the design: for each package, what of ours it
// may import. The first pattern that matches a package counts.
var table = []struct {
	pkg     string
	allowed []string
}{
	{"assurance", nil},
	{"assurance/lint", []string{"assurance"}},
	{"assurance/guard", []string{"assurance"}},
	{"assurance/guard/proxy", []string{"assurance", "assurance/guard"}},
	{"migrations", nil},
	{"consent", []string{"assurance"}},
	{"verification", []string{"assurance", "consent"}},
	{"verification/...", []string{"assurance", "consent", "verification"}},
	{"idp", []string{"assurance", "consent", "verification"}},
	{"idp/authn/...", []string{"assurance", "idp", "idp/pki"}},
	{"idp/pki", nil},
	{"idp/keys", nil},
	{"idp/audit", []string{"assurance", "idp"}},
	{"idp/throttle", []string{"assurance", "idp"}},
	{"idp/contact", []string{"assurance", "idp"}},
	{"idp/message", []string{"idp"}},
	{"idp/client", []string{"assurance", "idp"}},
	{"idp/procedure", []string{"assurance", "idp/claim", "idp/strict"}},
	{"idp/claim", nil},
	{"idp/strict", nil},
	{"idp/session", []string{"assurance", "idp"}},
	{"idp/interaction", []string{"assurance", "idp", "idp/session", "idp/procedure", "consent", "verification"}},
	{"idp/grant", []string{"assurance", "idp"}},
	{"idp/profile", domain},
	{"idp/flow/...", domain},
	{"idp/oidc/...", with("idp/flow/...", "idp/oidc/...")},
	{"idp/postgres/cluster", nil},
	{"idp/postgres/db", with("migrations")},
	// Its rules (pauses, what is too old) are idp/job's; what runs them is here.
	{"idp/postgres/job", with("migrations", "idp/postgres/db", "idp/postgres/audit", "idp/job")},
	{"idp/postgres/...", with("migrations", "idp/postgres/db", "idp/postgres/audit", "idp/postgres/job", "idp/postgres/event")},
	{"idp/job", with("idp/flow/...", "idp/text")},
	{"idp/notify/...", with("idp/flow/...", "idp/text")},
	{"idp/event", with("idp/flow/...", "idp/text")},
	{"idp/text", nil},
	{"idp/web/templates", with("idp/text")},
	{"idp/web", with("idp/flow/...", "idp/text", "idp/web/templates")},
	{"idp/web/...", with("idp/flow/...", "idp/text", "idp/web", "idp/web/templates")},
	{"idp/server", []string{"..."}},
	{"idp/idptest/...", []string{"..."}},
	{"cmd/idp", []string{"..."}},
	// Words for a terminal, and the same as JSON.
	{"cmd/idp/trace", []string{"assurance", "idp", "idp/flow/policy"}},
	// It runs on an agency's machine: of Surety it has the guard, and how files are read.
	{"cmd/idp/gate", []string{"assurance/guard", "assurance/guard/proxy", "idp", "idp/strict"}},
	// The sandbox drives Surety by its commands; only the database is started from here.
	{"cmd/sandbox/...", []string{"cmd/sandbox/outbox", "idp/postgres/cluster", "idp/profile", "assurance"}},
	{"cmd/agency", []string{"assurance", "assurance/guard"}},
	{"cmd/loadtest", nil},
}

type goPackage struct {
	ImportPath string
	Doc        string
	Dir        string
	GoFiles    []string
	Imports    []string
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Doc,Dir,GoFiles,Imports", "./...")
	cmd.Dir = root(t)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func root(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(strings.TrimSpace(string(out)))
}

func matches(pattern, pkg string) bool {
	if pattern == "..." {
		return true
	}
	if base, ok := strings.CutSuffix(pattern, "/..."); ok {
		return pkg == base || strings.HasPrefix(pkg, base+"/")
	}
	return pattern == pkg
}

func short(importPath string) (string, bool) {
	return strings.CutPrefix(importPath, module+"/")
}

// TestImportTable holds every package to the arrows of the design.
func TestImportTable(t *testing.T) {
	for _, p := range packages(t) {
		name, _ := short(p.ImportPath)
		i := slices.IndexFunc(table, func(row struct {
			pkg     string
			allowed []string
		}) bool {
			return matches(row.pkg, name)
		})
		if i < 0 {
			t.Errorf("%s is not in the import table: decide where it belongs", name)
			continue
		}
		for _, imp := range p.Imports {
			dep, ours := short(imp)
			if ours && !slices.ContainsFunc(table[i].allowed, func(pat string) bool { return matches(pat, dep) }) {
				t.Errorf("%s may not import %s", name, dep)
			}
		}
	}
}

// TestOutsideLibrariesStayAtTheirEdge holds the libraries that shape code to
// the one place that is built around them.
func TestOutsideLibrariesStayAtTheirEdge(t *testing.T) {
	edges := map[string][]string{
		"github.com/ory/fosite":           {"idp/oidc/..."},
		"github.com/jackc/pgx/v5":         {"idp/postgres/...", "idp/idptest/...", "cmd/loadtest"},
		"github.com/riverqueue/river":     {"idp/postgres/job", "idp/job"},
		"github.com/gorilla/mux":          {"idp/web"},
		"github.com/pressly/goose/v3":     {"migrations", "idp/postgres/db"},
		"github.com/go-webauthn":          {"idp/authn/passkey"},
		"github.com/alecthomas/kong":      {"cmd/..."},
		"github.com/wneessen/go-mail":     {"idp/notify"},
		"github.com/nicksnyder/go-i18n":   {"idp/text"},
		"github.com/nyaruka/phonenumbers": {"idp/contact"},
	}
	for _, p := range packages(t) {
		name, _ := short(p.ImportPath)
		for _, imp := range p.Imports {
			for lib, allowed := range edges {
				if (imp == lib || strings.HasPrefix(imp, lib+"/")) && !slices.ContainsFunc(allowed, func(pat string) bool { return matches(pat, name) }) {
					t.Errorf("%s may not import %s; only %s", name, imp, strings.Join(allowed, ", "))
				}
			}
		}
	}
}
