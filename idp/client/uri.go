package client

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// parseURI reads an absolute address without the parts that have no business
// in registered metadata.
func parseURI(raw string) (*url.URL, error) {
	switch {
	case raw == "":
		return nil, errors.New("is empty")
	case len(raw) > maxURI:
		return nil, fmt.Errorf("is longer than %d bytes", maxURI)
	case strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r > '~' || r == '\\' }):
		// A backslash is a slash to browsers and none to us: refuse the doubt.
		return nil, errors.New("holds a space, a backslash, a control or a non-ASCII character")
	case strings.Contains(raw, "#"):
		return nil, errors.New("has a fragment")
	case strings.Contains(raw, "*"):
		// Legal in a path, but whoever writes one means more than the exact text.
		return nil, errors.New("has a wildcard: addresses are compared exactly")
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, errors.New("is not a URI")
	case u.Scheme == "":
		return nil, errors.New("is not absolute")
	case u.User != nil:
		return nil, errors.New("holds a user name")
	}
	return u, nil
}

// webURI demands https, or http on the loopback interface where that is allowed.
func webURI(raw string, loopbackHTTP bool) error {
	u, err := parseURI(raw)
	if err != nil {
		return err
	}
	return webScheme(u, loopbackHTTP)
}

func webScheme(u *url.URL, loopbackHTTP bool) error {
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("has the scheme %q, want https", u.Scheme)
	case u.Hostname() == "":
		return errors.New("has no host")
	case u.Scheme == "https":
		return nil
	case !isLoopback(u.Hostname()):
		return errors.New("is http: https is needed outside the loopback interface")
	case !loopbackHTTP:
		return errors.New("is http on the loopback interface: only for native applications and clients marked as development")
	}
	return nil
}

// isLoopback knows the loopback addresses and the name localhost.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// redirectURI reads one redirect URI by the rules of RFC 9700, section 2.1,
// and for native applications of RFC 8252, sections 7.1 and 7.3.
func redirectURI(raw string, native, loopbackHTTP bool) (redirect, error) {
	u, err := parseURI(raw)
	if err != nil {
		return redirect{}, err
	}
	r := redirect{raw: raw, origin: u.Scheme + "://" + u.Host}
	if u.Scheme != "https" && u.Scheme != "http" {
		// A private-use scheme is a domain turned round: the dot keeps out
		// javascript:, data: and names that two applications may both claim.
		if !native {
			return redirect{}, fmt.Errorf("has the scheme %q: private-use schemes are for native applications", u.Scheme)
		}
		if !strings.Contains(u.Scheme, ".") {
			return redirect{}, fmt.Errorf("has the scheme %q: a private-use scheme is a domain name in reverse order", u.Scheme)
		}
		r.origin = u.Scheme + ":"
		return r, nil
	}
	if err := webScheme(u, loopbackHTTP); err != nil {
		return redirect{}, err
	}
	if native && u.Scheme == "http" && u.Hostname() != "localhost" {
		base := "http://" + strings.TrimSuffix(u.Host, ":"+u.Port())
		r.loop = &anyPort{before: base + ":", after: strings.TrimPrefix(raw, "http://"+u.Host)}
		r.origin = base + ":*"
	}
	return r, nil
}

// anyPort is a loopback address cut at its port: a native application listens
// where the system lets it (RFC 8252, section 7.3).
type anyPort struct{ before, after string }

// matches compares everything but the port exactly.
func (a *anyPort) matches(uri string) bool {
	rest, ok := strings.CutPrefix(uri, a.before)
	if !ok {
		return false
	}
	port, ok := strings.CutSuffix(rest, a.after)
	if !ok || port == "" || port[0] == '0' {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	// The text must be what the number is written as: no sign, no other form.
	return err == nil && strconv.FormatUint(n, 10) == port
}
