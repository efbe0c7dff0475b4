package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// maxBody bounds every answer that is read.
const maxBody = 1 << 20

// metadata is the part of the discovery document that is used.
type metadata struct {
	Issuer        string `json:"issuer"`
	Authorization string `json:"authorization_endpoint"`
	Token         string `json:"token_endpoint"`
	UserInfo      string `json:"userinfo_endpoint"`
	Introspection string `json:"introspection_endpoint"`
	JWKS          string `json:"jwks_uri"`
}

// provider is the server under test, shared by all workers.
type provider struct {
	cfg       config
	meta      metadata
	recipe    recipe
	transport http.RoundTripper
	checked   atomic.Pointer[discovered]
	requests  atomic.Int64
	reseeds   atomic.Int64
	nextUser  atomic.Int64
}

func newProvider(ctx context.Context, c config) (*provider, error) {
	p := &provider{cfg: c}
	trust, err := c.trust()
	if err != nil {
		return nil, err
	}
	p.transport = &http.Transport{
		DialContext:         dialLoopback,
		MaxIdleConns:        4 * c.workers,
		MaxIdleConnsPerHost: 2 * c.workers,
		IdleConnTimeout:     time.Minute,
		DisableCompression:  true,
		TLSClientConfig:     trust,
	}
	if c.recipe != "" {
		if p.recipe, err = loadRecipe(c.recipe); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	meta, err := p.discover(ctx, p.client(nil))
	if err != nil {
		return nil, err
	}
	p.meta = *meta
	if c.introspectionEndpoint != "" {
		p.meta.Introspection = c.introspectionEndpoint
	}
	return p, nil
}

func (c config) trust() (*tls.Config, error) {
	t := &tls.Config{InsecureSkipVerify: c.tlsSkipVerify}
	if c.caFile == "" {
		return t, nil
	}
	pem, err := os.ReadFile(c.caFile)
	if err != nil {
		return nil, fmt.Errorf("certificate authority: %w", err)
	}
	t.RootCAs = x509.NewCertPool()
	if !t.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("certificate authority: no certificate in %s", c.caFile)
	}
	return t, nil
}

// dialLoopback refuses every address off the loopback interface, so that a
// wrong flag or a stray redirect cannot load another machine.
func dialLoopback(ctx context.Context, network, addr string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("%s is not a loopback address", host)
	}
	var d net.Dialer
	return d.DialContext(ctx, network, net.JoinHostPort(host, port))
}

// client is an HTTP client that never follows a redirect by itself.
func (p *provider) client(jar http.CookieJar) *http.Client {
	return &http.Client{
		Transport:     p.transport,
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func newJar() http.CookieJar {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // there is nothing to fail without options
	}
	return jar
}

// answer is a response with its whole body.
type answer struct {
	*http.Response
	body []byte
}

func (p *provider) do(hc *http.Client, req *http.Request) (answer, error) {
	p.requests.Add(1)
	resp, err := hc.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	var body bytes.Buffer
	if n := resp.ContentLength; n > 0 && n <= maxBody {
		body.Grow(int(n) + bytes.MinRead) // at once, and not by doubling
	}
	if _, err := body.ReadFrom(io.LimitReader(resp.Body, maxBody+1)); err != nil {
		return answer{}, err
	}
	if body.Len() > maxBody {
		return answer{}, errors.New("answer over 1 MiB")
	}
	return answer{resp, body.Bytes()}, nil
}

func (p *provider) get(ctx context.Context, hc *http.Client, target, bearer string) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return answer{}, err
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	return p.do(hc, req)
}

func (p *provider) post(ctx context.Context, hc *http.Client, target string, form url.Values) (answer, error) {
	req, err := formRequest(ctx, target, form)
	if err != nil {
		return answer{}, err
	}
	return p.do(hc, req)
}

// postAs sends a form with client authentication (RFC 6749, section 2.3.1).
func (p *provider) postAs(ctx context.Context, hc *http.Client, target string, form url.Values) (answer, error) {
	basic := p.cfg.clientSecret != "" && p.cfg.clientAuth != "post"
	if !basic {
		form.Set("client_id", p.cfg.clientID)
	}
	if !basic && p.cfg.clientSecret != "" {
		form.Set("client_secret", p.cfg.clientSecret)
	}
	req, err := formRequest(ctx, target, form)
	if err != nil {
		return answer{}, err
	}
	if basic {
		req.SetBasicAuth(url.QueryEscape(p.cfg.clientID), url.QueryEscape(p.cfg.clientSecret))
	}
	return p.do(hc, req)
}

func formRequest(ctx context.Context, target string, form url.Values) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return req, nil
}

func (p *provider) getJSON(ctx context.Context, hc *http.Client, target, bearer string, into any) error {
	a, err := p.get(ctx, hc, target, bearer)
	if err != nil {
		return err
	}
	return a.decode(into)
}

// discover reads and checks the discovery document. An answer that is, byte
// for byte, one that was checked before is right too, and need not be parsed
// again: the tool shares the machine with the server.
func (p *provider) discover(ctx context.Context, hc *http.Client) (*metadata, error) {
	a, err := p.get(ctx, hc, strings.TrimSuffix(p.cfg.issuer, "/")+"/.well-known/openid-configuration", "")
	if err != nil {
		return nil, fmt.Errorf("discovery: %w", err)
	}
	if known := p.checked.Load(); known != nil && a.StatusCode == http.StatusOK && bytes.Equal(known.body, a.body) {
		return &known.meta, nil
	}
	known := &discovered{body: a.body}
	if err := a.decode(&known.meta); err != nil {
		return nil, fmt.Errorf("discovery: %w", err)
	}
	if err := p.checkDiscovery(known.meta); err != nil {
		return nil, err
	}
	p.checked.Store(known)
	return &known.meta, nil
}

// discovered is a discovery document that was checked.
type discovered struct {
	body []byte
	meta metadata
}

func (p *provider) checkDiscovery(m metadata) error {
	issuer := strings.TrimSuffix(p.cfg.issuer, "/")
	if strings.TrimSuffix(m.Issuer, "/") != issuer {
		return fmt.Errorf("discovery: issuer is %q", m.Issuer)
	}
	if m.Token == "" || m.Authorization == "" || m.JWKS == "" {
		return errors.New("discovery: an endpoint is missing")
	}
	return nil
}

// decode requires status 200 and JSON.
func (a answer) decode(into any) error {
	if a.StatusCode != http.StatusOK {
		return &statusError{status: a.StatusCode, detail: a.oauthError()}
	}
	if err := json.Unmarshal(a.body, into); err != nil {
		return fmt.Errorf("answer is not the expected JSON: %w", err)
	}
	return nil
}

func (a answer) oauthError() string {
	var e struct {
		Error       any    `json:"error"`
		Description string `json:"error_description"`
	}
	if json.Unmarshal(a.body, &e) == nil && e.Error != nil {
		return clip(fmt.Sprintf("%v %s", e.Error, e.Description), 120)
	}
	if h := a.Header.Get("WWW-Authenticate"); h != "" {
		return clip(h, 120)
	}
	return "no OAuth error in the body"
}

// statusError is an answer with a status that is no success.
type statusError struct {
	status int
	detail string
}

func (e *statusError) Error() string { return fmt.Sprintf("status %d: %s", e.status, e.detail) }

func clip(s string, n int) string { return s[:min(n, len(s))] }

// errorKind is a short class for the result's table of errors.
func errorKind(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "timeout"
	}
	var ne *net.OpError
	if errors.As(err, &ne) {
		return "network: " + ne.Op
	}
	return clip(err.Error(), 160)
}
