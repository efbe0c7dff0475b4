package event

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"surety/idp"
)

// Bounds of one delivery. The body of an answer means nothing to us; reading a
// little of it lets the connection be used again.
const (
	deadline         = 10 * time.Second
	maxAnswerHeaders = 16 << 10
	maxAnswerBody    = 4 << 10
)

// Config says how deliveries leave the house.
type Config struct {
	// Roots verify the agencies' certificates; nil means the machine's own.
	Roots *x509.CertPool
	// Networks are private networks in which agencies are known to live (a
	// state's internal network). Empty means that only public addresses are called.
	Networks []netip.Prefix
	// Deadline of one delivery; 0 means 10 seconds.
	Deadline time.Duration
}

// Failure says that a delivery was not taken.
type Failure struct {
	Permanent bool  // another try cannot help
	Status    int   // what the agency answered; 0 if it did not
	Cause     error // for the log; holds no token
}

// Error gives the operator's face.
func (f *Failure) Error() string {
	if f.Cause != nil {
		return fmt.Sprintf("deliver logout token: %v", f.Cause)
	}
	return fmt.Sprintf("deliver logout token: status %d", f.Status)
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Cause }

// Deliverer posts logout tokens. It is safe for concurrent use.
type Deliverer struct {
	deadline    time.Duration
	production  *http.Client
	development *http.Client
}

// NewDeliverer returns a deliverer. The two clients have connections of their
// own: one opened for a development client is never used for another.
func NewDeliverer(cfg Config) *Deliverer {
	d := &Deliverer{deadline: cfg.Deadline}
	if d.deadline == 0 {
		d.deadline = deadline
	}
	d.production = newClient(cfg.Roots, guard{allowed: cfg.Networks})
	d.development = newClient(cfg.Roots, guard{allowed: cfg.Networks, loopback: true})
	return d
}

// Deliver posts the token to the client's registered address (Back-Channel
// Logout 1.0, section 2.5). It returns nil when the client took it, a *Failure
// otherwise.
func (d *Deliverer) Deliver(ctx context.Context, n idp.LogoutNotice, token string) error {
	if err := checkAddress(n); err != nil {
		return &Failure{Permanent: true, Cause: err}
	}
	ctx, cancel := context.WithTimeout(ctx, d.deadline)
	defer cancel()
	body := strings.NewReader(url.Values{"logout_token": {token}}.Encode())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, n.URI, body)
	if err != nil {
		return &Failure{Permanent: true, Cause: errors.New("the registered address is no address")}
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	client := d.production
	if n.Development {
		client = d.development
	}
	resp, err := client.Do(req)
	if err != nil {
		return &Failure{Permanent: errors.Is(err, errForbidden), Cause: err}
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, maxAnswerBody)
	return verdict(resp.StatusCode)
}

// verdict reads the status as section 2.8 means it. 400 is the client's word
// that it will never take this token. Everything else, redirects included, may
// be a proxy or an outage speaking in its place.
func verdict(status int) error {
	switch status {
	case http.StatusOK, http.StatusNoContent:
		return nil
	case http.StatusBadRequest:
		return &Failure{Permanent: true, Status: status}
	default:
		return &Failure{Status: status}
	}
}

// checkAddress asks for https again here, although registration did: the mark
// of development may have been taken away since.
func checkAddress(n idp.LogoutNotice) error {
	u, err := url.Parse(n.URI)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "":
		return errors.New("the registered address is no address")
	case u.Scheme == "https", u.Scheme == "http" && n.Development:
		return nil
	default:
		return errors.New("the registered address is not https")
	}
}

func newClient(roots *x509.CertPool, g guard) *http.Client {
	dialer := &net.Dialer{Timeout: deadline, Control: g.control}
	transport := &http.Transport{
		Proxy:                  nil, // a proxy would resolve names where the guard cannot see
		DialContext:            dialer.DialContext,
		TLSClientConfig:        tlsConfig(roots),
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    2,
		MaxConnsPerHost:        8,
		IdleConnTimeout:        30 * time.Second,
		TLSHandshakeTimeout:    deadline,
		MaxResponseHeaderBytes: maxAnswerHeaders,
	}
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// NewClient returns an HTTP client for other calls to addresses that agencies
// registered, such as jwks_uri: bounded in time, following no redirect, and
// with the same guard, so that nobody has us call into our own network.
func NewClient(cfg Config) *http.Client {
	c := newClient(cfg.Roots, guard{allowed: cfg.Networks})
	c.Timeout = deadline
	return c
}
