package outbound

import (
	"context"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
)

// vm is a guest: a stack like Linux's on the other end of the cable.
type vm struct {
	stack *stack.Stack
	conn  net.Conn
}

// cable is a stream between a network and a guest.
func cable(t testing.TB) (network, guest net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	guest, err = net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	network, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return network, guest
}

// startNetwork serves one end of a cable until the test ends.
func startNetwork(t testing.TB, c Config) (guest net.Conn) {
	t.Helper()
	n, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return serveNetwork(t, n)
}

// serveNetwork serves one end of a cable until the test ends, and checks that nothing is left running then.
func serveNetwork(t testing.TB, n *Network) (guest net.Conn) {
	t.Helper()
	before := runtime.NumGoroutine()
	network, guest := cable(t)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Serve(ctx, network) }()
	t.Cleanup(func() {
		guest.Close()
		cancel()
		<-ended
		for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
			if time.Now().After(deadline) {
				buf := make([]byte, 1<<20)
				t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
			}
		}
	})
	return guest
}

// startVM is a guest on a network with the given Config.
func startVM(t testing.TB, c Config) *vm {
	t.Helper()
	return newVM(t, startNetwork(t, c))
}

// newVM is a guest on one end of a cable.
func newVM(t testing.TB, conn net.Conn) *vm {
	t.Helper()
	mac, err := net.ParseMAC(GuestMAC)
	if err != nil {
		t.Fatal(err)
	}
	addr := netip.MustParseAddr(GuestAddr)
	card := &card{conn: conn, mtu: DefaultMTU, mac: tcpip.LinkAddress(mac), own: map[netip.Addr]bool{addr: true}}
	s := stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, arp.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol, udp.NewProtocol, icmp.NewProtocol4},
	})
	err = firstError(s.CreateNIC(nicID, card), s.AddProtocolAddress(nicID, tcpip.ProtocolAddress{
		Protocol:          ipv4.ProtocolNumber,
		AddressWithPrefix: tcpip.AddressWithPrefix{Address: toTCPIP(addr), PrefixLen: 24},
	}, stack.AddressProperties{}))
	if err != nil {
		t.Fatal(err)
	}
	subnet, err := tcpip.NewSubnet(toTCPIP(netip.MustParseAddr("192.168.127.0")), tcpip.MaskFromBytes(net.CIDRMask(24, 32)))
	if err != nil {
		t.Fatal(err)
	}
	everywhere, err := tcpip.NewSubnet(toTCPIP(netip.IPv4Unspecified()), tcpip.MaskFromBytes(make([]byte, 4)))
	if err != nil {
		t.Fatal(err)
	}
	s.SetRouteTable([]tcpip.Route{
		{Destination: subnet, NIC: nicID},
		{Destination: everywhere, Gateway: toTCPIP(netip.MustParseAddr(DefaultGateway)), NIC: nicID},
	})
	var wg sync.WaitGroup
	wg.Go(func() { _ = card.receive() })
	t.Cleanup(func() { s.Close(); conn.Close(); wg.Wait(); s.Wait() })
	return &vm{stack: s, conn: conn}
}

func fullAddress(addr string) tcpip.FullAddress {
	a := netip.MustParseAddrPort(addr)
	return tcpip.FullAddress{NIC: nicID, Addr: toTCPIP(a.Addr()), Port: a.Port()}
}

func (v *vm) dialTCP(ctx context.Context, addr string) (*gonet.TCPConn, error) {
	return gonet.DialContextTCP(ctx, v.stack, fullAddress(addr), ipv4.ProtocolNumber)
}

func (v *vm) dialUDP(t testing.TB, addr string) *gonet.UDPConn {
	t.Helper()
	a := fullAddress(addr)
	c, err := gonet.DialUDP(v.stack, nil, &a, ipv4.ProtocolNumber)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// serveTCP runs f on each connection to a fresh address of the host's loopback, and returns the port.
func serveTCP(t testing.TB, f func(*net.TCPConn)) (port string) {
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
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port
}
