package outbound

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
)

// The guest's network, as the guest's image has it built in.
const (
	DefaultSubnet  = "192.168.127.0/24"
	DefaultGateway = "192.168.127.1"
	DefaultHost    = "192.168.127.254"
	// GuestAddr and GuestMAC are the guest's own address and the one of its card.
	GuestAddr = "192.168.127.2"
	GuestMAC  = "5a:94:ef:e4:0c:ee"
	// DefaultMTU is the guest's MTU: large, since the frames never see a wire.
	DefaultMTU = 65520
)

// gatewayMAC is the address of the gateway's card, locally administered.
const gatewayMAC = "5a:94:ef:e4:0c:dd"

// Config is what a Network is made of. All of it may be empty.
type Config struct {
	// Subnet of the guest's network, and in it the gateway's address, the alias for the host's loopback, and the guest's
	// own address.
	Subnet, Gateway, Host, Guest string
	// MTU of the guest's network in bytes.
	MTU int
	// Names are more names for the guest, without a final dot, beside those for the host and the gateway.
	Names map[string]netip.Addr
	// Dial connects from the host, net.Dialer's by default.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Resolver answers the guest's questions about names, the host's by default.
	Resolver Resolver
	// Services are TCP ports of the gateway, beside DNS, and what serves each guest's connections to them, until ctx ends.
	Services map[uint16]func(ctx context.Context, l net.Listener)
	// Logger may be nil.
	Logger hclog.Logger
}

// Network is the network of guests.
type Network struct {
	subnet        netip.Prefix
	gateway, host netip.Addr
	guest         netip.Addr // which leads to its containers
	mtu           int
	names         map[string]netip.Addr
	dial          func(ctx context.Context, network, address string) (net.Conn, error)
	resolver      Resolver
	services      map[uint16]func(context.Context, net.Listener)
	log           hclog.Logger
	served        atomic.Pointer[guest] // the latest; nil while there is none
}

// New makes a Network; it fails only if the Config makes no sense.
func New(c Config) (*Network, error) {
	or := func(s, otherwise string) string {
		if s == "" {
			return otherwise
		}
		return s
	}
	n := &Network{mtu: c.MTU, dial: c.Dial, resolver: c.Resolver, services: c.Services, log: c.Logger}
	var errs [4]error
	n.subnet, errs[0] = netip.ParsePrefix(or(c.Subnet, DefaultSubnet))
	n.gateway, errs[1] = netip.ParseAddr(or(c.Gateway, DefaultGateway))
	n.host, errs[2] = netip.ParseAddr(or(c.Host, DefaultHost))
	n.guest, errs[3] = netip.ParseAddr(or(c.Guest, GuestAddr))
	if err := errors.Join(errs[:]...); err != nil {
		return nil, fmt.Errorf("configure network: %w", err)
	}
	if !n.subnet.Addr().Is4() || !n.subnet.Contains(n.gateway) || !n.subnet.Contains(n.host) || n.gateway == n.host {
		return nil, fmt.Errorf("configure network: %v and %v are not two IPv4 addresses of %v", n.gateway, n.host, n.subnet)
	}
	if !n.subnet.Contains(n.guest) || n.guest == n.gateway || n.guest == n.host {
		return nil, fmt.Errorf("configure network: %v is no address for a guest of %v", n.guest, n.subnet)
	}
	if n.mtu == 0 {
		n.mtu = DefaultMTU
	}
	if n.mtu < 576 || n.mtu > 65535 {
		return nil, fmt.Errorf("configure network: MTU of %d is not between 576 and 65535", n.mtu)
	}
	if n.dial == nil {
		n.dial = new(net.Dialer).DialContext
	}
	if n.resolver == nil {
		n.resolver = net.DefaultResolver
	}
	if n.log == nil {
		n.log = hclog.NewNullLogger()
	}
	n.log = n.log.Named("outbound")
	n.names = map[string]netip.Addr{
		"host.docker.internal": n.host, "host.containers.internal": n.host, "gateway.docker.internal": n.gateway,
	}
	for name, addr := range c.Names {
		n.names[name] = addr
	}
	return n, nil
}

