package proxy_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"surety/assurance/guard/proxy"
)

// forward starts an endpoint that proxies ask.
func (w *world) forward(kind proxy.Kind, change func(*proxy.ForwardConfig)) *httptest.Server {
	w.t.Helper()
	c := proxy.ForwardConfig{Config: w.config(), Kind: kind}
	c.TrustedProxies = here()
	if change != nil {
		change(&c)
	}
	h, err := proxy.NewForward(c)
	if err != nil {
		w.t.Fatal(err)
	}
	s := httptest.NewServer(h)
	w.t.Cleanup(s.Close)
	return s
}

// asking is a proxy as its documentation describes it: it asks the endpoint
// about a request and then passes the request on, or the refusal back.
type asking struct {
	kind     proxy.Kind
	endpoint string
	api      string
}

func (a asking) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := a.ask(r)
	defer answer.Body.Close()
	switch {
	case answer.StatusCode/100 == 2:
		a.pass(w, r, answer.Header)
	case a.kind == proxy.Nginx && answer.StatusCode == 401:
		// Of the endpoint's headers nginx hands on this one alone.
		w.Header()["Www-Authenticate"] = answer.Header["Www-Authenticate"]
		w.WriteHeader(401)
	case a.kind == proxy.Nginx && answer.StatusCode == 403:
		w.WriteHeader(403)
	case a.kind == proxy.Nginx:
		w.WriteHeader(500)
	default:
		for name, values := range answer.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.StatusCode)
		_, _ = io.Copy(w, answer.Body)
	}
}

// ask sends what each proxy sends, headers of the client included where it
// does include them.
func (a asking) ask(r *http.Request) *http.Response {
	q, err := http.NewRequest(http.MethodGet, a.endpoint, nil)
	if err != nil {
		panic(err)
	}
	q.Header = r.Header.Clone()
	switch a.kind {
	case proxy.Nginx: // proxy_set_header for two names; all others of the client go along
		q.Header.Set("X-Original-Method", r.Method)
		q.Header.Set("X-Original-URI", r.RequestURI)
	case proxy.Traefik: // trustForwardHeader: false writes its own over the client's
		q.Header.Set("X-Forwarded-Method", r.Method)
		q.Header.Set("X-Forwarded-Uri", r.RequestURI)
	case proxy.Envoy: // method and path as they are; of the headers only Authorization
		q.Method = r.Method
		q.URL = &url.URL{Scheme: "http", Host: q.URL.Host, Opaque: r.RequestURI}
		q.Header = http.Header{"Authorization": r.Header["Authorization"]}
	}
	resp, err := http.DefaultTransport.RoundTrip(q)
	if err != nil {
		panic(err)
	}
	return resp
}

func (a asking) pass(w http.ResponseWriter, r *http.Request, answer http.Header) {
	out, err := http.NewRequest(r.Method, a.api+r.RequestURI, r.Body)
	if err != nil {
		panic(err)
	}
	out.Header = r.Header.Clone()
	for _, name := range proxy.Headers() {
		// nginx sends no header with an empty value, Traefik takes out what is not
		// in the answer; Envoy adds and overwrites, and takes out nothing by itself.
		if values := answer[name]; a.kind != proxy.Envoy || len(values) > 0 {
			out.Header[name] = values
		}
	}
	for _, name := range strings.Split(answer.Get("X-Envoy-Auth-Headers-To-Remove"), ",") {
		if a.kind == proxy.Envoy {
			out.Header.Del(name)
		}
	}
	resp, err := http.DefaultTransport.RoundTrip(out)
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	w.WriteHeader(resp.StatusCode)
}

// TestForwardAuth goes through each kind of proxy to a real API: who is let in
// is known there, who is not is told why, and nothing from outside is believed.
func TestForwardAuth(t *testing.T) {
	t.Parallel()
	for _, kind := range proxy.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			front := httptest.NewServer(asking{kind, w.forward(kind, nil).URL, w.api.URL})
			defer front.Close()
			for _, c := range []struct {
				method, path, token string
				status              int
				challenge, subject  string
			}{
				{"POST", "/declarations/2026?x=1", w.token(nil), 200, "", "anna"},
				{"GET", "/account", w.token(nil), 200, "", "anna"},
				{"GET", "/health", "", 200, "", ""},
				{"GET", "/health", w.token(nil), 200, "", ""},
				{"GET", "/account", "", 401, `Bearer realm="` + api + `"`, ""},
				{"GET", "/account", w.token(members{"exp": 1}), 401, `error="invalid_token"`, ""},
				{"POST", "/declarations/2026", w.token(members{"authorization_details": nil}), 401, `procedure="3.77.01"`, ""},
				{"GET", "/account?access_token=x", w.token(nil), 401, `error="invalid_request"`, ""},
				{"GET", "/admin/x", w.token(nil), 403, "", ""},
				{"DELETE", "/declarations/2026", w.token(nil), 403, "", ""},
				{"GET", "/nowhere", w.token(nil), 403, "", ""},
				{"GET", "/public/%2e%2e/account", "", 403, "", ""},
				{"GET", "/public//account", "", 403, "", ""},
			} {
				r := request(t, c.method, front.URL, c.token, "")
				r.URL.Opaque = c.path // as it stands here
				for name, value := range map[string]string{
					"X-Surety-Subject": "mallory", "X-Surety-Level": "high", "X-Surety-Assertion": "a.b.c", "X-Forwarded-Uri": "/health", "X-Forwarded-Method": "GET",
					"X-Original-Uri": "/health", "X-Original-Method": "GET", "X-Original-Url": "/health", "X-Envoy-Original-Path": "/health",
				} {
					r.Header.Set(name, value)
				}
				resp := send(t, r)
				challenge := resp.Header.Get("WWW-Authenticate")
				if resp.StatusCode != c.status || !strings.Contains(challenge, c.challenge) {
					t.Errorf("%s %s: %d %s, want %d %s", c.method, c.path, resp.StatusCode, challenge, c.status, c.challenge)
				}
				got := w.last()
				if (got != nil) != (c.status == 200) {
					t.Errorf("%s %s: reached the API: %t", c.method, c.path, got != nil)
				}
				if got == nil {
					continue
				}
				if len(got.Header["X-Surety-Subject"]) > 1 || got.Header.Get("X-Surety-Subject") != c.subject {
					t.Errorf("%s %s: the API is told of %q, want %q", c.method, c.path, got.Header["X-Surety-Subject"], c.subject)
				}
				if signed := got.Header.Get("X-Surety-Assertion"); (signed != "") != (c.subject != "") || signed == "a.b.c" || c.subject == "" && got.Header.Get("X-Surety-Level") != "" {
					t.Errorf("%s %s: the API got %v", c.method, c.path, got.Header)
				}
			}
		})
	}
}

