package link_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/wherry-app/wherry/linuxvm/link"
)

// The ports that the guest of the tests serves.
const (
	portEcho   link.Port = 100 // sends back what it gets, and its end
	portReply  link.Port = 101 // reads to the end, then answers with all it got, then ends
	portSource link.Port = 102 // sends zeros until that fails
	portStall  link.Port = 103 // never reads
	portReset  link.Port = 104 // reads a byte and resets
	portDrain  link.Port = 105 // reads and forgets
	portLeave  link.Port = 106 // closes at once
)

func handlers() map[link.Port]func(context.Context, link.Conn) {
	return map[link.Port]func(context.Context, link.Conn){
		portEcho: func(_ context.Context, c link.Conn) {
			if _, err := io.Copy(c, c); err == nil {
				_ = c.CloseWrite()
			}
		},
		portReply: func(_ context.Context, c link.Conn) {
			if b, err := io.ReadAll(c); err == nil {
				_, _ = c.Write(b)
			}
		},
		portSource: func(_ context.Context, c link.Conn) {
			b := make([]byte, 2*(32<<10-12))
			for {
				if _, err := c.Write(b); err != nil {
					return
				}
			}
		},
		portStall: func(ctx context.Context, _ link.Conn) { <-ctx.Done() },
		portReset: func(_ context.Context, c link.Conn) {
			_, _ = c.Read(make([]byte, 1))
			_ = c.Reset()
		},
		portDrain: func(_ context.Context, c link.Conn) { _, _ = io.Copy(io.Discard, c) },
		portLeave: func(context.Context, link.Conn) {},
	}
}

// start runs both sides over openHost and openGuest until the test ends, and checks that nothing is left running.
func start(
	t testing.TB, openHost func(context.Context) (net.Conn, error), openGuest func(context.Context) (io.ReadWriteCloser, error),
) *link.Client {
	t.Helper()
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(context.Background())
	client := link.NewClient(link.Config{Open: openHost})
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := link.Serve(ctx, link.ServeConfig{Open: openGuest, Handlers: handlers()}); err != nil {
			t.Errorf("Serve = %v", err)
		}
	})
	wg.Go(func() {
		if err := client.Run(ctx); err != nil {
			t.Errorf("Run = %v", err)
		}
	})
	t.Cleanup(func() {
		cancel()
		wg.Wait()
		for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
			if time.Now().After(deadline) {
				buf := make([]byte, 1<<20)
				t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
			}
		}
	})
	return client
}

// startWire is start over a fresh wire.
func startWire(t testing.TB) (*link.Client, *wire) {
	t.Helper()
	w := newWire()
	return start(t, w.openHost, w.openGuest), w
}

// startTCP is start over TCP connections, one per session.
func startTCP(t testing.TB) *link.Client {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	openHost := func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
	}
	return start(t, openHost, func(ctx context.Context) (io.ReadWriteCloser, error) {
		stop := context.AfterFunc(ctx, func() { l.Close() })
		defer stop()
		return l.Accept()
	})
}

func dial(t testing.TB, c *link.Client, p link.Port) link.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	conn, err := c.Dial(ctx, p)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	t.Cleanup(func() { conn.Close() })
	return conn
}

// ping checks that conn, which is on portEcho, echoes.
func ping(t testing.TB, conn link.Conn) {
	t.Helper()
	if _, err := conn.Write([]byte("ping")); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 4)
	if _, err := io.ReadFull(conn, b); err != nil || string(b) != "ping" {
		t.Fatalf("echo = %q, %v", b, err)
	}
}

func TestHalfCloseKeepsAllData(t *testing.T) {
	client, _ := startWire(t)
	for _, size := range []int{0, 1, 10_000, 3 << 20} {
		want := random(size)
		conn := dial(t, client, portReply)
		if _, err := conn.Write(want); err != nil {
			t.Fatal(err)
		}
		if err := conn.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("write after CloseWrite = %v; want EPIPE", err)
		}
		got, err := io.ReadAll(conn)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("answer after our end: %d bytes, %v; want %d", len(got), err, size)
		}
	}
}

func TestTheirEndLeavesOursOpen(t *testing.T) {
	client, _ := startWire(t)
	conn := dial(t, client, portEcho)
	want := random(2 << 20)
	go func() {
		_, _ = conn.Write(want)
		_ = conn.CloseWrite()
	}()
	if got, err := io.ReadAll(conn); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("read %d bytes, %v; want %d", len(got), err, len(want))
	}
}

