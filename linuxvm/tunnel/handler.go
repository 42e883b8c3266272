package tunnel

import (
	"context"
	"errors"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/wherry-app/wherry/linuxvm/link"
)

// dialTimeout is how long the guest tries to connect.
const dialTimeout = 10 * time.Second

// Config is what a Handler needs.
type Config struct {
	// Dial connects in the guest; nil is the net package's.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Join copies between two connections both ways until both directions have ended, passes ends and resets on, and
	// closes both.
	Join func(ctx context.Context, a, b net.Conn) error
	// Logger may be nil.
	Logger hclog.Logger
}

// Handler makes the guest's side: what the link does with a stream to link.PortTunnel.
func Handler(c Config) func(ctx context.Context, conn link.Conn) {
	log := c.Logger
	if log == nil {
		log = hclog.NewNullLogger()
	}
	log = log.Named("tunnel")
	dial := c.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	return func(ctx context.Context, conn link.Conn) {
		req, err := readRequest(conn)
		if err != nil {
			log.Warn("read request", "error", err)
			_ = conn.Reset()
			return
		}
		dctx, cancel := context.WithTimeout(ctx, dialTimeout)
		out, err := dial(dctx, req.network, req.address)
		cancel()
		if _, werr := conn.Write(appendReply(nil, err)); err != nil || werr != nil {
			if err == nil {
				out.Close()
			}
			return
		}
		if req.network == "udp" {
			relay(ctx, newPacketConn(conn), out)
			return
		}
		if err := c.Join(ctx, conn, out); err != nil {
			log.Debug("connection broke", "address", req.address, "error", err)
		}
	}
}

// relay carries datagrams between the host and a socket until the host ends the stream. A datagram that cannot be
// delivered is lost, as datagrams are.
func relay(ctx context.Context, host *packetConn, socket net.Conn) {
	closeBoth := func() { host.Close(); socket.Close() }
	stop := context.AfterFunc(ctx, closeBoth)
	defer stop()
	var wg sync.WaitGroup
	wg.Go(func() { defer closeBoth(); toHost(host, socket) })
	toSocket(socket, host)
	closeBoth()
	wg.Wait()
}

func toSocket(socket net.Conn, host *packetConn) {
	for {
		err := host.receive(func(b []byte) { _, _ = socket.Write(b) })
		if err != nil {
			return
		}
	}
}

func toHost(host *packetConn, socket net.Conn) {
	buf := make([]byte, MaxDatagram)
	for {
		n, err := socket.Read(buf)
		switch {
		case undelivered(err):
			continue
		case err != nil:
			return
		}
		if _, err := host.Write(buf[:n]); err != nil {
			return
		}
	}
}

// undelivered tells whether err is how a socket says, when read, that something sent before did not arrive.
func undelivered(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH)
}
