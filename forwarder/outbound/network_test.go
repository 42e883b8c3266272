package outbound

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// neverDial fails the test when something leads out.
func neverDial(t *testing.T) func(context.Context, string, string) (net.Conn, error) {
	return func(_ context.Context, network, address string) (net.Conn, error) {
		t.Errorf("the host was asked to connect to %s/%s", address, network)
		return nil, errors.New("no")
	}
}

func TestHostsLoopbackKeepsHalfClose(t *testing.T) {
	port := serveTCP(t, func(c *net.TCPConn) {
		if b, err := io.ReadAll(c); err == nil {
			_, _ = c.Write(b)
		}
	})
	v := startVM(t, Config{})
	c, err := v.dialTCP(t.Context(), DefaultHost+":"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	want := make([]byte, 3<<20)
	_, _ = rand.NewChaCha8([32]byte{}).Read(want)
	if _, err := c.Write(want); err != nil {
		t.Fatal(err)
	}
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, want) {
		t.Errorf("answer after our end: %d bytes, %v; want %d", len(got), err, len(want))
	}
}

// Servers on a host often listen on "localhost", which may be the one or the other.
func TestHostsLoopbackIsBothLoopbacks(t *testing.T) {
	port := serveTCP(t, func(c *net.TCPConn) { _, _ = c.Write([]byte("six")) })
	v := startVM(t, Config{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		if address != "[::1]:80" {
			return nil, syscall.ECONNREFUSED
		}
		return new(net.Dialer).DialContext(ctx, network, "127.0.0.1:"+port)
	}})
	c, err := v.dialTCP(t.Context(), DefaultHost+":80")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if b, err := io.ReadAll(c); err != nil || string(b) != "six" {
		t.Errorf("read %q, %v", b, err)
	}
}

func TestRefusedIsRefused(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	c, err := startVM(t, Config{}).dialTCP(t.Context(), DefaultHost+":"+port)
	if err == nil {
		c.Close()
		t.Fatal("the connection was accepted")
	}
	if !strings.Contains(err.Error(), "refused") {
		t.Errorf("dial = %v; want a refusal", err)
	}
}

func TestResetIsPassedOn(t *testing.T) {
	port := serveTCP(t, func(c *net.TCPConn) {
		_, _ = c.Read(make([]byte, 1))
		_ = c.SetLinger(0)
	})
	c, err := startVM(t, Config{}).dialTCP(t.Context(), DefaultHost+":"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _ = c.Write([]byte{1})
	if _, err := c.Read(make([]byte, 1)); err == nil || !strings.Contains(err.Error(), "reset") {
		t.Errorf("read = %v; want a reset", err)
	}
}

// The guest must find nothing but DNS on its network, and no way to what is next to the host.
func TestNothingElseIsReachable(t *testing.T) {
	v := startVM(t, Config{Dial: neverDial(t)})
	for _, addr := range []string{
		DefaultGateway + ":80", DefaultGateway + ":22", DefaultGateway + ":67", DefaultGateway + ":2375", DefaultGateway + ":7777",
		"192.168.127.77:80", "192.168.127.255:80", "192.168.127.0:80",
		"169.254.169.254:80", "169.254.0.1:443", "224.0.0.1:80", "255.255.255.255:80",
	} {
		// Broadcasts are not even answered; all else is refused at once.
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		c, err := v.dialTCP(ctx, addr)
		cancel()
		if err == nil {
			c.Close()
			t.Errorf("connected to %s", addr)
		}
	}
	for _, addr := range []string{
		DefaultGateway + ":67", DefaultGateway + ":123", "192.168.127.77:53", "169.254.169.254:53", "255.255.255.255:67",
	} {
		a := fullAddress(addr)
		c := v.dialUDP(t, DefaultGateway+":9")
		_, _ = c.WriteTo([]byte("anybody?"), &net.UDPAddr{IP: net.IP(a.Addr.AsSlice()), Port: int(a.Port)})
		_ = c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if n, err := c.Read(make([]byte, 100)); err == nil {
			t.Errorf("%d bytes of answer from %s/udp", n, addr)
		}
	}
}

func TestMetadataIsRefusedAtOnce(t *testing.T) {
	v := startVM(t, Config{Dial: neverDial(t)})
	for _, addr := range []string{"169.254.169.254:80", DefaultGateway + ":80"} {
		if _, err := v.dialTCP(t.Context(), addr); err == nil || !strings.Contains(err.Error(), "refused") {
			t.Errorf("dial %s = %v; want a refusal", addr, err)
		}
	}
}

func TestDestination(t *testing.T) {
	n, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	for addr, want := range map[string]string{
		DefaultHost: "127.0.0.1", "8.8.8.8": "8.8.8.8", "10.0.0.1": "10.0.0.1", "192.168.1.1": "192.168.1.1", "172.17.0.1": "172.17.0.1",
		DefaultGateway: "", GuestAddr: "", "192.168.127.255": "", "127.0.0.1": "", "127.1.2.3": "", "0.0.0.0": "", "169.254.169.254": "",
		"224.0.0.251": "", "239.255.255.250": "", "255.255.255.255": "",
	} {
		to, ok := n.destination(netip.MustParseAddr(addr))
		if got := to.String(); ok != (want != "") || ok && got != want {
			t.Errorf("%s leads to %s, %v; want %q", addr, got, ok, want)
		}
	}
}

// Connections that hang on their way out must not hold up others.
func TestUnreachableAddressesHoldNobodyUp(t *testing.T) {
	port := serveTCP(t, func(c *net.TCPConn) { _, _ = c.Write([]byte("ok")) })
	var d net.Dialer
	hanging := make(chan struct{}, 1000)
	v := startVM(t, Config{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		if strings.HasPrefix(address, "198.51.100.") {
			hanging <- struct{}{}
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return d.DialContext(ctx, network, address)
	}})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	const stuck = 100
	for range stuck {
		wg.Go(func() { _, _ = v.dialTCP(ctx, "198.51.100.7:80") })
	}
	for range stuck {
		<-hanging
	}
	c, err := v.dialTCP(t.Context(), DefaultHost+":"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if b, err := io.ReadAll(c); err != nil || string(b) != "ok" {
		t.Errorf("read %q, %v", b, err)
	}
}

func TestUDP(t *testing.T) {
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		buf := make([]byte, udpLargest)
		for {
			n, from, err := server.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = server.WriteTo(buf[:n], from)
		}
	})
	defer wg.Wait()
	defer server.Close()
	_, port, _ := net.SplitHostPort(server.LocalAddr().String())
	c := startVM(t, Config{}).dialUDP(t, DefaultHost+":"+port)
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	buf := make([]byte, udpLargest)
	for _, size := range []int{1, 1472, 9000, 60_000} {
		want := bytes.Repeat([]byte{byte(size)}, size)
		if _, err := c.Write(want); err != nil {
			t.Fatal(err)
		}
		if n, err := c.Read(buf); err != nil || !bytes.Equal(buf[:n], want) {
			t.Fatalf("read %d bytes, %v; want %d", n, err, size)
		}
	}
}

