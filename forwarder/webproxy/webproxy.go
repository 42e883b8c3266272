package webproxy

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/wherry-app/wherry/forwarder/pipe"
)

// Config is what a Proxy is made of.
type Config struct {
	// Next is the host's proxy for a URL, nil where there is none; its scheme is http, https or socks5.
	Next func(*url.URL) (*url.URL, error)
	// Dial connects to an address that the guest has named, as host:port. A proxy of the host's is not dialed by it.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Logger may be nil.
	Logger hclog.Logger
}

// Proxy is the proxy.
type Proxy struct {
	cfg     Config
	log     hclog.Logger
	forward *httputil.ReverseProxy
	// direct goes to what the guest has named, via by the host's proxy.
	direct, via *http.Transport
}

// New makes a Proxy.
func New(c Config) *Proxy {
	if c.Logger == nil {
		c.Logger = hclog.NewNullLogger()
	}
	p := &Proxy{cfg: c, log: c.Logger.Named("webproxy")}
	transport := func() *http.Transport {
		return &http.Transport{DisableCompression: true, IdleConnTimeout: 30 * time.Second, ExpectContinueTimeout: time.Second}
	}
	p.direct, p.via = transport(), transport()
	p.direct.DialContext = c.Dial
	p.via.Proxy = func(r *http.Request) (*url.URL, error) { return c.Next(r.URL) }
	p.forward = &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.Out.Host = r.In.Host },
		Transport:     roundTripper{p},
		FlushInterval: -1,
		ErrorLog:      p.log.StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug}),
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			p.log.Debug("request", "url", r.URL.Redacted(), "error", err)
			http.Error(w, err.Error(), http.StatusBadGateway)
		},
	}
	return p
}

// Serve serves l until that is closed or ctx ends, and then ends all its connections.
func (p *Proxy) Serve(ctx context.Context, l net.Listener) {
	srv := &http.Server{
		Handler: p, ReadHeaderTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    p.log.StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug}),
	}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	_ = srv.Serve(l)
	_ = srv.Close()
	p.direct.CloseIdleConnections()
	p.via.CloseIdleConnections()
}

// roundTripper sends a request the way that the host's settings say.
type roundTripper struct{ p *Proxy }

func (t roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	next, err := t.p.cfg.Next(r.URL)
	switch {
	case err != nil:
		return nil, err
	case next == nil:
		return t.p.direct.RoundTrip(r)
	}
	return t.p.via.RoundTrip(r)
}

// ServeHTTP implements http.Handler.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodConnect:
		p.connect(w, r)
	case r.URL.Scheme != "http" || r.URL.Host == "":
		http.Error(w, "this is a proxy: it serves URLs, and nothing of its own", http.StatusBadRequest)
	default:
		p.forward.ServeHTTP(w, r)
	}
}

// connect makes a tunnel to an address.
func (p *Proxy) connect(w http.ResponseWriter, r *http.Request) {
	out, err := p.tunnel(r.Context(), r.Host)
	client, buffered, herr := http.NewResponseController(w).Hijack()
	if herr != nil {
		if err == nil {
			_ = out.Close()
		}
		return
	}
	if err != nil {
		// Go's clients, of which dockerd is one, show people the text behind the code.
		p.log.Debug("tunnel", "address", r.Host, "error", err)
		_, _ = fmt.Fprintf(client, "HTTP/1.1 502 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", oneLine(err))
		_ = client.Close()
		return
	}
	if _, err := client.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n")); err != nil {
		_, _ = out.Close(), client.Close()
		return
	}
	if _, err := pipe.Join(r.Context(), &bufferedConn{client, buffered.Reader}, out); err != nil {
		p.log.Trace("tunnel broke", "address", r.Host, "error", err)
	}
}

func oneLine(err error) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return ' '
		}
		return r
	}, err.Error())
}

// bufferedConn reads what somebody has read of a connection already first. Then it reads the connection itself: an HTTP
// server's reader would take the end of one direction for the end of the request.
type bufferedConn struct {
	net.Conn
	r *bufio.Reader
}

func (c *bufferedConn) Read(b []byte) (int, error) {
	if c.r.Buffered() > 0 {
		return c.r.Read(b)
	}
	return c.Conn.Read(b)
}

// CloseWrite ends what the other end gets.
func (c *bufferedConn) CloseWrite() error { return pipe.CloseWrite(c.Conn) }

// Reset drops the connection.
func (c *bufferedConn) Reset() error { pipe.Abort(c.Conn); return nil }

// errRefused is what an upstream proxy's refusal wraps.
var errRefused = errors.New("the proxy refuses")
