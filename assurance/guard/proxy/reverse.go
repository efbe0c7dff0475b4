package proxy

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Bounds of a request on its way to the API.
const (
	usualTimeout = time.Minute
	usualBody    = 10 << 20 // bytes
	dialTimeout  = 5 * time.Second
	idleTimeout  = 90 * time.Second
	idleConns    = 100
)

// ReverseConfig says what a reverse proxy does with what it lets in. Upstream
// must be there.
type ReverseConfig struct {
	Config
	// Upstream is the API behind: scheme, host and port.
	Upstream string
	// PassToken leaves the access token in the request. The API does not need
	// it to know who is there, and what it does not get it cannot lose.
	PassToken bool
	// Timeout is for one request and its answer; zero is a minute.
	Timeout time.Duration
	// MaxBody bounds a request's body in bytes; zero is 10 MiB.
	MaxBody int64
	// Transport reaches the API; nil is one with deadlines, that takes no other
	// proxy on the way.
	Transport http.RoundTripper
}

// reverse is a reverse proxy in front of one API.
type reverse struct {
	*proxy
	passToken bool
	timeout   time.Duration
	maxBody   int64
	upstream  *url.URL
	forward   *httputil.ReverseProxy
}

// NewReverse returns a reverse proxy that lets a request through to the API
// only by a route, and tells the API who is there.
func NewReverse(c ReverseConfig) (http.Handler, error) {
	upstream, err := url.Parse(c.Upstream)
	if err != nil || upstream.Scheme != "http" && upstream.Scheme != "https" || upstream.Host == "" ||
		upstream.User != nil || strings.Trim(upstream.Path, "/") != "" || upstream.RawQuery != "" || upstream.Fragment != "" {
		return nil, errors.New("proxy: upstream must be http or https, a host, and nothing behind it")
	}
	r := &reverse{passToken: c.PassToken, timeout: cmp.Or(c.Timeout, usualTimeout), maxBody: cmp.Or(c.MaxBody, usualBody), upstream: upstream}
	if r.timeout < 0 || r.maxBody < 0 {
		return nil, errors.New("proxy: timeout and body must not be negative")
	}
	if r.proxy, err = newProxy(c.Config, http.HandlerFunc(r.pass)); err != nil {
		return nil, err
	}
	if c.Transport == nil {
		c.Transport = &http.Transport{
			DialContext: (&net.Dialer{Timeout: dialTimeout}).DialContext, TLSHandshakeTimeout: dialTimeout, IdleConnTimeout: idleTimeout,
			MaxIdleConnsPerHost: idleConns, ForceAttemptHTTP2: true, DisableCompression: true,
		}
	}
	r.forward = &httputil.ReverseProxy{
		Rewrite: r.rewrite, Transport: c.Transport, ErrorHandler: r.failed, ErrorLog: slog.NewLogLogger(r.log.Handler(), slog.LevelWarn),
		ModifyResponse: func(resp *http.Response) error {
			for _, name := range Headers() {
				resp.Header.Del(name) // an API that echoes must not hand out assertions
			}
			return nil
		},
	}
	return r, nil
}

// ServeHTTP checks one request and sends it on.
func (r *reverse) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.serve(w, req, req.RequestURI, http.StatusBadRequest)
}

type toldKey struct{}

// pass sends a request that was let in to the API.
func (r *reverse) pass(w http.ResponseWriter, req *http.Request) {
	told, err := r.told(req)
	if err != nil {
		r.log.ErrorContext(req.Context(), "sign an assertion", "error", err)
		refuse(w, http.StatusInternalServerError, "the request cannot be passed on")
		return
	}
	ctx, cancel := context.WithTimeout(context.WithValue(req.Context(), toldKey{}, told), r.timeout)
	defer cancel()
	req = req.Clone(ctx)
	// A connection that became something else would outlive the token.
	req.Header.Del("Upgrade")
	req.Body = http.MaxBytesReader(w, req.Body, r.maxBody)
	r.forward.ServeHTTP(w, req)
}

// rewrite makes the request that the API gets. Headers that the client's
// Connection header names are gone by now, so it cannot take out ours.
func (r *reverse) rewrite(pr *httputil.ProxyRequest) {
	strip(pr.Out.Header)
	pr.SetURL(r.upstream)
	if r.trusts(pr.In) {
		for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
			pr.Out.Header[name] = pr.In.Header[name]
		}
	}
	host, proto := pr.Out.Header.Get("X-Forwarded-Host"), pr.Out.Header.Get("X-Forwarded-Proto")
	pr.SetXForwarded()
	if host != "" {
		pr.Out.Header.Set("X-Forwarded-Host", host)
	}
	if proto != "" {
		pr.Out.Header.Set("X-Forwarded-Proto", proto)
	}
	pr.Out.Trailer = nil // some servers take trailers for headers
	if !r.passToken && slices.ContainsFunc(pr.Out.Header["Authorization"], bearer) {
		pr.Out.Header.Del("Authorization") // on public routes as well: clients send it everywhere
	}
	told, _ := pr.In.Context().Value(toldKey{}).(http.Header)
	for name, values := range told {
		pr.Out.Header[name] = values
	}
}

func bearer(authorization string) bool {
	scheme, _, _ := strings.Cut(strings.TrimSpace(authorization), " ")
	return strings.EqualFold(scheme, "Bearer")
}

// failed answers when the API did not.
func (r *reverse) failed(w http.ResponseWriter, req *http.Request, err error) {
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		refuse(w, http.StatusRequestEntityTooLarge, "the request is too long")
	case errors.Is(err, context.DeadlineExceeded):
		r.log.WarnContext(req.Context(), "the API did not answer in time", "upstream", r.upstream.Host)
		refuse(w, http.StatusGatewayTimeout, "the service did not answer in time")
	case req.Context().Err() != nil:
		refuse(w, http.StatusBadGateway, "the request was given up") // nobody is there to read it
	default:
		r.log.WarnContext(req.Context(), "the API cannot be reached", "upstream", r.upstream.Host, "error", err)
		refuse(w, http.StatusBadGateway, "the service cannot be reached")
	}
}
