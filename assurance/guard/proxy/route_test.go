package proxy_test

import (
	"errors"
	"net/url"
	"path"
	"strings"
	"testing"

	"surety/assurance/guard"
	"surety/assurance/guard/proxy"
)

// TestMostSpecificRouteGoes: the order in which routes are written means nothing.
func TestMostSpecificRouteGoes(t *testing.T) {
	t.Parallel()
	ask := func(scope string) guard.Requirement { return guard.Requirement{Scopes: []string{scope}} }
	list := []proxy.Route{
		{Path: "/{rest...}", Requirement: ask("rest")},
		{Path: "/a/{x}", Requirement: ask("a-one")},
		{Path: "/{x}/b", Requirement: ask("one-b")},
		{Path: "/a/b", Methods: []string{"GET"}, Requirement: ask("a-b")},
		{Path: "/a/b/{rest...}", Requirement: ask("a-b-rest")},
		{Path: "/", Requirement: ask("root")},
		{Path: "/a/b", Methods: []string{"POST", "DELETE"}, Requirement: ask("a-b-write")},
		{Path: "/sum/{x}/", Requirement: ask("slash")},
		{Path: "/v1.0/x", Requirement: ask("dotted")},
	}
	backwards := make([]proxy.Route, len(list))
	for i, r := range list {
		backwards[len(list)-1-i] = r
	}
	for _, routes := range [][]proxy.Route{list, backwards} {
		found := table(t, routes)
		for _, c := range []struct{ method, path, scope string }{
			{"GET", "/", "root"},
			{"GET", "/x", "rest"},
			{"GET", "/a/x", "a-one"},
			{"GET", "/x/b", "one-b"},
			{"GET", "/a/b", "a-b"},
			{"HEAD", "/a/b", "a-b"},
			{"POST", "/a/b", "a-b-write"},
			{"PUT", "/a/b", ""}, // the path is that route's: no other one answers for it
			{"CONNECT", "/x", ""},
			{"TRACE", "/x", ""},
			{"", "/x", ""},
			{"GET", "/a/b/c", "a-b-rest"},
			{"GET", "/a/b/c/d/", "a-b-rest"},
			{"GET", "/a", "rest"},
			{"GET", "/sum/x/", "slash"},
			{"GET", "/sum/x", ""}, // only a slash keeps it from a better guarded one
			{"GET", "/v1.0/x", "dotted"},
			{"GET", "/a/%D0%B8", "a-one"},
		} {
			r, err := found.Find(c.method, c.path)
			scope := ""
			if err == nil {
				scope = r.Requirement.Scopes[0]
			}
			if scope != c.scope {
				t.Errorf("%s %s goes to %q, want %q", c.method, c.path, scope, c.scope)
			}
		}
	}
}

func TestNewRoutesRefuses(t *testing.T) {
	t.Parallel()
	get := []string{"GET"}
	q := guard.Requirement{Level: high}
	for name, list := range map[string][]proxy.Route{
		"no slash":                        {{Path: "a"}},
		"empty":                           {{Path: ""}},
		"an empty segment":                {{Path: "/a//b"}},
		"dots":                            {{Path: "/a/../b"}},
		"a percent sign":                  {{Path: "/a%2Fb"}},
		"a semicolon":                     {{Path: "/a;b"}},
		"a query":                         {{Path: "/a?b"}},
		"a wildcard in a word":            {{Path: "/a{b}"}},
		"a wildcard not closed":           {{Path: "/{b"}},
		"a wildcard without a name":       {{Path: "/{}"}},
		"the rest in the middle":          {{Path: "/{r...}/a"}},
		"too long":                        {{Path: "/" + strings.Repeat("a", 3000)}},
		"too many segments":               {{Path: strings.Repeat("/a", 65)}},
		"method in lower case":            {{Path: "/a", Methods: []string{"get"}}},
		"CONNECT":                         {{Path: "/a", Methods: []string{"CONNECT"}}},
		"public with a requirement":       {{Path: "/a", Methods: get, Public: true, Requirement: q}},
		"public for every method":         {{Path: "/a", Public: true}},
		"twice":                           {{Path: "/a", Methods: get}, {Path: "/a", Methods: []string{"POST", "GET"}}},
		"twice, once for every method":    {{Path: "/a", Methods: get}, {Path: "/a"}},
		"twice under other names":         {{Path: "/{a}"}, {Path: "/{b}"}},
		"apart by case alone":             {{Path: "/Admin", Methods: get, Public: true}, {Path: "/admin"}},
		"apart by a slash at the end":     {{Path: "/admin/", Methods: get, Public: true}, {Path: "/admin"}},
		"apart by case in a wildcard too": {{Path: "/A/{x}", Methods: get}, {Path: "/a/{y}", Requirement: q}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := proxy.NewRoutes(list)
			var one proxy.RouteError
			if !errors.As(err, &one) || one.Index != len(list)-1 {
				t.Errorf("error %v", err)
			}
		})
	}
	if _, err := proxy.NewRoutes(make([]proxy.Route, 1001)); err == nil {
		t.Error("1001 routes are taken")
	}
	table(t, []proxy.Route{{Path: "/a"}, {Path: "/a/"}}) // the same is asked of both
}