// TestForwardAuthAnswersProxiesAlone: and only about a request that the proxy
// names once, in its own way.
func TestForwardAuthAnswersProxiesAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	nginx, traefik := w.forward(proxy.Nginx, nil).URL, w.forward(proxy.Traefik, nil).URL
	elsewhere := w.forward(proxy.Nginx, func(c *proxy.ForwardConfig) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} }).URL
	method, uri := "X-Original-Method", "X-Original-Uri"
	for name, c := range map[string]struct {
		url     string
		headers http.Header
		status  int
	}{
		"right":                   {nginx, http.Header{method: {"GET"}, uri: {"/health"}}, 200},
		"right, for Traefik":      {traefik, http.Header{"X-Forwarded-Method": {"GET"}, "X-Forwarded-Uri": {"/health"}}, 200},
		"from somewhere else":     {elsewhere, http.Header{method: {"GET"}, uri: {"/health"}}, 403},
		"nothing said":            {nginx, http.Header{}, 403},
		"method missing":          {nginx, http.Header{uri: {"/health"}}, 403},
		"path missing":            {nginx, http.Header{method: {"GET"}}, 403},
		"path empty":              {nginx, http.Header{method: {"GET"}, uri: {""}}, 403},
		"path twice":              {nginx, http.Header{method: {"GET"}, uri: {"/health", "/account"}}, 403},
		"method twice":            {nginx, http.Header{method: {"GET", "POST"}, uri: {"/health"}}, 403},
		"in another proxy's way":  {nginx, http.Header{"X-Forwarded-Method": {"GET"}, "X-Forwarded-Uri": {"/health"}}, 403},
		"in nginx's, for Traefik": {traefik, http.Header{method: {"GET"}, uri: {"/health"}}, 403},
		"a whole address":         {nginx, http.Header{method: {"GET"}, uri: {"http://x/health"}}, 403},
		"another host":            {nginx, http.Header{method: {"GET"}, uri: {"//evil.example/health"}}, 403},
		"a path with a blank":     {nginx, http.Header{method: {"GET"}, uri: {"/health /account"}}, 403},
		"method in lower case":    {nginx, http.Header{method: {"get"}, uri: {"/health"}}, 403},
	} {
		r := request(t, "GET", c.url+"/health", "", "")
		r.Header = c.headers
		resp := send(t, r)
		if resp.StatusCode != c.status {
			t.Errorf("%s: %d, want %d", name, resp.StatusCode, c.status)
		}
		if resp.StatusCode == 200 && resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: the answer may be cached, for everybody", name)
		}
	}
}

func TestNewForwardRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, change := range map[string]func(*proxy.ForwardConfig){
		"no kind":            func(c *proxy.ForwardConfig) { c.Kind = "" },
		"another kind":       func(c *proxy.ForwardConfig) { c.Kind = "caddy" },
		"nobody is trusted":  func(c *proxy.ForwardConfig) { c.TrustedProxies = nil },
		"nothing to ask for": func(c *proxy.ForwardConfig) { c.Routes = nil },
	} {
		c := proxy.ForwardConfig{Config: w.config(), Kind: proxy.Nginx}
		c.TrustedProxies = here()
		change(&c)
		if _, err := proxy.NewForward(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestReady: a probe learns whether requests can be checked.
func TestReady(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ask := func() int {
		rec := httptest.NewRecorder()
		proxy.Ready(w.guard).ServeHTTP(rec, httptest.NewRequest("GET", "/ready", nil))
		return rec.Code
	}
	if code := ask(); code != 200 {
		t.Errorf("ready: %d", code)
	}
	fresh := newWorld(t)
	fresh.issuer.Close()
	w.guard = fresh.guard
	if code := ask(); code != 503 {
		t.Errorf("without the provider: %d", code)
	}
}
