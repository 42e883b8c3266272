package webproxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/net/proxy"
)

// upstreamPatience is how long a proxy of the host's may take to connect, and to answer.
const upstreamPatience = 60 * time.Second

// tunnel connects to an address, by the host's proxy if there is one for it.
func (p *Proxy) tunnel(ctx context.Context, address string) (net.Conn, error) {
	next, err := p.cfg.Next(&url.URL{Scheme: "https", Host: address})
	if err != nil {
		return nil, err
	}
	if next == nil {
		return p.cfg.Dial(ctx, "tcp", address)
	}
	ctx, cancel := context.WithTimeout(ctx, upstreamPatience)
	defer cancel()
	switch next.Scheme {
	case "http", "https":
		return connectBy(ctx, next, address)
	case "socks5", "socks5h":
		return socksBy(ctx, next, address)
	}
	return nil, fmt.Errorf("proxies of kind %q are not known", next.Scheme)
}

// connectBy asks an HTTP proxy for a tunnel.
func connectBy(ctx context.Context, next *url.URL, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", hostPort(next))
	if err != nil {
		return nil, fmt.Errorf("connect to proxy %s: %w", next.Redacted(), err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if next.Scheme == "https" {
		secure := tls.Client(conn, &tls.Config{ServerName: next.Hostname(), MinVersion: tls.VersionTLS12})
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = conn.Close()
			return nil, fmt.Errorf("connect to proxy %s: %w", next.Redacted(), err)
		}
		conn = secure
	}
	req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address, Header: http.Header{}}
	if next.User != nil {
		password, _ := next.User.Password()
		req.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(next.User.Username()+":"+password)))
	}
	r := bufio.NewReader(conn)
	err = req.Write(conn)
	var res *http.Response
	if err == nil {
		res, err = http.ReadResponse(r, req)
	}
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("ask proxy %s: %w", next.Redacted(), err)
	}
	if res.StatusCode != http.StatusOK {
		_ = conn.Close()
		return nil, fmt.Errorf("%w: %s answers %s for %s", errRefused, next.Redacted(), res.Status, address)
	}
	return &bufferedConn{conn, r}, nil
}

// socksBy asks a SOCKS proxy, which looks names up itself.
func socksBy(ctx context.Context, next *url.URL, address string) (net.Conn, error) {
	var auth *proxy.Auth
	if next.User != nil {
		password, _ := next.User.Password()
		auth = &proxy.Auth{User: next.User.Username(), Password: password}
	}
	d, err := proxy.SOCKS5("tcp", hostPort(next), auth, new(net.Dialer))
	if err != nil {
		return nil, err
	}
	return d.(proxy.ContextDialer).DialContext(ctx, "tcp", address)
}

// hostPort is where a proxy listens.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}
