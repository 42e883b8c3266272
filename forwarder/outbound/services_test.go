package outbound

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"syscall"
	"testing"
)

func TestServicesOfTheGateway(t *testing.T) {
	v := startVM(t, Config{Dial: neverDial(t), Services: map[uint16]func(context.Context, net.Listener){
		3128: func(_ context.Context, l net.Listener) {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = io.WriteString(c, "service")
				_ = c.Close()
			}
		},
	}})
	for range 2 {
		c, err := v.dialTCP(t.Context(), DefaultGateway+":3128")
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(c); err != nil || string(b) != "service" {
			t.Errorf("%q, %v", b, err)
		}
		_ = c.Close()
	}
	if _, err := v.dialTCP(t.Context(), DefaultGateway+":3129"); err == nil {
		t.Error("another port answers")
	}
}

// manyResolver knows names that lead to where the guest must not get.
type manyResolver struct{ fakeResolver }

func (manyResolver) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	switch host {
	case "loop.example.":
		return []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1"), netip.MustParseAddr("169.254.169.254")}, nil
	case "far.example.":
		return []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")}, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

func TestDialName(t *testing.T) {
	var dialed []string
	n, err := New(Config{Resolver: manyResolver{}, Dial: func(_ context.Context, _, address string) (net.Conn, error) {
		dialed = append(dialed, address)
		if address == "192.0.2.1:80" {
			return nil, syscall.ECONNREFUSED
		}
		a, b := net.Pipe()
		_ = b.Close()
		return a, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"Host.Docker.Internal:80": "127.0.0.1:80", DefaultHost + ":81": "127.0.0.1:81", "far.example:80": "192.0.2.2:80", "8.8.8.8:53": "8.8.8.8:53",
		"loop.example:80": "", "127.0.0.1:80": "", "[::1]:80": "", "169.254.169.254:80": "", DefaultGateway + ":80": "", "none.example:80": "",
		"far.example": "", "far.example:http": "", "[::ffff:127.0.0.1]:80": "",
	} {
		dialed = nil
		c, err := n.DialName(t.Context(), "tcp", address)
		if err == nil {
			_ = c.Close()
		}
		if want == "" && (err == nil || len(dialed) > 0) {
			t.Errorf("%s: dialed %q, %v", address, dialed, err)
		}
		if want != "" && (err != nil || dialed[len(dialed)-1] != want) {
			t.Errorf("%s: dialed %q, %v; want %s", address, dialed, err, want)
		}
	}
	var dnsErr *net.DNSError
	if _, err := n.DialName(t.Context(), "tcp", "none.example:80"); !errors.As(err, &dnsErr) {
		t.Errorf("got %v", err)
	}
}
