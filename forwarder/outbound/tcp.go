package outbound

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/wherry-app/wherry/forwarder/pipe"
)

const (
	// dialPatience is how long the host tries to connect; a guest that waits longer asks again by itself.
	dialPatience = 60 * time.Second
	// dialsMax is how many connections may be on their way out; the guest tries again for more.
	dialsMax = 2048
)

// guest is one connected guest.
type guest struct {
	*Network
	stack *stack.Stack

	mu     sync.Mutex
	closed bool
	wg     sync.WaitGroup
}

// start runs f in a goroutine, unless the guest is being closed.
func (g *guest) start(f func()) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		g.wg.Go(f)
	}
	return !g.closed
}

// close waits for what start has started; nothing starts any more.
func (g *guest) close() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.wg.Wait()
}

// tcpHandler connects each of the guest's connections from the host, before the guest's is accepted: what is refused
// there is refused here.
func (g *guest) tcpHandler(ctx context.Context) func(stack.TransportEndpointID, *stack.PacketBuffer) bool {
	f := tcp.NewForwarder(g.stack, 0, dialsMax, func(r *tcp.ForwarderRequest) {
		if !g.start(func() { g.connect(ctx, r) }) {
			r.Complete(true)
		}
	})
	return f.HandlePacket
}

func (g *guest) connect(ctx context.Context, r *tcp.ForwarderRequest) {
	addr := netip.AddrPortFrom(fromTCPIP(r.ID().LocalAddress), r.ID().LocalPort)
	out, err := g.dialTCP(ctx, addr)
	if err != nil {
		// Without a reset the guest goes on trying, and in the end has its own timeout.
		timeout := errors.Is(err, context.DeadlineExceeded) || errors.Is(err, syscall.ETIMEDOUT)
		g.log.Trace("connect", "address", addr, "error", err)
		r.Complete(!timeout)
		return
	}
	var q waiter.Queue
	ep, terr := r.CreateEndpoint(&q)
	r.Complete(terr != nil)
	if terr != nil {
		out.Close()
		return
	}
	if _, err := pipe.Join(ctx, &guestConn{gonet.NewTCPConn(&q, ep), ep}, out); err != nil {
		g.log.Trace("connection broke", "address", addr, "error", err)
	}
}

// dialTCP connects to what the guest calls addr. The host's alias means its loopback, either of the two.
func (g *guest) dialTCP(ctx context.Context, addr netip.AddrPort) (net.Conn, error) {
	to, ok := g.destination(addr.Addr())
	if !ok {
		return nil, syscall.ECONNREFUSED
	}
	ctx, cancel := context.WithTimeout(ctx, dialPatience)
	defer cancel()
	c, err := g.dial(ctx, "tcp", netip.AddrPortFrom(to, addr.Port()).String())
	if err != nil && addr.Addr() == g.host {
		if c6, err6 := g.dial(ctx, "tcp", netip.AddrPortFrom(netip.IPv6Loopback(), addr.Port()).String()); err6 == nil {
			return c6, nil
		}
	}
	return c, err
}

// guestConn is the guest's end of a connection, which can be reset.
type guestConn struct {
	*gonet.TCPConn
	ep tcpip.Endpoint
}

// CloseWrite says net.ErrClosed of a connection that the guest has ended or reset already.
func (c *guestConn) CloseWrite() error {
	switch err := c.ep.Shutdown(tcpip.ShutdownWrite); err.(type) {
	case nil:
		return nil
	case *tcpip.ErrNotConnected:
		return net.ErrClosed
	default:
		return errors.New(err.String())
	}
}

// Reset drops the connection and tells the guest so.
func (c *guestConn) Reset() error {
	c.ep.Abort()
	return nil
}
