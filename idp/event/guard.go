package event

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"syscall"
)

// errForbidden says that an address may not be called. Trying again would
// find it forbidden again, or a name that answers differently each time, which
// is the attack.
var errForbidden = errors.New("address is not public")

// guard decides which addresses may be connected to.
type guard struct {
	allowed  []netip.Prefix // private networks that the operator opened
	loopback bool           // for development clients
}

// control is called with the resolved address just before connecting, so a
// name that resolves to something else the second time gains nothing.
func (g guard) control(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: unreadable", errForbidden)
	}
	if !g.permits(at.Addr().Unmap().WithZone("")) {
		return errForbidden
	}
	return nil
}

func (g guard) permits(ip netip.Addr) bool {
	for _, network := range g.allowed {
		if network.Contains(ip) {
			return true
		}
	}
	if ip.IsLoopback() {
		return g.loopback
	}
	if !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return false
	}
	for _, network := range reserved {
		if network.Contains(ip) {
			return false
		}
	}
	return true
}

// reserved are the networks of the IANA special-purpose registries that the
// standard library does not know as private, with the translation prefixes
// that carry an IPv4 address inside an IPv6 one.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("192.88.99.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("::/96"),
	netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001::/23"),
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("3fff::/20"),
	netip.MustParsePrefix("5f00::/16"),
	netip.MustParsePrefix("fec0::/10"),
}

func tlsConfig(roots *x509.CertPool) *tls.Config {
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
}
