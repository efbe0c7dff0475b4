package proxy

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"surety/assurance/guard"
)

// maxRoutes bounds a table: each request is compared with every pattern.
const maxRoutes = 1000

// Route opens a path, to everybody or to those who meet a requirement.
type Route struct {
	// Path is a pattern: words, {name} for one segment, and at the end {name...}
	// for all the rest, also none. Read from the left, a word goes before
	// {name}, and that before {name...}; the order of routes means nothing.
	Path string
	// Methods that are open; GET opens HEAD as well. Empty is every one, which
	// a public route must not say.
	Methods []string
	// Public lets everybody in. Then Requirement must be empty.
	Public bool
	// Requirement is what a token must say; empty asks for any good one.
	Requirement guard.Requirement
}

// RouteError says what is wrong with one route.
type RouteError struct {
	Index int // in the list
	Text  string
}

// Error tells the place in the list, counted from one, and the mistake.
func (e RouteError) Error() string { return fmt.Sprintf("route %d: %s", e.Index+1, e.Text) }

// Routes is a checked table of routes. What matches none of them is refused.
type Routes struct {
	groups []*group // the most specific first
}

// group is all routes of one pattern.
type group struct {
	pattern pattern
	routes  []*Route
	first   int // index of its first route in the list
}

// NewRoutes checks the routes and puts them in order. The error joins one
// RouteError for each route that is wrong.
func NewRoutes(list []Route) (*Routes, error) {
	if len(list) > maxRoutes {
		return nil, fmt.Errorf("%d routes; at most %d are allowed", len(list), maxRoutes)
	}
	t := &Routes{}
	var wrong []error
	for i, r := range list {
		if err := t.add(i, &r); err != nil {
			wrong = append(wrong, RouteError{i, err.Error()})
		}
	}
	slices.SortStableFunc(t.groups, func(a, b *group) int {
		return cmp.Or(cmp.Compare(a.pattern.rank, b.pattern.rank), cmp.Compare(a.pattern.shape, b.pattern.shape))
	})
	return t, errors.Join(wrong...)
}

func (t *Routes) add(i int, r *Route) error {
	p, err := parsePattern(r.Path)
	if err != nil {
		return err
	}
	for _, m := range r.Methods {
		switch {
		case m == "" || strings.ToUpper(m) != m || strings.ContainsFunc(m, func(c rune) bool { return !unreserved(c) }):
			return fmt.Errorf("method %q is not a method in capitals", m)
		case m == http.MethodConnect || m == http.MethodTrace:
			return fmt.Errorf("method %s cannot be opened", m)
		}
	}
	switch {
	case r.Public && !reflect.DeepEqual(r.Requirement, guard.Requirement{}):
		return errors.New("a public route has no requirement")
	case r.Public && len(r.Methods) == 0:
		return errors.New("a public route must say which methods it opens")
	}
	for _, g := range t.groups {
		if g.pattern.folded != p.folded {
			continue
		}
		same := g.routes[0].Public == r.Public && reflect.DeepEqual(g.routes[0].Requirement, r.Requirement)
		if g.pattern.shape != p.shape {
			if same {
				continue
			}
			return fmt.Errorf("differs from route %d only in ways that an API may not tell apart (case, a slash at the end), and asks for something else", g.first+1)
		}
		for _, other := range g.routes {
			if overlap(other.Methods, r.Methods) {
				return fmt.Errorf("route %d opens the same path and method", g.first+1)
			}
		}
		g.routes = append(g.routes, r)
		return nil
	}
	t.groups = append(t.groups, &group{pattern: p, routes: []*Route{r}, first: i})
	return nil
}

func overlap(a, b []string) bool {
	return len(a) == 0 || len(b) == 0 || slices.ContainsFunc(a, func(m string) bool { return slices.Contains(b, m) })
}

// opens reports whether the route is for the method.
func (r *Route) opens(method string) bool {
	switch method {
	case "", http.MethodConnect, http.MethodTrace:
		return false
	}
	return len(r.Methods) == 0 || slices.Contains(r.Methods, method) || method == http.MethodHead && slices.Contains(r.Methods, http.MethodGet)
}

