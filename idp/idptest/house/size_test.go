package house

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The limits of the house style, in lines.
const (
	maxFunction = 60
	maxHandler  = 40
	maxFile     = 500
	maxTestFile = 1000
	maxPackage  = 2500
)

var forbiddenNames = map[string]bool{
	"util": true, "utils": true, "common": true, "helpers": true, "models": true, "types": true, "services": true, "handlers": true,
}

// TestSizes holds functions, handlers, files and packages to a size that can
// be read in one go.
func TestSizes(t *testing.T) {
	for _, p := range packages(t) {
		total := 0
		files, err := filepath.Glob(filepath.Join(p.Dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			n := checkFile(t, file)
			if !strings.HasSuffix(file, "_test.go") {
				total += n
			}
		}
		if total > maxPackage {
			t.Errorf("%s has %d lines without tests, more than %d", p.ImportPath, total, maxPackage)
		}
	}
}

func checkFile(t *testing.T, file string) int {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	isTest := strings.HasSuffix(file, "_test.go")
	n, limit := bytes.Count(src, []byte("\n")), maxFile
	if isTest {
		limit = maxTestFile
	}
	if n > limit {
		t.Errorf("%s has %d lines, more than %d", file, n, limit)
	}
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, file, src, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	if isTest {
		return n
	}
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Body == nil {
			continue
		}
		lines := fset.Position(fn.End()).Line - fset.Position(fn.Pos()).Line + 1
		switch {
		case lines > maxFunction:
			t.Errorf("%s: %s has %d lines, more than %d", fset.Position(fn.Pos()), fn.Name.Name, lines, maxFunction)
		case isHandler(fn) && lines > maxHandler:
			t.Errorf("%s: handler %s has %d lines, more than %d", fset.Position(fn.Pos()), fn.Name.Name, lines, maxHandler)
		}
	}
	return n
}

// isHandler recognises func(http.ResponseWriter, *http.Request) with or
// without an error result.
func isHandler(fn *ast.FuncDecl) bool {
	var kinds []string
	for _, field := range fn.Type.Params.List {
		for range max(1, len(field.Names)) {
			kinds = append(kinds, typeName(field.Type))
		}
	}
	return len(kinds) == 2 && kinds[0] == "http.ResponseWriter" && kinds[1] == "*http.Request"
}

func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return "*" + typeName(e.X)
	case *ast.SelectorExpr:
		return typeName(e.X) + "." + e.Sel.Name
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// TestEveryPackageIntroducesItself wants a doc.go with a package comment, and
// no package that is named after nothing.
func TestEveryPackageIntroducesItself(t *testing.T) {
	for _, p := range packages(t) {
		if forbiddenNames[filepath.Base(p.ImportPath)] {
			t.Errorf("%s: a package is named for what it does, not for being a drawer", p.ImportPath)
		}
		if len(p.GoFiles) == 0 {
			continue // tests only
		}
		if _, err := os.Stat(filepath.Join(p.Dir, "doc.go")); err != nil || p.Doc == "" {
			t.Errorf("%s has no doc.go with a package comment", p.ImportPath)
		}
	}
}

// TestExportedNamesAreDocumented wants a comment on every exported
// declaration outside tests.
func TestExportedNamesAreDocumented(t *testing.T) {
	for _, p := range packages(t) {
		for _, name := range p.GoFiles {
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range f.Decls {
				if what := undocumented(d); what != "" {
					t.Errorf("%s: %s has no comment", fset.Position(d.Pos()), what)
				}
			}
		}
	}
}

func undocumented(d ast.Decl) string {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
			return d.Name.Name
		}
	case *ast.GenDecl:
		if d.Doc != nil {
			return ""
		}
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() && s.Doc == nil && s.Comment == nil {
					return s.Name.Name
				}
			case *ast.ValueSpec:
				if s.Names[0].IsExported() && s.Doc == nil && s.Comment == nil {
					return s.Names[0].Name
				}
			}
		}
	}
	return ""
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	e := d.Recv.List[0].Type
	if s, ok := e.(*ast.StarExpr); ok {
		e = s.X
	}
	if ix, ok := e.(*ast.IndexExpr); ok {
		e = ix.X
	}
	id, ok := e.(*ast.Ident)
	return ok && id.IsExported()
}
