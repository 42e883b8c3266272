package outbound

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// container is an address behind the guest.
const container = "172.17.0.2"

// startContainer is a network with a guest that has a container's address, too, and what serves a port of it.
func startContainer(t testing.TB, serve func(*gonet.TCPConn)) (n *Network, v *vm, address string) {
	t.Helper()
	n, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	v = newVM(t, serveNetwork(t, n))
	err = firstError(v.stack.AddProtocolAddress(nicID, tcpip.ProtocolAddress{
		Protocol:          ipv4.ProtocolNumber,
		AddressWithPrefix: toTCPIP(netip.MustParseAddr(container)).WithPrefix(),
	}, stack.AddressProperties{}))
	if err != nil {
		t.Fatal(err)
	}
	address = container + ":80"
	l, err := gonet.ListenTCP(v.stack, fullAddress(address), ipv4.ProtocolNumber)
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
			wg.Go(func() { defer c.Close(); serve(c.(*gonet.TCPConn)) })
		}
	})
	t.Cleanup(func() { l.Shutdown(); v.stack.Close(); wg.Wait() }) // connections of a cut cable end with the stack only
	for n.served.Load() == nil {
		runtime.Gosched()
	}
	return n, v, address
}

func TestDialReachesWhatIsBehindTheGuest(t *testing.T) {
	n, _, address := startContainer(t, func(c *gonet.TCPConn) {
		b, _ := io.ReadAll(c)
		_, _ = io.WriteString(c, strings.ToUpper(string(b))+c.RemoteAddr().(*net.TCPAddr).IP.String())
	})
	c, err := n.Dial(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	want := strings.Repeat("half-close ", 100_000)
	if _, err := io.WriteString(c, want); err != nil {
		t.Fatal(err)
	}
	if err := c.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(c)
	if err != nil || string(got) != strings.ToUpper(want)+DefaultGateway {
		t.Errorf("read %d bytes that end in %q, %v", len(got), got[max(0, len(got)-30):], err)
	}
}

func TestDialIsRefusedByTheFarEnd(t *testing.T) {
	n, _, _ := startContainer(t, func(*gonet.TCPConn) {})
	_, err := n.Dial(t.Context(), "tcp", container+":81")
	var op *net.OpError
	if !errors.Is(err, syscall.ECONNREFUSED) || !errors.As(err, &op) {
		t.Errorf("Dial = %v; want a refusal", err)
	}
}

func TestDialPassesResetsOn(t *testing.T) {
	ended := make(chan error, 1)
	n, _, address := startContainer(t, func(c *gonet.TCPConn) {
		_, err := io.Copy(io.Discard, c)
		ended <- err
	})
	c, err := n.Dial(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, "x"); err != nil {
		t.Fatal(err)
	}
	if err := c.(interface{ Reset() error }).Reset(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Error("the far end saw an orderly end; want a reset")
	}
	if err := c.(interface{ CloseWrite() error }).CloseWrite(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("CloseWrite after Reset = %v; want net.ErrClosed", err)
	}
}

func TestDialEndsWithItsContextAndItsGuest(t *testing.T) {
	n, v, address := startContainer(t, func(c *gonet.TCPConn) { _, _ = io.Copy(io.Discard, c) })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	// Nobody has this address: the guest drops packets to it.
	if _, err := n.Dial(ctx, "tcp", "172.17.0.3:80"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Dial = %v; want the context's end", err)
	}
	c, err := n.Dial(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	v.conn.Close()
	if _, err := c.Read(make([]byte, 1)); err == nil || err == io.EOF {
		t.Errorf("read after the guest's end: %v; want a failure", err)
	}
	for n.served.Load() != nil {
		runtime.Gosched()
	}
	if _, err := n.Dial(t.Context(), "tcp", address); !errors.Is(err, ErrNoWay) {
		t.Errorf("Dial without a guest = %v; want ErrNoWay", err)
	}
}

func TestDialKnowsWhereItDoesNotLead(t *testing.T) {
	n, _, _ := startContainer(t, func(*gonet.TCPConn) {})
	for _, to := range [][2]string{{"udp", container + ":80"}, {"tcp", "[fd00::1]:80"}, {"tcp", "name:80"}, {"tcp", ""}} {
		if _, err := n.Dial(t.Context(), to[0], to[1]); !errors.Is(err, ErrNoWay) {
			t.Errorf("Dial(%q) = %v; want ErrNoWay", to, err)
		}
	}
}
