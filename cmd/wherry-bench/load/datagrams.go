package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// UDP dials an address where ServePackets answers.
func UDP(address string) Dial {
	return func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", address)
	}
}

// lost is after how long a datagram counts as lost.
const lost = 500 * time.Millisecond

// Datagrams has so many peers at once send datagrams of a size for that time, each the next one when the last has come
// back or is lost, and returns how many came back per second.
func Datagrams(ctx context.Context, dial Dial, peers, size int, d time.Duration) (float64, error) {
	g, ctx := errgroup.WithContext(ctx)
	var back atomic.Int64
	begun := time.Now()
	for range peers {
		g.Go(func() error {
			c, err := dial(ctx)
			if err != nil {
				return fmt.Errorf("open socket: %w", err)
			}
			defer c.Close()
			b := make([]byte, size)
			for n := uint32(0); time.Since(begun) < d && ctx.Err() == nil; n++ {
				ok, err := bounce(c, b, n)
				if err != nil {
					return err
				}
				if ok {
					back.Add(1)
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return 0, err
	}
	if back.Load() == 0 {
		return 0, errors.New("no datagram came back")
	}
	return float64(back.Load()) / time.Since(begun).Seconds(), nil
}

// bounce sends one datagram and tells whether it has come back.
func bounce(c net.Conn, b []byte, n uint32) (bool, error) {
	b[0], b[1], b[2], b[3] = byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
	if _, err := c.Write(b); err != nil {
		return false, fmt.Errorf("send: %w", err)
	}
	if err := c.SetReadDeadline(time.Now().Add(lost)); err != nil {
		return false, fmt.Errorf("set deadline: %w", err)
	}
	got := make([]byte, len(b))
	for {
		m, err := c.Read(got)
		var timeout net.Error
		switch {
		case errors.As(err, &timeout) && timeout.Timeout():
			return false, nil
		case err != nil:
			return false, fmt.Errorf("receive: %w", err)
		case m == len(b) && string(got[:4]) == string(b[:4]):
			return true, nil // else it is an earlier one, late
		}
	}
}

// ServePackets sends each datagram back until ctx ends, which is no error, and closes the socket.
func ServePackets(ctx context.Context, c net.PacketConn) error {
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	b := make([]byte, 1<<16)
	for {
		n, from, err := c.ReadFrom(b)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("receive: %w", err)
		}
		_, _ = c.WriteTo(b[:n], from) // lost, as datagrams are
	}
}