func TestReset(t *testing.T) {
	client, _ := startWire(t)
	for name, port := range map[string]link.Port{"handler": portReset, "unknown port": 999} {
		t.Run(name, func(t *testing.T) {
			conn := dial(t, client, port)
			_, _ = conn.Write([]byte{1})
			if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("read = %v; want ECONNRESET", err)
			}
			if _, err := conn.Write([]byte{1}); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("write = %v; want ECONNRESET", err)
			}
		})
	}
}

func TestOurResetReachesTheGuest(t *testing.T) {
	client, _ := startWire(t)
	source := dial(t, client, portSource) // its handler ends when its write fails, else the test's cleanup fails
	if err := source.Reset(); err != nil {
		t.Fatal(err)
	}
	if _, err := source.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("read after Reset = %v; want net.ErrClosed", err)
	}
	ping(t, dial(t, client, portEcho))
}

// A peer that goes on writing to a closed stream must not wait for ever.
func TestCloseStopsTheirWriter(t *testing.T) {
	w := newWire()
	gone := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	client := link.NewClient(link.Config{Open: w.openHost})
	var wg sync.WaitGroup
	wg.Go(func() { _ = client.Run(ctx) })
	wg.Go(func() {
		_ = link.Serve(ctx, link.ServeConfig{Open: w.openGuest, Handlers: map[link.Port]func(context.Context, link.Conn){
			portSource: func(_ context.Context, c link.Conn) {
				for {
					if _, err := c.Write(make([]byte, 1000)); err != nil {
						gone <- err
						return
					}
				}
			},
		}})
	})
	defer wg.Wait()
	defer cancel()

	conn := dial(t, client, portSource)
	if _, err := io.ReadFull(conn, make([]byte, 5000)); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("second Close = %v; want net.ErrClosed", err)
	}
	if err := <-gone; !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("their write after our Close = %v; want ECONNRESET", err)
	}
}

func TestCloseEndsABlockedRead(t *testing.T) {
	client, _ := startWire(t)
	conn := dial(t, client, portStall)
	read := make(chan error)
	go func() {
		read <- nil
		_, err := conn.Read(make([]byte, 1))
		read <- err
	}()
	<-read
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-read; !errors.Is(err, net.ErrClosed) {
		t.Fatalf("read = %v; want net.ErrClosed", err)
	}
}

func TestDeadline(t *testing.T) {
	client, _ := startWire(t)
	conn := dial(t, client, portStall)
	_ = conn.SetReadDeadline(time.Now().Add(time.Millisecond))
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read = %v; want os.ErrDeadlineExceeded", err)
	}
	_ = conn.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := conn.Write(make([]byte, 10<<20)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("write = %d, %v; want os.ErrDeadlineExceeded", n, err)
	}
}

func TestConcurrentWritersShareTheWindow(t *testing.T) {
	client, _ := startWire(t)
	conn := dial(t, client, portDrain)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if _, err := conn.Write(make([]byte, 40_000)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	ping(t, dial(t, client, portEcho)) // the session has survived
}

func TestThousandStreams(t *testing.T) {
	client, _ := startWire(t)
	const streams = 1000
	conns := make([]link.Conn, streams)
	var wg sync.WaitGroup
	for i := range conns {
		wg.Go(func() {
			c, err := client.Dial(t.Context(), portEcho)
			if err != nil {
				t.Error(err)
				return
			}
			conns[i] = c
			if _, err := fmt.Fprintf(c, "%08d", i); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	for i, c := range conns {
		b := make([]byte, 8)
		if _, err := io.ReadFull(c, b); err != nil || string(b) != fmt.Sprintf("%08d", i) {
			t.Fatalf("stream %d echoed %q, %v", i, b, err)
		}
		c.Close()
	}
}

func TestDialWaitsAndGivesUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	down := errors.New("no machine")
	client := link.NewClient(link.Config{Open: func(context.Context) (net.Conn, error) { return nil, down }})
	done := make(chan error, 1)
	go func() { done <- client.Run(ctx) }()

	short, stop := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer stop()
	if _, err := client.Dial(short, portEcho); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, down) {
		t.Errorf("Dial = %v; want the deadline and what keeps the link down", err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run = %v", err)
	}
	if _, err := client.Dial(t.Context(), portEcho); !errors.Is(err, link.ErrClosed) {
		t.Errorf("Dial after Run = %v; want ErrClosed", err)
	}
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}
