package load

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// A Dial opens a connection that leads to Serve.
type Dial func(ctx context.Context) (net.Conn, error)

// TCP dials an address.
func TCP(address string) Dial {
	return func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", address)
	}
}

// patience is how long a connection may take beyond the time that a measurement is to take; it then fails.
const patience = time.Minute

// An Amount bounds a transfer, whichever comes first; 0 is no bound. Both at 0 transfer nothing.
type Amount struct {
	Bytes int64
	Time  time.Duration
}

// Upload sends to the far end on so many connections at once, an equal part of the amount on each, and returns bytes per
// second. The time ends when the far end has said that it has everything.
func Upload(ctx context.Context, dial Dial, streams int, a Amount) (float64, error) {
	return transfer(ctx, dial, streams, a, upload)
}

// Download is Upload the other way.
func Download(ctx context.Context, dial Dial, streams int, a Amount) (float64, error) {
	return transfer(ctx, dial, streams, a, download)
}

func transfer(ctx context.Context, dial Dial, streams int, a Amount, one func(net.Conn, Amount) (int64, error)) (float64, error) {
	conns := make([]net.Conn, streams)
	for i := range conns {
		c, done, err := open(ctx, dial, a.Time)
		if err != nil {
			return 0, err
		}
		defer done()
		conns[i] = c
	}
	a.Bytes /= int64(streams)
	var total atomic.Int64
	var g errgroup.Group
	begun := time.Now()
	for _, c := range conns {
		g.Go(func() error {
			n, err := one(c, a)
			total.Add(n)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return 0, errors.Join(err, ctx.Err())
	}
	return float64(total.Load()) / time.Since(begun).Seconds(), nil
}

// open dials and gives the connection a deadline. It is closed when ctx ends, or by done.
func open(ctx context.Context, dial Dial, expected time.Duration) (c net.Conn, done func(), err error) {
	if c, err = dial(ctx); err != nil {
		return nil, nil, fmt.Errorf("connect: %w", err)
	}
	if err := c.SetDeadline(time.Now().Add(expected + patience)); err != nil {
		c.Close()
		return nil, nil, fmt.Errorf("set deadline: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { c.Close() })
	return c, func() { stop(); c.Close() }, nil
}

func upload(c net.Conn, a Amount) (int64, error) {
	if _, err := c.Write([]byte{wantSink}); err != nil {
		return 0, fmt.Errorf("send: %w", err)
	}
	var sent int64
	block := make([]byte, blockSize)
	for left := newBudget(a); ; {
		n := left.next(sent)
		if n == 0 {
			break
		}
		m, err := c.Write(block[:n])
		sent += int64(m)
		if err != nil {
			return sent, fmt.Errorf("send: %w", err)
		}
	}
	if err := closeWrite(c); err != nil {
		return sent, fmt.Errorf("end sending: %w", err)
	}
	var got uint64
	if err := binary.Read(c, binary.BigEndian, &got); err != nil {
		return sent, fmt.Errorf("wait for the far end: %w", err)
	}
	if got != uint64(sent) {
		return sent, fmt.Errorf("%d of %d bytes arrived", got, sent)
	}
	return sent, nil
}

func download(c net.Conn, a Amount) (int64, error) {
	want := uint64(a.Bytes)
	if a.Bytes == 0 && a.Time > 0 {
		want = math.MaxUint64
	}
	if _, err := c.Write(binary.BigEndian.AppendUint64([]byte{wantSource}, want)); err != nil {
		return 0, fmt.Errorf("ask: %w", err)
	}
	if a.Time > 0 {
		end := time.AfterFunc(a.Time, func() { _ = closeWrite(c) })
		defer end.Stop()
	}
	n, err := drain(c)
	if err != nil {
		return n, fmt.Errorf("receive: %w", err)
	}
	if a.Time == 0 && uint64(n) != want {
		return n, fmt.Errorf("%d of %d bytes arrived", n, want)
	}
	return n, nil
}

// budget is what an Amount leaves to be sent.
type budget struct {
	bytes int64
	end   time.Time
}

func newBudget(a Amount) budget {
	b := budget{bytes: a.Bytes}
	if a.Time > 0 {
		b.end = time.Now().Add(a.Time)
		if b.bytes == 0 {
			b.bytes = math.MaxInt64
		}
	}
	return b
}

// next is the size of the next block after so many bytes; 0 when that was all.
func (b budget) next(sent int64) int64 {
	if !b.end.IsZero() && !time.Now().Before(b.end) {
		return 0
	}
	return min(b.bytes-sent, blockSize)
}

// Echo sends single bytes on one connection, each after the last one's return, and returns the time each took; it ends
// after so many rounds or that time, whichever comes first.
func Echo(ctx context.Context, dial Dial, rounds int, limit time.Duration) ([]time.Duration, error) {
	c, done, err := open(ctx, dial, limit)
	if err != nil {
		return nil, err
	}
	defer done()
	var took []time.Duration
	send := []byte{wantEcho, 42}
	end := time.Now().Add(limit)
	for len(took) < rounds && (len(took) == 0 || time.Now().Before(end)) {
		begun := time.Now()
		if err := pingPong(c, send); err != nil {
			return nil, errors.Join(err, ctx.Err())
		}
		took = append(took, time.Since(begun))
		send = send[len(send)-1:] // what is wanted has been said
	}
	return took, nil
}

// pingPong sends and waits for one byte.
func pingPong(c net.Conn, send []byte) error {
	if _, err := c.Write(send); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	var b [1]byte
	if _, err := io.ReadFull(c, b[:]); err != nil {
		return fmt.Errorf("wait for the echo: %w", err)
	}
	return nil
}

// Connections opens connections for that time, so many at once, each only as long as one byte takes to the far end and
// back, and returns how many per second it were. The first one that fails is an error.
func Connections(ctx context.Context, dial Dial, atOnce int, d time.Duration) (float64, error) {
	g, ctx := errgroup.WithContext(ctx)
	var done atomic.Int64
	begun := time.Now()
	for range atOnce {
		g.Go(func() error {
			for time.Since(begun) < d {
				if _, err := Echo(ctx, dial, 1, d); err != nil {
					return err
				}
				done.Add(1)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return 0, fmt.Errorf("after %d connections: %w", done.Load(), err)
	}
	return float64(done.Load()) / time.Since(begun).Seconds(), nil
}
