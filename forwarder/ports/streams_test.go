//go:build unix

package ports_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/wherry-app/wherry/forwarder/ports"
)

// listen accepts TCP connections for handle until the test ends.
func listen(t *testing.T, handle func(*net.TCPConn)) (addr string) {
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
			wg.Go(func() { defer c.Close(); handle(c.(*net.TCPConn)) })
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return l.Addr().String()
}

// publish makes a Manager with one TCP port that leads to a server of the test.
func publish(t *testing.T, server string) (m *ports.Manager, addr string) {
	t.Helper()
	var c containers
	c.set("tcp", "172.17.0.2:80", server)
	m = newManager(t, ports.Config{Dial: c.dial})
	return m, published(t, m.Apply([]ports.Rule{rule(freePort(t), "172.17.0.2:80")})).Addr
}

// TestTwoThousandConnections are open at once, and each still gets its own answer.
func TestTwoThousandConnections(t *testing.T) {
	const n = 2000
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur < 5*n {
		t.Skipf("this process may open %d files, and %d are needed", limit.Cur, 5*n)
	}
	m, addr := publish(t, serve(t, "web"))
	conns := make([]net.Conn, n)
	for i := range conns {
		conns[i] = dial(t, addr)
		_ = conns[i].SetDeadline(time.Now().Add(time.Minute))
	}
	for i, c := range conns {
		say(t, c, fmt.Sprintf("n%d", i), fmt.Sprintf("web:n%d", i))
	}
	if got := m.Status()[0].Conns; got != n {
		t.Errorf("%d connections, want %d", got, n)
	}
	for _, c := range conns {
		c.Close()
	}
}

// TestSlowReaderHoldsTheSenderUp: what is under way is bounded by buffers, however much the sender has.
func TestSlowReaderHoldsTheSenderUp(t *testing.T) {
	var sent atomic.Int64
	stop := make(chan struct{})
	server := listen(t, func(c *net.TCPConn) {
		buf := make([]byte, 64<<10)
		for {
			_ = c.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
			n, err := c.Write(buf)
			sent.Add(int64(n))
			var timeout net.Error
			switch {
			case errors.As(err, &timeout) && timeout.Timeout():
				select {
				case stop <- struct{}{}: // it could not go on for a while
				default:
				}
			case err != nil:
				return
			}
		}
	})
	_, addr := publish(t, server)
	c := dial(t, addr)
	<-stop
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	<-stop
	runtime.ReadMemStats(&after)
	const bound = 32 << 20 // the kernel's buffers of two connections, and ours
	if n := sent.Load(); n > bound {
		t.Errorf("%d bytes are under way to a client that does not read", n)
	}
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 8<<20 {
		t.Errorf("memory grows: %d bytes", grown)
	}
	n, err := io.CopyN(io.Discard, c, 1<<20)
	if err != nil || n != 1<<20 {
		t.Errorf("then it reads %d bytes, %v", n, err)
	}
}

// TestResetsPass both ways.
func TestResetsPass(t *testing.T) {
	got := make(chan error, 1)
	server := listen(t, func(c *net.TCPConn) {
		b := make([]byte, 1)
		if _, err := io.ReadFull(c, b); err == nil && b[0] == 'r' {
			_ = c.SetLinger(0)
			return
		}
		_, err := c.Read(b)
		got <- err
	})
	_, addr := publish(t, server)

	c := dial(t, addr)
	if _, err := c.Write([]byte("r")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the container's reset is %v", err)
	}

	c = dial(t, addr)
	if _, err := c.Write([]byte("w")); err != nil {
		t.Fatal(err)
	}
	_ = c.(*net.TCPConn).SetLinger(0)
	c.Close()
	if err := <-got; !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the client's reset is %v", err)
	}
}

// TestHalfCloseBothWays: the client ends first and still gets all, and the other way round.
func TestHalfCloseBothWays(t *testing.T) {
	server := listen(t, func(c *net.TCPConn) {
		first := make([]byte, 1)
		if _, err := io.ReadFull(c, first); err != nil {
			return
		}
		if first[0] == 's' { // the server ends first
			_, _ = io.WriteString(c, "bye")
			_ = c.CloseWrite()
		}
		b, _ := io.ReadAll(c)
		if first[0] == 'c' {
			fmt.Fprintf(c, "%d", len(b))
		}
	})
	m, addr := publish(t, server)
	for first, want := range map[string]string{"c": "1000000", "s": "bye"} {
		c := dial(t, addr).(*net.TCPConn)
		if _, err := io.WriteString(c, first); err != nil {
			t.Fatal(err)
		}
		if first == "s" {
			b, err := io.ReadAll(c)
			if err != nil || string(b) != want {
				t.Errorf("%q, %v", b, err)
			}
		}
		if _, err := c.Write(make([]byte, 1000000)); err != nil {
			t.Errorf("%s: %v", first, err)
		}
		if err := c.CloseWrite(); err != nil {
			t.Errorf("%s: %v", first, err)
		}
		if first == "c" {
			b, err := io.ReadAll(c)
			if err != nil || string(b) != want {
				t.Errorf("%q, %v", b, err)
			}
		}
		c.Close()
	}
	for deadline := time.Now().Add(20 * time.Second); m.Status()[0].Conns > 0; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("connections are left")
		}
	}
	if st := m.Status()[0]; st.BytesIn != 2000002 {
		t.Errorf("%d bytes came in", st.BytesIn)
	}
}
