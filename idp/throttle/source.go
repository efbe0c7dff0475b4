package throttle

import "net/netip"

// Source is the form in which the address of a browser is counted: an IPv4
// address as it is, an IPv6 address by its /64, since whoever has one address
// of such a network has them all. Text that is no address stays itself.
func Source(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address[:min(len(address), 64)]
	}
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a.String()
	}
	network, err := a.Prefix(64)
	if err != nil {
		return a.String()
	}
	return network.String()
}
