package names

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/net/http2"
)

// errGone says that a container has gone since its name was looked up.
var errGone = errors.New("the container is gone")

const (
	// idleConn is how long a connection to a container is kept for the next request.
	idleConn = 15 * time.Second
	// probePatience is how long a container may take to say that it speaks HTTP/2.
	probePatience = 5 * time.Second
	// probesMax bounds what is remembered of that.
	probesMax = 4096
)

// backends speaks to containers.
type backends struct {
	table *Table
	dial  func(ctx context.Context, t Target, port uint16) (net.Conn, error)
	http1 *http.Transport
	h2c   *http.Transport

	mu     sync.Mutex
	speaks map[string]bool // HTTP/2 without TLS, by container and port
}

func newBackends(table *Table, dial func(ctx context.Context, t Target, port uint16) (net.Conn, error)) *backends {
	b := &backends{table: table, dial: dial, speaks: map[string]bool{}}
	var one, two http.Protocols
	one.SetHTTP1(true)
	two.SetUnencryptedHTTP2(true)
	transport := func(p *http.Protocols) *http.Transport {
		return &http.Transport{
			DialContext: b.connect, Protocols: p, IdleConnTimeout: idleConn, MaxIdleConnsPerHost: 16, DisableCompression: true,
			// Whoever asks for https of a container by a name of ours trusts us, and we know where the container is.
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}, //nolint:gosec // see above
		}
	}
	b.http1, b.h2c = transport(&one), transport(&two)
	return b
}

func (b *backends) close() {
	b.http1.CloseIdleConnections()
	b.h2c.CloseIdleConnections()
}

// connect opens a connection to the container that has an address.
func (b *backends) connect(ctx context.Context, _, addr string) (net.Conn, error) {
	to, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, fmt.Errorf("connect to container: %w", err)
	}
	t, ok := b.table.at(to.Addr())
	if !ok {
		return nil, errGone
	}
	return b.dial(ctx, t, to.Port())
}

// route is where a request goes.
type route struct {
	target Target
	port   uint16
}

func (r route) String() string { return netip.AddrPortFrom(r.target.Addr, r.port).String() }

func (r route) scheme() string {
	if r.port == 443 || r.port == 8443 {
		return "https"
	}
	return "http"
}

// transport is how a request goes on: one that came as HTTP/2 as such, where the container speaks it.
func (b *backends) transport(ctx context.Context, in *http.Request, r route) http.RoundTripper {
	if in.ProtoMajor < 2 || r.scheme() == "https" {
		return b.http1
	}
	grpc := strings.HasPrefix(in.Header.Get("Content-Type"), "application/grpc")
	if in.TLS != nil && !grpc { // a browser, to which it makes no difference
		return b.http1
	}
	if b.speaksHTTP2(ctx, r) {
		return b.h2c
	}
	return b.http1
}

// speaksHTTP2 asks a container, once, whether it speaks HTTP/2 without TLS.
func (b *backends) speaksHTTP2(ctx context.Context, r route) bool {
	key := r.target.ID + " " + r.String()
	b.mu.Lock()
	yes, known := b.speaks[key]
	b.mu.Unlock()
	if known {
		return yes
	}
	ctx, cancel := context.WithTimeout(ctx, probePatience)
	defer cancel()
	c, err := b.dial(ctx, r.target, r.port)
	if err != nil {
		return false // to be seen by the request itself
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	yes = probe(c)
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.speaks) >= probesMax {
		clear(b.speaks)
	}
	b.speaks[key] = yes
	return yes
}

// probe says the client's first words of HTTP/2 and looks whether the answer begins with SETTINGS, as it has to.
func probe(c io.ReadWriter) bool {
	const headerLen = 9
	if _, err := io.WriteString(c, http2.ClientPreface+"\x00\x00\x00\x04\x00\x00\x00\x00\x00"); err != nil {
		return false
	}
	var head [headerLen]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return false
	}
	size := binary.BigEndian.Uint32(head[:]) >> 8
	return http2.FrameType(head[3]) == http2.FrameSettings && size%6 == 0 && size < 1<<14
}

// explain says for people why a container did not answer.
func explain(err error, r route) string {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ECONNRESET):
		return fmt.Sprintf("nothing listens on port %d in the container %s, or only on its own loopback (127.0.0.1): let the program listen on 0.0.0.0, "+
			"name another port as http://PORT.%s.localhost, or set the container's label %s", r.port, r.target.Name, strings.ToLower(r.target.Name), LabelPort)
	case errors.Is(err, errGone):
		return fmt.Sprintf("the container %s has just gone: try again", r.target.Name)
	}
	return fmt.Sprintf("the container %s does not answer on port %d: %v", r.target.Name, r.port, err)
}
