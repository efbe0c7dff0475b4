package web

import (
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"surety/idp/web/templates"
)

// Handler answers a page request or says why not. It writes nothing when it
// returns an error; the wrapper turns that into a page.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Mux registers handlers. It is a small value; copies share their routes.
type Mux struct {
	site   *Site
	router *mux.Router
	root   http.Handler
}

// NewMux returns a mux with what every installation has: static files, the
// language switch, and pages for what is not there.
func NewMux(s *Site) Mux {
	// All our paths are exact: what is not one is not there, and no redirect is
	// made of what a stranger wrote.
	router := mux.NewRouter().SkipClean(true)
	m := Mux{site: s, router: router}
	m.root = s.guard(router)
	router.NotFoundHandler = s.failure(templates.FailedNotFound, http.StatusNotFound)
	router.MethodNotAllowedHandler = s.methodNotAllowed(router)
	m.Protocol("/assets/{name}", s.Templates.Assets(), http.MethodGet, http.MethodHead)
	m.Post("/language", s.switchLanguage)
	return m
}

// Get registers a page. HEAD is answered by the same handler.
func (m Mux) Get(path string, h Handler) {
	m.router.Handle(exact(path), m.site.page(h)).Methods(http.MethodGet, http.MethodHead)
}

// Post registers what a form of our own pages does. The request must come
// from our origin and carry the form token of this browser.
func (m Mux) Post(path string, h Handler) {
	m.router.Handle(exact(path), m.site.form(h)).Methods(http.MethodPost)
}

// exact reads the ending {$} as net/http does: this very path. All our paths are exact.
func exact(path string) string { return strings.TrimSuffix(path, "{$}") }

// Under returns a mux whose paths begin with prefix.
func (m Mux) Under(prefix string) Mux {
	m.router = m.router.PathPrefix(prefix).Subrouter()
	return m
}

// Protocol registers an endpoint that other sites and programs call. It is
// outside the protection of forms, so that all such endpoints stand in one
// visible list where the server mounts them.
func (m Mux) Protocol(path string, h http.Handler, methods ...string) {
	r := m.router.Handle(path, h)
	if len(methods) > 0 {
		r.Methods(methods...)
	}
}

// ServeHTTP answers a request.
func (m Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.root.ServeHTTP(w, r) }

// Var returns the part of the path that the pattern names.
func Var(r *http.Request, name string) string { return mux.Vars(r)[name] }
