package pipe_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/wherry-app/wherry/forwarder/pipe"
)

// halfCloser is what both ends of the tests' connections can do.
type halfCloser interface {
	net.Conn
	CloseWrite() error
}

// pair returns two ends of a connection of the given network.
func pair(t testing.TB, network string) (halfCloser, halfCloser) {
	t.Helper()
	addr := "127.0.0.1:0"
	if network == "unix" {
		dir, err := os.MkdirTemp("", "p")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		addr = filepath.Join(dir, "s")
	}
	l, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial(network, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); s.Close() })
	return c.(halfCloser), s.(halfCloser)
}

type result struct {
	counts pipe.Counts
	err    error
}

// joined puts Join between two fresh connections and returns their far ends.
func joined(ctx context.Context, t testing.TB, netA, netB string) (a, b halfCloser, done <-chan result) {
	t.Helper()
	a, innerA := pair(t, netA)
	b, innerB := pair(t, netB)
	ch := make(chan result, 1)
	go func() {
		n, err := pipe.Join(ctx, innerA, innerB)
		ch <- result{n, err}
	}()
	return a, b, ch
}

func TestHalfCloseBothWays(t *testing.T) {
	const size = 5 << 20
	for _, nets := range [][2]string{{"tcp", "tcp"}, {"unix", "tcp"}, {"tcp", "unix"}, {"unix", "unix"}} {
		t.Run(nets[0]+"-"+nets[1], func(t *testing.T) {
			a, b, done := joined(t.Context(), t, nets[0], nets[1])
			up, down := random(1, size), random(2, size+1)

			sent := make(chan error, 1)
			go func() {
				_, err := a.Write(up)
				sent <- errors.Join(err, a.CloseWrite())
			}()
			if got := readAll(t, b); !bytes.Equal(got, up) {
				t.Fatalf("b read %d bytes, sum %x; want %d bytes", len(got), sha256.Sum256(got), size)
			}
			if err := <-sent; err != nil {
				t.Fatal(err)
			}
			// a has ended; now, and not before, b answers.
			go func() {
				_, err := b.Write(down)
				sent <- errors.Join(err, b.CloseWrite())
			}()
			if got := readAll(t, a); !bytes.Equal(got, down) {
				t.Fatalf("a read %d bytes after its own end; want %d", len(got), len(down))
			}
			if err := <-sent; err != nil {
				t.Fatal(err)
			}
			r := <-done
			if r.err != nil || r.counts != (pipe.Counts{AToB: size, BToA: size + 1}) {
				t.Fatalf("Join = %+v, %v", r.counts, r.err)
			}
		})
	}
}

func TestResetIsPassedOn(t *testing.T) {
	a, b, done := joined(t.Context(), t, "tcp", "tcp")
	exchange(t, a, b)
	if err := a.(*net.TCPConn).SetLinger(0); err != nil {
		t.Fatal(err)
	}
	a.Close()
	if _, err := b.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Fatalf("b's read after a's reset = %v; want a reset", err)
	}
	if r := <-done; r.err == nil {
		t.Fatal("Join has no error for a reset")
	}
}

// resetter counts resets.
type resetter struct {
	net.Conn
	resets chan struct{}
}

func (r resetter) Reset() error { r.resets <- struct{}{}; return r.Close() }

func TestResetMethodIsUsed(t *testing.T) {
	a, innerA := pair(t, "tcp")
	_, innerB := pair(t, "tcp")
	r := resetter{innerB, make(chan struct{}, 8)}
	done := make(chan error, 1)
	go func() { _, err := pipe.Join(t.Context(), innerA, r); done <- err }()
	_ = a.(*net.TCPConn).SetLinger(0)
	a.Close()
	if err := <-done; !errors.Is(err, syscall.ECONNRESET) {
		t.Fatalf("Join = %v; want the reset of a", err)
	}
	<-r.resets
}

func TestWriteErrorResetsTheSource(t *testing.T) {
	a, b, done := joined(t.Context(), t, "tcp", "tcp")
	exchange(t, a, b)
	b.Close() // reads no more: what a sends now is answered with a reset
	var err error
	for err == nil {
		_, err = a.Write(make([]byte, 64<<10))
	}
	<-done
}

func TestContextResetsBoth(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	a, b, done := joined(ctx, t, "tcp", "tcp")
	exchange(t, a, b)
	why := errors.New("enough")
	cancel(why)
	if r := <-done; !errors.Is(r.err, why) || r.counts.AToB != 1 {
		t.Fatalf("Join = %+v, %v; want the cause of the cancellation", r.counts, r.err)
	}
	for _, c := range []net.Conn{a, b} {
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Fatalf("read after cancellation = %v; want a reset", err)
		}
	}
}

func TestWithoutCloseWriteTheEndClosesTheOther(t *testing.T) {
	a, innerA := net.Pipe()
	b, innerB := net.Pipe()
	done := make(chan error, 1)
	go func() { _, err := pipe.Join(t.Context(), innerA, innerB); done <- err }()
	a.Close()
	if got := readAll(t, b); len(got) != 0 {
		t.Fatalf("read %q", got)
	}
	<-done
}

func TestIdleConnectionsAreCheap(t *testing.T) {
	const conns = 100
	ctx, cancel := context.WithCancel(t.Context())
	done := make([]<-chan result, conns)
	before := heap()
	for i := range conns {
		a, b, d := joined(ctx, t, "tcp", "tcp")
		exchange(t, a, b)
		done[i] = d
	}
	if per := (heap() - before) / conns; per > 32<<10 {
		t.Errorf("an idle connection costs %d bytes of heap; want at most 32 KiB", per)
	}
	cancel()
	for _, d := range done {
		<-d
	}
}

func TestNoGoroutineIsLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 20 {
		a, b, done := joined(t.Context(), t, "tcp", "unix")
		exchange(t, a, b)
		a.Close()
		b.Close()
		<-done
	}
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}

func BenchmarkJoin(b *testing.B) {
	src, dst, _ := joined(b.Context(), b, "tcp", "tcp")
	defer src.Close()
	defer dst.Close()
	buf := make([]byte, 256<<10)
	b.SetBytes(int64(len(buf)))
	go func() { _, _ = io.Copy(io.Discard, dst) }()
	for b.Loop() {
		if _, err := src.Write(buf); err != nil {
			b.Fatal(err)
		}
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// exchange sends a byte each way, after which both directions of Join are up.
func exchange(t *testing.T, a, b net.Conn) {
	t.Helper()
	buf := make([]byte, 1)
	for _, c := range [][2]net.Conn{{a, b}, {b, a}} {
		if _, err := c[0].Write([]byte{1}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c[1], buf); err != nil {
			t.Fatal(err)
		}
	}
}

func random(seed byte, n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

func readAll(t *testing.T, r io.Reader) []byte {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