// find returns the route of a request, by its path as it stands in the request
// line. A path that only case, an ending or a slash keeps from a more specific
// route is refused: many an API would take it for that one.
func (t *Routes) find(method, path string) (*Route, error) {
	parts, err := segments(path)
	if err != nil {
		return nil, err
	}
	found := slices.IndexFunc(t.groups, func(g *group) bool { return g.pattern.matches(parts) })
	if found < 0 {
		return nil, errRoute
	}
	best := t.groups[found]
	for _, g := range t.groups[:found] {
		if g.pattern.rank < best.pattern.rank && g.pattern.resembles(parts) {
			return nil, errRoute
		}
	}
	for _, r := range best.routes {
		if r.opens(method) {
			return r, nil
		}
	}
	return nil, errRoute
}

// pattern is a path of a route, taken apart.
type pattern struct {
	segments []segment
	shape    string // without the names of wildcards
	folded   string // the same, without case and a slash at the end
	rank     string // a byte for each segment; the lesser goes first
}

type segment struct {
	kind byte
	text string // of a word
}

// The kinds of segments; also the bytes of a rank.
const (
	kindWord = '0'
	kindOne  = '1'
	kindRest = '2'
)

func parsePattern(path string) (pattern, error) {
	if !strings.HasPrefix(path, "/") || len(path) > maxPath {
		return pattern{}, errors.New("a path begins with a slash")
	}
	parts := strings.Split(path[1:], "/")
	if len(parts) > maxSegments {
		return pattern{}, fmt.Errorf("a path has %d segments at most", maxSegments)
	}
	var p pattern
	for i, text := range parts {
		last := i == len(parts)-1
		s, err := parseSegment(text, last)
		if err != nil {
			return pattern{}, err
		}
		p.segments = append(p.segments, s)
		p.rank += string(rune(s.kind))
		p.shape += "/" + string(rune(s.kind)) + s.text
	}
	p.folded = strings.ToLower(strings.TrimSuffix(p.shape, "/"+string(rune(kindWord))))
	return p, nil
}

func parseSegment(text string, last bool) (segment, error) {
	name, ok := strings.CutPrefix(text, "{")
	if !ok {
		switch {
		case text == "" && !last:
			return segment{}, errors.New("a path has no empty segments")
		case text == "." || text == ".." || !plain(text) || strings.ContainsAny(text, "{}"):
			return segment{}, fmt.Errorf("segment %q: a word is written decoded, without any of . .. / \\ %% ; ? # { }", text)
		}
		return segment{kindWord, text}, nil
	}
	name, ok = strings.CutSuffix(name, "}")
	name, rest := strings.CutSuffix(name, "...")
	switch {
	case !ok || name == "" || strings.ContainsFunc(name, func(c rune) bool { return !unreserved(c) || c == '.' }):
		return segment{}, fmt.Errorf("segment %q: a wildcard is {name}, or {name...} at the end", text)
	case rest && !last:
		return segment{}, fmt.Errorf("segment %q: {name...} stands at the end only", text)
	case rest:
		return segment{kind: kindRest}, nil
	}
	return segment{kind: kindOne}, nil
}

// matches reports whether the pattern is for the path, to the letter.
func (p pattern) matches(parts []string) bool {
	return p.covers(parts, func(word, part string, _ bool) bool { return word == part })
}

// resembles reports whether an API might take the path for one of the pattern:
// without regard to case (Windows, ASP.NET), a slash at the end (most), dots
// and blanks at the end of a name (Windows), an ending (older Spring).
func (p pattern) resembles(parts []string) bool {
	if n := len(parts); n > 1 && parts[n-1] == "" {
		parts = parts[:n-1]
	}
	if n := len(p.segments); n > 1 && p.segments[n-1] == (segment{kind: kindWord}) {
		p.segments = p.segments[:n-1]
	}
	return p.covers(parts, func(word, part string, last bool) bool {
		part = strings.TrimRight(part, ". ")
		if strings.EqualFold(word, part) {
			return true
		}
		dot := strings.LastIndexByte(part, '.')
		return last && dot > 0 && strings.EqualFold(word, part[:dot])
	})
}

func (p pattern) covers(parts []string, same func(word, part string, last bool) bool) bool {
	for i, s := range p.segments {
		if s.kind == kindRest {
			return true
		}
		switch {
		case i >= len(parts):
			return false
		case s.kind == kindOne && parts[i] == "":
			return false
		case s.kind == kindWord && !same(s.text, parts[i], i == len(parts)-1):
			return false
		}
	}
	return len(parts) == len(p.segments)
}
