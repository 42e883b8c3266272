package ports_test

import (
	"bytes"
	"fmt"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/wherry-app/wherry/forwarder/ports"
)

// echoUDP sends each datagram back until the test ends.
func echoUDP(t *testing.T) (addr string) {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = c.(*net.UDPConn).SetReadBuffer(8 << 20)
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

func publishUDP(t *testing.T, idle time.Duration) (m *ports.Manager, addr string) {
	t.Helper()
	var c containers
	c.set("udp", "172.17.0.2:53", echoUDP(t))
	m = newManager(t, ports.Config{Dial: c.dial, UDPIdle: idle})
	r := rule(freePort(t), "172.17.0.2:53")
	r.Proto = "udp"
	return m, published(t, m.Apply([]ports.Rule{r})).Addr
}

// roundTrip sends a datagram until it comes back, since datagrams may be lost.
func roundTrip(t *testing.T, c net.Conn, b []byte) {
	t.Helper()
	buf := make([]byte, 1<<16)
	for range 20 {
		if _, err := c.Write(b); err != nil {
			t.Fatal(err)
		}
		_ = c.SetReadDeadline(time.Now().Add(2 * time.Second))
		n, err := c.Read(buf)
		if err == nil && bytes.Equal(buf[:n], b) {
			return
		}
	}
	t.Fatalf("a datagram of %d bytes does not come back", len(b))
}

func TestLargestDatagram(t *testing.T) {
	_, addr := publishUDP(t, 0)
	c, err := net.Dial("udp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, size := range []int{1, 0, 1472, 1473, 9000, 65507} {
		roundTrip(t, c, bytes.Repeat([]byte{'x'}, size))
	}
}

// TestThousandPeers talk at once, each to a socket of its own.
func TestThousandPeers(t *testing.T) {
	const n = 1000
	m, addr := publishUDP(t, 0)
	conns := make([]net.Conn, n)
	for i := range conns {
		c, err := net.Dial("udp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		conns[i] = c
		roundTrip(t, c, fmt.Appendf(nil, "peer %d", i))
	}
	if got := m.Status()[0].Conns; got != n {
		t.Errorf("%d peers, want %d", got, n)
	}
	for i, c := range conns {
		roundTrip(t, c, fmt.Appendf(nil, "again %d", i))
	}
}

func TestIdlePeersAreForgotten(t *testing.T) {
	m, addr := publishUDP(t, 100*time.Millisecond)
	c, err := net.Dial("udp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	roundTrip(t, c, []byte("a"))
	for deadline := time.Now().Add(20 * time.Second); m.Status()[0].Conns > 0; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("the peer is still there")
		}
	}
	roundTrip(t, c, []byte("b"))
}
