package outbound

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
)

// serveServices listens on the gateway for what the Config has beside DNS, until the stack or ctx ends.
func (g *guest) serveServices(ctx context.Context) error {
	for port, serve := range g.services {
		l, err := gonet.ListenTCP(g.stack, tcpip.FullAddress{NIC: nicID, Addr: toTCPIP(g.gateway), Port: port}, ipv4.ProtocolNumber)
		if err != nil {
			return fmt.Errorf("listen on the gateway's port %d: %w", port, err)
		}
		context.AfterFunc(ctx, func() { _ = l.Close() })
		g.start(func() { serve(ctx, l) })
	}
	return nil
}

// DialName connects to what a guest calls address (host:port), on its behalf: a name is looked up as the guest's questions
// are, and an address leads where it leads for the guest, or nowhere. The network is "tcp".
func (n *Network) DialName(ctx context.Context, network, address string) (net.Conn, error) {
	host, portText, err := net.SplitHostPort(address)
	port, perr := strconv.ParseUint(portText, 10, 16)
	if err != nil || perr != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: fmt.Errorf("%q is no address", address)}
	}
	addrs, err := n.addresses(ctx, host)
	if err != nil {
		return nil, err
	}
	for _, a := range addrs {
		to, ok := n.destination(a)
		if !ok {
			err = &net.OpError{Op: "dial", Net: network, Err: fmt.Errorf("%w %s", ErrNoWay, address)}
			continue
		}
		var c net.Conn
		if c, err = n.dial(ctx, network, netip.AddrPortFrom(to, uint16(port)).String()); err == nil {
			return c, nil
		}
	}
	return nil, err
}

// addresses are those of a name, or the one that it is. A name has at least one.
func (n *Network) addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a.Unmap()}, nil
	}
	if own, ok := n.names[strings.ToLower(strings.TrimSuffix(host, "."))]; ok {
		return []netip.Addr{own}, nil
	}
	addrs, err := n.resolver.LookupNetIP(ctx, "ip", strings.TrimSuffix(host, ".")+".")
	for i, a := range addrs {
		addrs[i] = a.Unmap()
	}
	if err == nil && len(addrs) == 0 {
		err = &net.DNSError{Err: "no address", Name: host, IsNotFound: true}
	}
	return addrs, err
}
