package tunnel_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/wherry-app/wherry/linuxvm/link"
	"github.com/wherry-app/wherry/linuxvm/tunnel"
)

type dialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

// join is as plain as it can be: it passes ends on, and gives up on both at the first error.
func join(ctx context.Context, a, b net.Conn) error {
	stop := context.AfterFunc(ctx, func() { a.Close(); b.Close() })
	defer stop()
	half := func(dst, src net.Conn) error {
		_, err := io.Copy(dst, src)
		if err == nil {
			err = dst.(interface{ CloseWrite() error }).CloseWrite()
		}
		if err != nil {
			a.Close()
			b.Close()
		}
		return err
	}
	var up error
	var wg sync.WaitGroup
	wg.Go(func() { up = half(b, a) })
	down := half(a, b)
	wg.Wait()
	a.Close()
	b.Close()
	return errors.Join(up, down)
}

// start runs a link whose guest tunnels with dial (nil: for real), and returns its host side.
func start(t testing.TB, dial dialFunc) link.Dialer {
	t.Helper()
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(context.Background())
	guestEnds := make(chan net.Conn)
	client := link.NewClient(link.Config{Open: func(ctx context.Context) (net.Conn, error) {
		a, b := net.Pipe()
		select {
		case guestEnds <- b:
			return a, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}})
	var wg sync.WaitGroup
	wg.Go(func() { _ = client.Run(ctx) })
	wg.Go(func() {
		_ = link.Serve(ctx, link.ServeConfig{
			Handlers: map[link.Port]func(context.Context, link.Conn){
				link.PortTunnel: tunnel.Handler(tunnel.Config{Dial: dial, Join: join}),
			},
			Open: func(ctx context.Context) (io.ReadWriteCloser, error) {
				select {
				case c := <-guestEnds:
					return c, nil
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			},
		})
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

// serveTCP runs f on each connection to a fresh address.
func serveTCP(t testing.TB, f func(*net.TCPConn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { defer c.Close(); f(c.(*net.TCPConn)) })
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return l.Addr().String()
}

// serveUDP sends each datagram back to its sender.
func serveUDP(t testing.TB) string {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		buf := make([]byte, 1<<16)
		for {
			n, from, err := c.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = c.WriteTo(buf[:n], from)
		}
	})
	t.Cleanup(func() { c.Close(); wg.Wait() })
	return c.LocalAddr().String()
}

func TestTCPKeepsHalfClose(t *testing.T) {
	addr := serveTCP(t, func(c *net.TCPConn) {
		b, err := io.ReadAll(c)
		if err == nil {
			_, _ = c.Write(bytes.ToUpper(b))
		}
	})
	conn, err := tunnel.Dial(t.Context(), start(t, nil), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	want := bytes.Repeat([]byte("abc"), 300_000)
	if _, err := conn.Write(want); err != nil {
		t.Fatal(err)
	}
	if err := conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(conn); err != nil || !bytes.Equal(got, bytes.ToUpper(want)) {
		t.Fatalf("read %d bytes, %v; want %d", len(got), err, len(want))
	}
}

func TestRefusedForReal(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	_, err = tunnel.Dial(t.Context(), start(t, nil), "tcp", l.Addr().String())
	if !errors.Is(err, tunnel.ErrRefused) || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("Dial = %v; want ErrRefused and ECONNREFUSED", err)
	}
	if want := "dial tcp " + l.Addr().String() + ": in the guest: connection refused"; err.Error() != want {
		t.Errorf("Dial = %q; want %q", err, want)
	}
}

func TestErrorsKeepTheirKind(t *testing.T) {
	other := errors.New("something else")
	for _, c := range []struct {
		guest error
		want  []error
	}{
		{&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, []error{tunnel.ErrRefused, syscall.ECONNREFUSED}},
		{os.NewSyscallError("connect", syscall.ENETUNREACH), []error{tunnel.ErrUnreachable, syscall.EHOSTUNREACH}},
		{os.NewSyscallError("connect", syscall.EHOSTUNREACH), []error{tunnel.ErrUnreachable}},
		{context.DeadlineExceeded, []error{tunnel.ErrTimeout, os.ErrDeadlineExceeded}},
		{other, nil},
	} {
		d := start(t, func(context.Context, string, string) (net.Conn, error) { return nil, c.guest })
		_, err := tunnel.Dial(t.Context(), d, "tcp", "192.0.2.1:80")
		if err == nil {
			t.Fatalf("Dial succeeded for %v", c.guest)
		}
		for _, want := range c.want {
			if !errors.Is(err, want) {
				t.Errorf("Dial = %v for %v; want %v", err, c.guest, want)
			}
		}
		if c.want == nil && (errors.Is(err, tunnel.ErrRefused) || !bytes.Contains([]byte(err.Error()), []byte(other.Error()))) {
			t.Errorf("Dial = %v; want the guest's own words", err)
		}
	}
}

func TestUnknownNetwork(t *testing.T) {
	_, err := tunnel.Dial(t.Context(), start(t, nil), "sctp", "127.0.0.1:1")
	var unknown net.UnknownNetworkError
	if !errors.As(err, &unknown) {
		t.Errorf("Dial = %v; want net.UnknownNetworkError", err)
	}
}

func TestDialEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("never mind")
	d := start(t, func(gctx context.Context, _, _ string) (net.Conn, error) {
		cancel(why)
		<-gctx.Done() // the guest's patience, or the end of the link
		return nil, gctx.Err()
	})
	if _, err := tunnel.Dial(ctx, d, "tcp", "192.0.2.1:80"); !errors.Is(err, why) {
		t.Errorf("Dial = %v; want the cause of the cancellation", err)
	}
}

func TestDatagramsKeepTheirBoundaries(t *testing.T) {
	conn, err := tunnel.Dial(t.Context(), start(t, nil), "udp", serveUDP(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	buf := make([]byte, 1<<16)
	for _, size := range []int{0, 1, 512, 4093, 4094, 4095, 4096, 9000, tunnel.MaxDatagram, 0, 7} {
		want := bytes.Repeat([]byte{byte(size)}, size)
		if n, err := conn.Write(want); n != size || err != nil {
			t.Fatalf("write %d = %d, %v", size, n, err)
		}
		if n, err := conn.Read(buf); err != nil || !bytes.Equal(buf[:n], want) {
			t.Fatalf("read %d bytes, %v; want %d", n, err, size)
		}
	}
	if _, err := conn.Write(make([]byte, tunnel.MaxDatagram+1)); !errors.Is(err, syscall.EMSGSIZE) {
		t.Errorf("write of too much = %v; want EMSGSIZE", err)
	}

	_, _ = conn.Write([]byte("long"))
	_, _ = conn.Write([]byte("next"))
	if n, err := conn.Read(buf[:2]); string(buf[:n]) != "lo" || err != nil {
		t.Errorf("short read = %q, %v", buf[:n], err)
	}
	if n, err := conn.Read(buf); string(buf[:n]) != "next" || err != nil {
		t.Errorf("read after a short one = %q, %v", buf[:n], err)
	}
}

// A server that is not there yet must not end the association: the client tries again.
func TestDatagramsSurviveARefusal(t *testing.T) {
	l, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.LocalAddr().String()
	l.Close()
	conn, err := tunnel.Dial(t.Context(), start(t, nil), "udp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for range 3 {
		if _, err := conn.Write([]byte("anybody there?")); err != nil {
			t.Fatal(err)
		}
	}
	server, err := net.ListenPacket("udp", addr)
	if err != nil {
		t.Fatalf("listen again on %s: %v", addr, err)
	}
	defer server.Close()
	_ = server.SetDeadline(time.Now().Add(20 * time.Second))
	got := make(chan error, 1)
	go func() {
		buf := make([]byte, 100)
		for {
			n, from, err := server.ReadFrom(buf)
			if err != nil || string(buf[:n]) == "now?" {
				_, _ = server.WriteTo([]byte("yes"), from)
				got <- err
				return
			}
		}
	}()
	if _, err := conn.Write([]byte("now?")); err != nil {
		t.Fatal(err)
	}
	if err := <-got; err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 100)
	if n, err := conn.Read(buf); string(buf[:n]) != "yes" || err != nil {
		t.Errorf("read %q, %v", buf[:n], err)
	}
}

func BenchmarkConnect(b *testing.B) {
	addr := serveTCP(b, func(c *net.TCPConn) { _, _ = io.Copy(c, c) })
	d := start(b, nil)
	buf := make([]byte, 1)
	for b.Loop() {
		conn, err := tunnel.Dial(b.Context(), d, "tcp", addr)
		if err != nil {
			b.Fatal(err)
		}
		_, _ = conn.Write(buf)
		if _, err := io.ReadFull(conn, buf); err != nil {
			b.Fatal(err)
		}
		conn.Close()
	}
}