// disguises are ways to write a path that leads, somewhere behind, to
// /admin/users, or to /account.
var disguises = []string{
	"//admin/users", "/admin//users", "/admin/./users", "/./admin/users", "/public/../admin/users", "/public/x/../../admin/users", "/admin/users/..", "/admin/users/.",
	"/public/%2e%2e/admin/users", "/public/%2E%2e/admin/users", "/public/.%2e/admin/users", "/public/%252e%252e/admin/users", "/%2e/admin/users",
	"/public/..;/admin/users", "/public/;/../admin/users", "/admin;x=1/users", "/admin;/users", "/public;/../admin/users", "/admin%3b/users", "/account;jsessionid=1",
	"/public%2f..%2fadmin%2fusers", "/public/..%2fadmin/users", "/admin%2fusers", "/admin%2Fusers", "/%2fadmin/users", "/public/%2f/admin", "/admin%252fusers",
	`/public/..\admin\users`, "/public/..%5cadmin%5cusers", "/admin%5cusers", "/%5cadmin/users", `/\admin/users`, `/admin\users`,
	"/%61dmin/users", "/admi%6e/users", "/%61ccount", "/acc%6funt", "/admin/users%00", "/public/%00/../admin", "/admin%00/users", "/admin/users%0a", "/admin%09/users", "/account%00.css",
	"/public/%c0%ae%c0%ae/admin/users", "/public/%c0%af../admin", "/%ff/admin", "/public/%e0%80%af/admin", "/admin/users%3fx", "/public%3f/../admin/users", "/public/%23/../admin", "/public#/../admin/users",
	"/public/%u002e%u002e/admin", "/public/%", "/public/%2", "/public/%zz", "/public/ü/../admin", "/public/\x7f/admin", "/public/a b/../admin",
	"/Admin/users", "/ADMIN/users", "/aDmin", "/admin./users", "/admin%20/users", "/admin.", "/admin%20", "/Account", "/ACCOUNT", "/account/", "/account.", "/account.json", "/account%20", "/Account.JSON", "/account...",
	"", "*", "admin/users", "http://evil.example/admin/users", "//evil.example/admin", "///", "/public//", "/public/" + strings.Repeat("a/", 70), "/public/" + strings.Repeat("a", 3000),
}

// TestDisguisedPathsAreRefused: with everything else open to everybody, no
// spelling of a guarded path gets there.
func TestDisguisedPathsAreRefused(t *testing.T) {
	t.Parallel()
	get := []string{"GET"}
	found := table(t, []proxy.Route{
		{Path: "/{rest...}", Methods: get, Public: true},
		{Path: "/public/{rest...}", Methods: get, Public: true},
		{Path: "/admin/{rest...}", Requirement: guard.Requirement{Scopes: []string{"admin"}}},
		{Path: "/account", Requirement: guard.Requirement{Level: high}},
	})
	for _, p := range disguises {
		if r, err := found.Find("GET", p); err == nil {
			t.Errorf("%s goes to %s, public: %t", p, r.Path, r.Public)
		}
	}
	for p, want := range map[string]string{
		"/": "/{rest...}", "/a/b.css": "/{rest...}", "/a/": "/{rest...}", "/administration": "/{rest...}", "/a/admin": "/{rest...}", "/.well-known/x": "/{rest...}",
		"/a@b:1,2!$&'()*+=~-_": "/{rest...}", "/%D1%96%D0%BC%D1%8F%20x": "/{rest...}", "/...": "/{rest...}", "/public": "/public/{rest...}", "/public/a%20b": "/public/{rest...}",
		"/admin": "/admin/{rest...}", "/admin/": "/admin/{rest...}", "/admin/users.json": "/admin/{rest...}", "/account": "/account",
	} {
		if r, err := found.Find("GET", p); err != nil || r.Path != want {
			t.Errorf("%s goes to %v, %v; want %s", p, r, err, want)
		}
	}
}

// FuzzRoute: whatever the path, what is found is what net/url and path.Clean
// see in it too, and a guarded name is never reached as a public one.
func FuzzRoute(f *testing.F) {
	for _, p := range disguises {
		f.Add(p)
	}
	f.Add("/a/b?c")
	routes := table(f, []proxy.Route{
		{Path: "/{rest...}", Methods: []string{"GET"}, Public: true},
		{Path: "/admin/{rest...}", Requirement: guard.Requirement{Scopes: []string{"admin"}}},
		{Path: "/a/{x}/b", Requirement: guard.Requirement{Scopes: []string{"b"}}},
	})
	f.Fuzz(func(t *testing.T, p string) {
		r, err := routes.Find("GET", p)
		if err != nil {
			return
		}
		u, err := url.ParseRequestURI(p)
		if err != nil {
			t.Fatalf("%q was found, and is no path to net/url: %v", p, err)
		}
		if clean := path.Clean(u.Path); clean != u.Path && clean+"/" != u.Path || u.RawQuery != "" {
			t.Errorf("%q was found, and is %q when clean", p, clean)
		}
		first, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
		if strings.EqualFold(first, "admin") && (r.Public || first != "admin") {
			t.Errorf("%q is open to everybody", p)
		}
	})
}
