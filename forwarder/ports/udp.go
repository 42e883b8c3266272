package ports

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	// udpIdle is how long a client of a UDP port is remembered without a datagram either way.
	udpIdle = 90 * time.Second
	// udpQueue is how many datagrams of a client wait for the guest; more are lost, as datagrams are.
	udpQueue   = 64
	udpLargest = 1 << 16
)

// serveUDP carries datagrams until conn is closed. Each client gets a connection into the guest of its own, so that the
// answers find their way back.
func (f *forward) serveUDP(conn net.PacketConn) {
	socket := conn.(*net.UDPConn)
	ctx, cancel := context.WithCancel(f.life)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()

	var mu sync.Mutex
	queues := make(map[netip.AddrPort]chan []byte)
	buf := make([]byte, udpLargest)
	for {
		n, from, err := socket.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // what an earlier answer met on its way; Windows says so here
		}
		f.in.Add(int64(n))
		mu.Lock()
		q, ok := queues[from]
		if !ok {
			q = make(chan []byte, udpQueue)
			queues[from] = q
			ctx, target, leave := f.enter(ctx)
			wg.Go(func() {
				defer leave()
				defer func() { mu.Lock(); defer mu.Unlock(); delete(queues, from) }()
				f.converse(ctx, target, q, func(b []byte) {
					f.out.Add(int64(len(b)))
					_, _ = socket.WriteToUDPAddrPort(b, from)
				})
			})
		}
		mu.Unlock()
		select {
		case q <- append([]byte(nil), buf[:n]...):
		default:
		}
	}
}

// converse carries one client's datagrams, which come from q, and the answers, until nothing was said for a while.
func (f *forward) converse(ctx context.Context, target string, q <-chan []byte, reply func([]byte)) {
	dctx, cancel := context.WithTimeout(ctx, f.cfg.Patience)
	guest, err := f.cfg.Dial(dctx, "udp", target)
	cancel()
	if err != nil {
		f.log.Debug("connect to container", "target", target, "error", err)
		return
	}
	stop := context.AfterFunc(ctx, func() { guest.Close() })
	defer stop()
	idle := time.NewTimer(f.cfg.UDPIdle)
	defer idle.Stop()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		buf := make([]byte, udpLargest)
		for {
			n, err := guest.Read(buf)
			if err != nil {
				return
			}
			idle.Reset(f.cfg.UDPIdle)
			reply(buf[:n])
		}
	}()
	defer func() { guest.Close(); <-ended }()
	for {
		select {
		case b := <-q:
			idle.Reset(f.cfg.UDPIdle)
			if _, err := guest.Write(b); err != nil {
				return
			}
		case <-ended:
			return
		case <-idle.C:
			return
		}
	}
}
