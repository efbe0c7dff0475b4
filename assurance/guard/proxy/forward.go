package proxy

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Kind is a proxy that asks before it lets a request through. Each tells of the
// original request in its own way, and only that way is looked at: what else
// stands in the request may have come from outside.
type Kind string

// The kinds.
const (
	// Nginx is ngx_http_auth_request_module, configured to send X-Original-Method
	// and X-Original-URI.
	Nginx Kind = "nginx"
	// Traefik is its ForwardAuth middleware: X-Forwarded-Method and X-Forwarded-Uri.
	Traefik Kind = "traefik"
	// Envoy is its ext_authz filter with an HTTP service: method and path are the
	// original's.
	Envoy Kind = "envoy"
)

// Kinds lists them.
func Kinds() []Kind { return []Kind{Nginx, Traefik, Envoy} }

// ForwardConfig says who asks. TrustedProxies must be there as well: who else
// asks is refused.
type ForwardConfig struct {
	Config
	Kind Kind
}

// forward answers proxies that ask.
type forward struct {
	*proxy
	kind Kind
}

// NewForward returns the endpoint that another proxy asks about each request:
// 200 with headers to add to it, or 401, 403 or 503 with what to answer. It
// says 401 also where the middleware would say 400 about a token: nginx knows
// no other.
func NewForward(c ForwardConfig) (http.Handler, error) {
	if !slices.Contains(Kinds(), c.Kind) {
		return nil, errors.New("proxy: the kind must be nginx, traefik or envoy")
	}
	if len(c.TrustedProxies) == 0 {
		return nil, errors.New("proxy: there must be proxies that are trusted")
	}
	f := &forward{kind: c.Kind}
	var err error
	f.proxy, err = newProxy(c.Config, http.HandlerFunc(f.allow))
	return f, err
}

// ServeHTTP answers about one request.
func (f *forward) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !f.trusts(r) {
		f.log.WarnContext(r.Context(), "somebody asks who is not a trusted proxy", "peer", r.RemoteAddr)
		refuse(w, http.StatusForbidden, "only trusted proxies may ask")
		return
	}
	method, target, ok := f.original(r)
	u, err := url.ParseRequestURI(target)
	if !ok || err != nil || !strings.HasPrefix(target, "/") {
		f.log.WarnContext(r.Context(), "the proxy does not say what the original request was", "kind", f.kind)
		refuse(w, http.StatusForbidden, "the original request is not known")
		return
	}
	asked := r.Clone(r.Context())
	asked.Method, asked.URL, asked.RequestURI, asked.Body = method, u, target, http.NoBody
	f.serve(narrow{w}, asked, target, http.StatusForbidden)
}

// original reads method and target of the original request.
func (f *forward) original(r *http.Request) (method, target string, ok bool) {
	switch f.kind {
	case Nginx:
		return single(r.Header, "X-Original-Method", "X-Original-Uri")
	case Traefik:
		return single(r.Header, "X-Forwarded-Method", "X-Forwarded-Uri")
	}
	return r.Method, r.RequestURI, true
}

// single wants each header once: of two, one is the client's.
func single(h http.Header, method, target string) (string, string, bool) {
	m, t := h[method], h[target]
	if len(m) != 1 || len(t) != 1 {
		return "", "", false
	}
	return m[0], t[0], true
}

// allow says that the request may go on, and who is there.
func (f *forward) allow(w http.ResponseWriter, r *http.Request) {
	told, err := f.told(r)
	if err != nil {
		f.log.ErrorContext(r.Context(), "sign an assertion", "error", err)
		refuse(w, http.StatusServiceUnavailable, "the request cannot be passed on")
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	var absent []string
	for _, name := range Headers() {
		if values := told[name]; len(values) > 0 {
			h[name] = values
		} else {
			absent = append(absent, strings.ToLower(name))
		}
	}
	if f.kind == Envoy && len(absent) > 0 {
		// Envoy overwrites what is there and keeps what is not: a client's own
		// X-Surety-Subject would pass a public route.
		h.Set("X-Envoy-Auth-Headers-To-Remove", strings.Join(absent, ","))
	}
	w.WriteHeader(http.StatusOK)
}

// narrow turns a 400 into a 401: nginx makes an internal error of it.
type narrow struct{ http.ResponseWriter }

// WriteHeader writes the status.
func (n narrow) WriteHeader(status int) {
	if status == http.StatusBadRequest {
		status = http.StatusUnauthorized
	}
	n.ResponseWriter.WriteHeader(status)
}
