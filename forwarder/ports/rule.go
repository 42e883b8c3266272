package ports

import (
	"fmt"
	"net/netip"
	"strings"
)

// Rule says that a port of the host leads to a port of a container.
type Rule struct {
	// Proto is "tcp" or "udp".
	Proto string
	// HostIP is the address that the user published on: 0.0.0.0 is all of IPv4, :: all of IPv6. It is not valid when none
	// was named.
	HostIP netip.Addr
	// HostPort is the port on the host, never 0.
	HostPort uint16
	// ContainerID and ContainerName say whose port it is; the name has no leading slash.
	ContainerID, ContainerName string
	// Target is the container's address and port, as the guest reaches it.
	Target netip.AddrPort
	// Found rules are not published: the container is on the guest's own network, and listens there.
	Found bool
}

// String is the rule as in docker's list of containers.
func (r Rule) String() string {
	host := "*"
	if !r.unqualified() {
		host = r.HostIP.String()
	}
	return fmt.Sprintf("%s:%d->%s/%s", host, r.HostPort, r.Target, r.Proto)
}

func (r Rule) unqualified() bool { return !r.HostIP.IsValid() }

// of tells whether the rule is of a container, given as docker's API takes it.
func (r Rule) of(container string) bool {
	name := strings.TrimPrefix(container, "/")
	return name != "" && (r.ContainerName == name || strings.HasPrefix(r.ContainerID, name))
}

// key is what of a Rule decides about its listeners; the rest can change under them.
type key struct {
	proto string
	ip    netip.Addr // not valid for an unqualified rule
	port  uint16
}

func (r Rule) key() key {
	k := key{proto: r.Proto, port: r.HostPort}
	if !r.unqualified() {
		k.ip = r.HostIP
	}
	return k
}

// Status is what became of a Rule.
type Status struct {
	Rule Rule
	// Addr is where it answers on the host, as address:port; the first if there are several.
	Addr string
	// Err is why it does not; it has a Hint where one is known. The next Apply tries again.
	Err error
	// BytesIn came from clients of the host, BytesOut went to them; Conns are the clients (for UDP: their addresses)
	// connected now. They count since the rule began to be published.
	BytesIn, BytesOut int64
	Conns             int
}

// binding is an address to listen on.
type binding struct {
	network string // as the net package has it
	addr    netip.AddrPort
	// optional bindings may fail: a host without IPv6 has no ::1.
	optional bool
}

// overlaps tells whether only one of two bindings can be listened on.
func (b binding) overlaps(o binding) bool {
	a, c := b.addr.Addr(), o.addr.Addr()
	if b.addr.Port() != o.addr.Port() || b.network[:3] != o.network[:3] || a.Is4() != c.Is4() {
		return false
	}
	return a == c || a.IsUnspecified() || c.IsUnspecified()
}

// bindings are the addresses that a rule asks for. Without an address the rule is for this host only, unless all is set.
func (r Rule) bindings(all bool) []binding {
	at := func(network string, ip netip.Addr, optional bool) binding {
		return binding{network: r.Proto + network, addr: netip.AddrPortFrom(ip, r.HostPort), optional: optional}
	}
	switch ip := r.HostIP.Unmap(); {
	case ip == netip.IPv4Unspecified():
		return []binding{at("4", ip, false)}
	case ip == netip.IPv6Unspecified(): // "6": not IPv4 too
		return []binding{at("6", ip, false)}
	case !r.unqualified():
		return []binding{at("", ip, false)}
	case all:
		return []binding{at("4", netip.IPv4Unspecified(), false), at("6", netip.IPv6Unspecified(), true)}
	default:
		return []binding{at("4", netip.AddrFrom4([4]byte{127, 0, 0, 1}), false), at("6", netip.IPv6Loopback(), true)}
	}
}
