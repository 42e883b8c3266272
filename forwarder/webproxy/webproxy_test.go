package webproxy_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wherry-app/wherry/forwarder/webproxy"
)

// serve runs a Proxy and returns its URL.
func serve(t *testing.T, c webproxy.Config) *url.URL {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if c.Dial == nil {
		c.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("dialed directly") }
	}
	if c.Next == nil {
		c.Next = func(*url.URL) (*url.URL, error) { return nil, nil }
	}
	p := webproxy.New(c)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { p.Serve(ctx, l) })
	t.Cleanup(func() { cancel(); _ = l.Close(); wg.Wait() })
	return &url.URL{Scheme: "http", Host: l.Addr().String()}
}

func client(t *testing.T, proxy *url.URL, trust *httptest.Server) *http.Client {
	tr := &http.Transport{Proxy: http.ProxyURL(proxy), DisableKeepAlives: true}
	if trust != nil {
		tr.TLSClientConfig = trust.Client().Transport.(*http.Transport).TLSClientConfig
	}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 20 * time.Second}
}

func get(c *http.Client, url string) (string, error) {
	res, err := c.Get(url)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return fmt.Sprintf("%d %s", res.StatusCode, b), err
}

func hello(w http.ResponseWriter, r *http.Request) {
	_, _ = fmt.Fprintf(w, "%s says hello, %s", r.Host, r.Header.Get("X-Forwarded-For"))
}

// TestBothWays: http and https, directly and by a proxy of the host's, which is chosen for each request.
func TestBothWays(t *testing.T) {
	plain, secure := httptest.NewServer(http.HandlerFunc(hello)), httptest.NewTLSServer(http.HandlerFunc(hello))
	defer plain.Close()
	defer secure.Close()
	to := func(address string) string { // a name that only the right side can resolve
		switch address {
		case "plain.test:80":
			return plain.Listener.Addr().String()
		case "example.com:443": // httptest's certificate has this name
			return secure.Listener.Addr().String()
		}
		return ""
	}
	var direct, upstream []string
	dial := func(seen *[]string) func(context.Context, string, string) (net.Conn, error) {
		return func(ctx context.Context, network, address string) (net.Conn, error) {
			*seen = append(*seen, address)
			if to(address) == "" {
				return nil, fmt.Errorf("lookup %s: no such host", address)
			}
			return new(net.Dialer).DialContext(ctx, network, to(address))
		}
	}
	above := serve(t, webproxy.Config{Dial: dial(&upstream)})
	var next *url.URL
	proxy := serve(t, webproxy.Config{Dial: dial(&direct), Next: func(*url.URL) (*url.URL, error) { return next, nil }})
	for _, hop := range []*url.URL{nil, above} {
		next, direct, upstream = hop, nil, nil
		c := client(t, proxy, secure)
		if got, err := get(c, "http://plain.test/"); err != nil || got != "200 plain.test says hello, " {
			t.Errorf("http by %v: %q, %v", hop, got, err)
		}
		if got, err := get(c, "https://example.com/"); err != nil || got != "200 example.com says hello, " {
			t.Errorf("https by %v: %q, %v", hop, got, err)
		}
		if used := map[bool][]string{true: direct, false: upstream}[hop == nil]; len(used) != 2 || len(direct)+len(upstream) != 2 {
			t.Errorf("by %v: dialed directly %q, by the proxy %q", hop, direct, upstream)
		}
	}
}

func TestFailuresAreToldInWords(t *testing.T) {
	proxy := serve(t, webproxy.Config{Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("lookup nowhere.test: no such\nhost")
	}})
	if _, err := get(client(t, proxy, nil), "https://nowhere.test/"); err == nil || !strings.Contains(err.Error(), "lookup nowhere.test: no such host") {
		t.Errorf("https: %v", err)
	}
	if got, err := get(client(t, proxy, nil), "http://nowhere.test/"); err != nil || !strings.HasPrefix(got, "502 lookup nowhere.test") {
		t.Errorf("http: %q, %v", got, err)
	}
	if got, err := get(http.DefaultClient, proxy.String()+"/"); err != nil || !strings.HasPrefix(got, "400 ") {
		t.Errorf("no proxy's request: %q, %v", got, err)
	}
}

func TestUpstreamGetsItsPasswordAndIsQuoted(t *testing.T) {
	asked := make(chan string, 1)
	above := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Method + " " + r.Host + " " + r.Header.Get("Proxy-Authorization")
		w.WriteHeader(http.StatusForbidden)
	}))
	defer above.Close()
	next := &url.URL{Scheme: "http", Host: above.Listener.Addr().String(), User: url.UserPassword("me", "secret")}
	proxy := serve(t, webproxy.Config{Next: func(*url.URL) (*url.URL, error) { return next, nil }})
	_, err := get(client(t, proxy, nil), "https://x.test/")
	if err == nil || !strings.Contains(err.Error(), "403 Forbidden") || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
	if got := <-asked; got != "CONNECT x.test:443 Basic bWU6c2VjcmV0" {
		t.Errorf("asked %q", got)
	}
}

// TestTunnelsHalfClose: the end of one direction leaves the other open.
func TestTunnelsHalfClose(t *testing.T) {
	far, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	go func() {
		c, err := far.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		b, _ := io.ReadAll(c)
		_, _ = fmt.Fprintf(c, "got %d", len(b))
	}()
	proxy := serve(t, webproxy.Config{Dial: new(net.Dialer).DialContext})
	c, err := net.Dial("tcp", proxy.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	_, _ = fmt.Fprintf(c, "CONNECT %s HTTP/1.1\r\nHost: x\r\n\r\nearly", far.Addr())
	r := bufio.NewReader(c)
	if res, err := http.ReadResponse(r, &http.Request{Method: http.MethodConnect}); err != nil || res.StatusCode != 200 {
		t.Fatalf("%v, %v", res, err)
	}
	_, _ = io.WriteString(c, "late")
	_ = c.(*net.TCPConn).CloseWrite()
	if b, err := io.ReadAll(r); err != nil || string(b) != "got 9" {
		t.Errorf("%q, %v", b, err)
	}
}
