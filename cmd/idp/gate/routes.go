package gate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"surety/assurance/guard"
	"surety/assurance/guard/proxy"
	"surety/idp/strict"
)

// Bounds of a file of routes.
const (
	maxFile    = 1 << 20
	maxEntries = 1000
	maxWords   = 50
	maxText    = 2000
)

// table is a file of routes as it was read.
type table struct {
	reader *strict.Reader
	agency string
	levels []proxy.Level
	routes []proxy.Route
	nodes  []*strict.Node // of the routes: where to point when one is wrong
}

// readTable reads a file of routes. What is wrong is in the reader.
func readTable(name string, source []byte) *table {
	t := &table{reader: strict.New(name)}
	root := t.reader.Document(source, maxFile)
	if root == nil {
		return t
	}
	r := t.reader
	var routes *strict.Node
	r.Mapping(root, strict.Fields{
		"agency": strict.Optional(func(n *strict.Node) { t.agency = r.Text(n, maxText) }),
		"levels": strict.Optional(func(n *strict.Node) {
			r.List(n, maxWords, func(_ int, n *strict.Node) { t.levels = append(t.levels, t.level(n)) })
		}),
		"routes": strict.Required(func(n *strict.Node) { routes = n }),
	})
	if routes != nil { // after agency and levels, wherever they stand
		r.List(routes, maxEntries, func(_ int, n *strict.Node) {
			t.routes, t.nodes = append(t.routes, t.route(n)), append(t.nodes, n)
		})
	}
	return t
}

func (t *table) level(n *strict.Node) (l proxy.Level) {
	r := t.reader
	r.Mapping(n, strict.Fields{
		"name": strict.Required(func(n *strict.Node) { l.Name = r.Text(n, maxText) }),
		"acr":  strict.Required(func(n *strict.Node) { l.ACR = r.Text(n, maxText) }),
	})
	switch {
	case !word(l.Name) || !word(l.ACR):
		r.Report(n, "", "name and acr of a level are a word each, without quotes")
	case slices.ContainsFunc(t.levels, func(o proxy.Level) bool { return o.Name == l.Name || o.ACR == l.ACR }):
		r.Report(n, "", "a level appears twice")
	}
	return l
}

// word reports whether a value can stand in a header as it is.
func word(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' || c == '"' || c == '\\' })
}

// route reads one route. It must say whom it is for: a forgotten requirement
// opens nothing.
func (t *table) route(n *strict.Node) (route proxy.Route) {
	r := t.reader
	guarded := false
	r.Mapping(n, strict.Fields{
		"path":    strict.Required(func(n *strict.Node) { route.Path = r.Text(n, maxText) }),
		"methods": strict.Optional(func(n *strict.Node) { route.Methods = r.Texts(n, maxWords, maxText) }),
		"public":  strict.Optional(func(n *strict.Node) { route.Public = r.Bool(n) }),
		"requirement": strict.Optional(func(n *strict.Node) {
			guarded = true
			route.Requirement = t.requirement(n)
		}),
	})
	if guarded == route.Public {
		r.Report(n, "requirement: {} asks for any good token", "a route has either a requirement, or public: true")
	}
	return route
}

func (t *table) requirement(n *strict.Node) (q guard.Requirement) {
	r := t.reader
	r.Mapping(n, strict.Fields{
		"procedure": strict.Optional(func(n *strict.Node) { q.Procedure = r.Text(n, maxText) }),
		"level":     strict.Optional(func(n *strict.Node) { q.Level = t.acr(r.Text(n, maxText)) }),
		"max_age":   strict.Optional(func(n *strict.Node) { q.MaxAge = r.Duration(n) }),
		"scopes":    strict.Optional(func(n *strict.Node) { q.Scopes = r.Texts(n, maxWords, maxText) }),
	})
	if q.Procedure != "" {
		q.Agency = t.agency
	}
	return q
}

// acr is the value behind a level's name; a value stands for itself.
func (t *table) acr(level string) string {
	if i := slices.IndexFunc(t.levels, func(l proxy.Level) bool { return l.Name == level }); i >= 0 {
		return t.levels[i].ACR
	}
	return level
}

// acrs are the values of the levels in order.
func (t *table) acrs() (all []string) {
	for _, l := range t.levels {
		all = append(all, l.ACR)
	}
	return all
}

// check holds the routes against the guard and against each other.
func (t *table) check(g *guard.Guard) (*proxy.Routes, error) {
	for i, route := range t.routes {
		if err := g.Check(route.Requirement); err != nil && !route.Public {
			t.reader.Report(t.nodes[i], "", "requirement: %v", err)
		}
	}
	routes, err := proxy.NewRoutes(t.routes)
	for _, one := range unjoin(err) {
		var wrong proxy.RouteError
		if errors.As(one, &wrong) {
			t.reader.Report(t.nodes[wrong.Index], "", "%s", wrong.Text)
		} else {
			return nil, one
		}
	}
	return routes, t.reader.Err()
}

// unjoin takes joined errors apart.
func unjoin(err error) []error {
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		return all.Unwrap()
	}
	if err == nil {
		return nil
	}
	return []error{err}
}

// Summary is what a file of routes opens.
type Summary struct {
	DryRun bool `json:"dry_run"`
	Routes int  `json:"routes"`
	Public int  `json:"public"`
}

// String says it in a sentence.
func (s Summary) String() string {
	return fmt.Sprintf("all is well: %d routes, %d of them public", s.Routes, s.Public)
}

func (t *table) summary() Summary {
	s := Summary{DryRun: true, Routes: len(t.routes)}
	for _, r := range t.routes {
		if r.Public {
			s.Public++
		}
	}
	return s
}
