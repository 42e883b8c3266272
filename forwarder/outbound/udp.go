package outbound

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	pool "github.com/libp2p/go-buffer-pool"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
	"gvisor.dev/gvisor/pkg/waiter"
)

const (
	// udpIdle is how long a socket is kept without a datagram either way.
	udpIdle = 90 * time.Second
	// udpMax is how many sockets there may be; more datagrams to new addresses are lost.
	udpMax     = 1024
	udpLargest = 1 << 16
)

// udpHandler gives each pair of addresses that the guest sends between a socket of the host.
func (g *guest) udpHandler(ctx context.Context) func(stack.TransportEndpointID, *stack.PacketBuffer) bool {
	var open atomic.Int32
	f := udp.NewForwarder(g.stack, func(r *udp.ForwarderRequest) {
		to, ok := g.destination(fromTCPIP(r.ID().LocalAddress))
		if !ok {
			return
		}
		if open.Load() >= udpMax {
			return
		}
		var q waiter.Queue
		ep, err := r.CreateEndpoint(&q)
		if err != nil {
			return
		}
		in := gonet.NewUDPConn(&q, ep)
		open.Add(1)
		if !g.start(func() {
			defer open.Add(-1)
			g.relay(ctx, in, netip.AddrPortFrom(to, r.ID().LocalPort))
		}) {
			in.Close()
		}
	})
	return f.HandlePacket
}

// relay carries datagrams between the guest and an address until there are none for a while.
func (g *guest) relay(ctx context.Context, in net.Conn, addr netip.AddrPort) {
	defer in.Close()
	out, err := g.dial(ctx, "udp", addr.String())
	if err != nil {
		g.log.Trace("open socket", "address", addr, "error", err)
		return
	}
	defer out.Close()
	closeBoth := func() { in.Close(); out.Close() }
	stop := context.AfterFunc(ctx, closeBoth)
	defer stop()
	idle := time.AfterFunc(udpIdle, closeBoth)
	defer idle.Stop()
	var wg sync.WaitGroup
	wg.Go(func() { defer closeBoth(); carry(out, in, idle) })
	carry(in, out, idle)
	closeBoth()
	wg.Wait()
}

// carry copies datagrams until src fails, which a refusal of an earlier one is too: the guest's next opens a new socket.
func carry(dst, src net.Conn, idle *time.Timer) {
	buf := pool.Get(udpLargest)
	defer pool.Put(buf)
	for {
		n, err := src.Read(buf)
		if err != nil {
			return
		}
		idle.Reset(udpIdle)
		_, _ = dst.Write(buf[:n])
	}
}