// Serve is the other end of a guest's network card until conn or ctx ends; then it drops all of the guest's connections
// and closes conn. On conn each frame comes behind its length in 4 bytes, big-endian. It returns nil when ctx has ended,
// and else why conn ended.
func (n *Network) Serve(ctx context.Context, conn net.Conn) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := newCard(conn, n)
	s, err := n.newStack(c)
	if err != nil {
		conn.Close()
		return err
	}
	g := &guest{Network: n, stack: s}
	defer func() {
		conn.Close()
		cancel()
		s.Close()
		g.close()
		s.Wait()
	}()
	s.SetTransportProtocolHandler(tcp.ProtocolNumber, g.tcpHandler(ctx))
	s.SetTransportProtocolHandler(udp.ProtocolNumber, g.udpHandler(ctx))
	if err := g.serveNames(ctx); err != nil {
		return err
	}
	if err := g.serveServices(ctx); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	n.served.Store(g)
	defer n.served.CompareAndSwap(g, nil)
	err = c.receive()
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// newStack makes the stack that has the gateway's address and takes packets to any other.
func (n *Network) newStack(c *card) (*stack.Stack, error) {
	s := stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, arp.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol, udp.NewProtocol, icmp.NewProtocol4},
	})
	// A stalled connection costs at most these buffers.
	receive := tcpip.TCPReceiveBufferSizeRangeOption{Min: 4 << 10, Default: 512 << 10, Max: 1 << 20}
	send := tcpip.TCPSendBufferSizeRangeOption{Min: 4 << 10, Default: 512 << 10, Max: 1 << 20}
	sack := tcpip.TCPSACKEnabled(true)
	timeWait := tcpip.TCPTimeWaitTimeoutOption(timeWait)
	err := firstError(
		s.SetTransportProtocolOption(tcp.ProtocolNumber, &receive),
		s.SetTransportProtocolOption(tcp.ProtocolNumber, &send),
		s.SetTransportProtocolOption(tcp.ProtocolNumber, &sack),
		s.SetTransportProtocolOption(tcp.ProtocolNumber, &timeWait),
		s.CreateNIC(nicID, c),
		s.AddProtocolAddress(nicID, tcpip.ProtocolAddress{
			Protocol:          ipv4.ProtocolNumber,
			AddressWithPrefix: toTCPIP(n.gateway).WithPrefix(),
		}, stack.AddressProperties{}),
		s.SetSpoofing(nicID, true),
		s.SetPromiscuousMode(nicID, true),
	)
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("make network stack: %w", err)
	}
	mask := net.CIDRMask(n.subnet.Bits(), 32)
	subnet, serr := tcpip.NewSubnet(toTCPIP(n.subnet.Masked().Addr()), tcpip.MaskFromBytes(mask))
	if serr != nil {
		s.Close()
		return nil, fmt.Errorf("make network stack: %w", serr)
	}
	s.SetRouteTable([]tcpip.Route{
		{Destination: subnet, NIC: nicID},
		{Destination: header.IPv4EmptySubnet, Gateway: toTCPIP(n.guest), NIC: nicID},
	})
	return s, nil
}

// timeWait is how long an ended connection is remembered. No packet of it comes late: there is one cable.
const timeWait = 2 * time.Second

// nicID is the only card's.
const nicID = 1

// destination is where the guest's packets to addr lead from the host; ok is false where they lead nowhere.
func (n *Network) destination(addr netip.Addr) (to netip.Addr, ok bool) {
	switch {
	case addr == n.host:
		return netip.AddrFrom4([4]byte{127, 0, 0, 1}), true
	case n.subnet.Contains(addr), addr.IsLoopback(), addr.IsLinkLocalUnicast(), addr.IsMulticast(), addr.IsUnspecified(),
		addr == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return netip.Addr{}, false
	}
	return addr, true
}

func toTCPIP(a netip.Addr) tcpip.Address { return tcpip.AddrFrom4(a.As4()) }

func fromTCPIP(a tcpip.Address) netip.Addr { return netip.AddrFrom4(a.As4()) }

// firstError is the first of gVisor's errors that is one.
func firstError(errs ...tcpip.Error) error {
	i := slices.IndexFunc(errs, func(e tcpip.Error) bool { return e != nil })
	if i < 0 {
		return nil
	}
	return errors.New(errs[i].String())
}
