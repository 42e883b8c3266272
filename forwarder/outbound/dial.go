package outbound

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"
)

// ErrNoWay is what Dial's error is when the network does not lead to an address at all: no guest is being served, or the
// address is not one that its card reaches.
var ErrNoWay = errors.New("no way to the address")

// Dial connects to an IPv4 address in the guest or behind it, such as a container's, from the gateway's address. The
// guest only forwards the packets, so that what the far end does (refusal, half-close, reset) is what the Conn sees. The
// network is "tcp". The Conn has CloseWrite and Reset, and breaks when the guest's cable does. It waits for the far end
// until ctx ends; a guest drops, and does not refuse, what its packet filter does not let in.
//
// Errors are *net.OpError; those of the far end wrap a syscall.Errno.
func (n *Network) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	to, err := netip.ParseAddrPort(address)
	g := n.served.Load()
	if err != nil || network != "tcp" || !to.Addr().Is4() || g == nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: fmt.Errorf("%w %s", ErrNoWay, address)}
	}
	conn, err := g.dialIn(ctx, to)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Addr: net.TCPAddrFromAddrPort(to), Err: err}
	}
	return conn, nil
}

// dialIn connects the stack itself to an address of the guest's side.
func (g *guest) dialIn(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	var q waiter.Queue
	ep, err := g.stack.NewEndpoint(tcp.ProtocolNumber, ipv4.ProtocolNumber, &q)
	if err != nil {
		return nil, toErrno(err)
	}
	entry, done := waiter.NewChannelEntry(waiter.WritableEvents)
	q.EventRegister(&entry)
	defer q.EventUnregister(&entry)

	err = ep.Connect(tcpip.FullAddress{NIC: nicID, Addr: toTCPIP(to.Addr()), Port: to.Port()})
	if _, started := err.(*tcpip.ErrConnectStarted); started {
		select {
		case <-done:
			err = ep.LastError()
		case <-ctx.Done():
			ep.Abort()
			return nil, context.Cause(ctx)
		}
	}
	if err != nil {
		ep.Close()
		return nil, toErrno(err)
	}
	return &guestConn{gonet.NewTCPConn(&q, ep), ep}, nil
}

// toErrno is one of gVisor's errors of a connection attempt as the system would say it.
func toErrno(err tcpip.Error) error {
	switch err.(type) {
	case *tcpip.ErrConnectionRefused:
		return syscall.ECONNREFUSED
	case *tcpip.ErrConnectionReset, *tcpip.ErrAborted, *tcpip.ErrConnectionAborted:
		return syscall.ECONNRESET
	case *tcpip.ErrTimeout:
		return syscall.ETIMEDOUT
	case *tcpip.ErrHostUnreachable, *tcpip.ErrHostDown:
		return syscall.EHOSTUNREACH
	case *tcpip.ErrNetworkUnreachable:
		return syscall.ENETUNREACH
	}
	return errors.New(err.String())
}