// arpRequest is the frame, behind its length, with which the guest asks who has addr.
func arpRequest(addr string) []byte {
	mac, _ := net.ParseMAC(GuestMAC)
	self, target := netip.MustParseAddr(GuestAddr).As4(), netip.MustParseAddr(addr).As4()
	f := bytes.Repeat([]byte{0xff}, 6)
	f = append(append(f, mac...), 8, 6)
	f = append(f, 0, 1, 8, 0, 6, 4, 0, 1)
	f = append(append(append(f, mac...), self[:]...), make([]byte, 6)...)
	f = append(f, target[:]...)
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(f))), f...)
}

// The frames are as QEMU has them, and only the gateway and the host's alias answer.
func TestARP(t *testing.T) {
	guest := startNetwork(t, Config{})
	for _, addr := range []string{GuestAddr, "192.168.127.77", "10.0.0.1", DefaultHost, DefaultGateway} {
		if _, err := guest.Write(arpRequest(addr)); err != nil {
			t.Fatal(err)
		}
	}
	for _, addr := range []string{DefaultHost, DefaultGateway} {
		var h [4]byte
		if _, err := io.ReadFull(guest, h[:]); err != nil {
			t.Fatal(err)
		}
		f := make([]byte, binary.BigEndian.Uint32(h[:]))
		if _, err := io.ReadFull(guest, f); err != nil {
			t.Fatal(err)
		}
		mac, _ := net.ParseMAC(gatewayMAC)
		want := netip.MustParseAddr(addr).As4()
		if len(f) < 42 || !bytes.Equal(f[22:28], mac) || !bytes.Equal(f[28:32], want[:]) {
			t.Fatalf("answer % x; want that %s is at %s", f, addr, gatewayMAC)
		}
	}
}

func TestFramesOutOfStepEndTheConnection(t *testing.T) {
	n, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	network, guest := cable(t)
	defer guest.Close()
	ended := make(chan error, 1)
	go func() { ended <- n.Serve(t.Context(), network) }()
	if _, err := guest.Write([]byte{0x7f, 0xff, 0xff, 0xff}); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Error("Serve = nil; want an error")
	}
	if _, err := io.Copy(io.Discard, guest); err != nil {
		t.Errorf("the connection is not closed: %v", err)
	}
}

func TestServeAgain(t *testing.T) {
	n, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		ctx, cancel := context.WithCancel(t.Context())
		network, guest := cable(t)
		ended := make(chan error, 1)
		go func() { ended <- n.Serve(ctx, network) }()
		if _, err := guest.Write(arpRequest(DefaultGateway)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(guest, make([]byte, 4+42)); err != nil {
			t.Fatal(err)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve = %v after its context ended", err)
		}
		guest.Close()
	}
}

func TestConfigThatMakesNoSense(t *testing.T) {
	for _, c := range []Config{
		{Subnet: "nonsense"}, {Gateway: "10.0.0.1"}, {Host: DefaultGateway}, {MTU: 100}, {MTU: 70000}, {Subnet: "fd00::/64"},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("New(%+v) has no error", c)
		}
	}
}

// FuzzFrames: whatever the guest sends, the network neither falls over nor leads anywhere.
func FuzzFrames(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0})
	f.Add([]byte{0, 0, 0, 1, 7, 0, 0, 0, 13, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13})
	f.Add(arpRequest(DefaultGateway))
	f.Add(append(arpRequest(DefaultHost), 0, 2, 0, 0))
	f.Fuzz(func(t *testing.T, in []byte) {
		n, err := New(Config{Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no") }})
		if err != nil {
			t.Fatal(err)
		}
		network, guest := net.Pipe()
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = io.Copy(io.Discard, guest) })
		wg.Go(func() { _, _ = guest.Write(in); guest.Close() })
		if err := n.Serve(t.Context(), network); err == nil {
			t.Error("Serve = nil; want why the connection ended")
		}
		wg.Wait()
	})
}

func BenchmarkThroughput(b *testing.B) {
	port := serveTCP(b, func(c *net.TCPConn) { _, _ = io.Copy(io.Discard, struct{ io.Reader }{c}) })
	c, err := startVM(b, Config{}).dialTCP(b.Context(), DefaultHost+":"+port)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	buf := make([]byte, 64<<10)
	b.SetBytes(int64(len(buf)))
	for b.Loop() {
		if _, err := c.Write(buf); err != nil {
			b.Fatal(err)
		}
	}
}
