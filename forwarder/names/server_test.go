package names

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// world is a Server with one container, which is an HTTP server of the test's.
type world struct {
	t      *testing.T
	server *Server
	table  *Table
	dialed chan uint16
}

// start makes a world whose container speaks the given protocols.
func start(t *testing.T, ca *CA, protocols func(*http.Protocols), h http.HandlerFunc) *world {
	t.Helper()
	backend := httptest.NewUnstartedServer(h)
	backend.Config.Protocols = new(http.Protocols)
	protocols(backend.Config.Protocols)
	backend.Start()
	t.Cleanup(backend.Close)
	w := &world{t: t, table: &Table{}, dialed: make(chan uint16, 100)}
	w.table.Set([]Target{{ID: "1", Name: "web", Service: "front", Project: "shop", Addr: netip.MustParseAddr("172.17.0.9"), Port: 80}})
	w.server = New(Config{
		Table: w.table, CA: ca, Ports: []uint16{free(t)}, HTTPSPorts: []uint16{free(t)},
		Dial: func(ctx context.Context, x Target, port uint16) (net.Conn, error) {
			w.dialed <- port
			if x.Name != "web" {
				return nil, fmt.Errorf("asked for %s", x.Name)
			}
			return new(net.Dialer).DialContext(ctx, "tcp", backend.Listener.Addr().String())
		},
	})
	if err := w.server.Listen(nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.server.Close() })
	return w
}

func free(t *testing.T) uint16 {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return uint16(l.Addr().(*net.TCPAddr).Port)
}

func http1(p *http.Protocols) { p.SetHTTP1(true) }
func h2c(p *http.Protocols)   { p.SetUnencryptedHTTP2(true) }

// client resolves all names to the loopback, as systems do with those under .localhost.
func (w *world) client(protocols func(*http.Protocols), ca *CA) *http.Client {
	p := new(http.Protocols)
	protocols(p)
	tr := &http.Transport{Protocols: p, DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		return new(net.Dialer).DialContext(ctx, "tcp", "127.0.0.1:"+port)
	}}
	if ca != nil {
		pool := x509.NewCertPool()
		pool.AddCert(ca.Cert())
		tr.TLSClientConfig = &tls.Config{RootCAs: pool}
	}
	w.t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 20 * time.Second}
}

func (w *world) url(name, path string) string {
	return "http://" + name + ":" + strconv.Itoa(int(w.server.Status().HTTP)) + path
}

func body(t *testing.T, res *http.Response, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func get(t *testing.T, c *http.Client, url string) (int, string) {
	t.Helper()
	res, err := c.Get(url)
	text := body(t, res, err)
	return res.StatusCode, text
}

func TestRequestsReachTheContainer(t *testing.T) {
	w := start(t, nil, http1, func(rw http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(rw, "%s %s for %s", r.Host, r.URL.RequestURI(), r.Header.Get("X-Forwarded-Host"))
	})
	c := w.client(http1, nil)
	for _, name := range []string{"web.localhost", "front.shop.localhost"} {
		at := w.url(name, "")
		host := strings.TrimPrefix(at, "http://")
		if code, got := get(t, c, at+"/a%2Fb?c=d;e"); code != 200 || got != host+" /a%2Fb?c=d;e for "+host {
			t.Errorf("%d %q", code, got)
		}
	}
	if port := <-w.dialed; port != 80 {
		t.Errorf("dialed port %d", port)
	}
	if code, got := get(t, c, w.url("9000.web.localhost", "/")); code != 200 || !strings.HasPrefix(got, "9000.web.localhost") {
		t.Errorf("%d %q", code, got)
	}
	if port := <-w.dialed; port != 9000 {
		t.Errorf("dialed port %d", port)
	}
}

func TestPagesOfOurOwn(t *testing.T) {
	w := start(t, nil, http1, func(http.ResponseWriter, *http.Request) {})
	c := w.client(http1, nil)
	for _, tt := range []struct {
		host string
		code int
		says string
	}{
		{"none.localhost", 404, "http://web.localhost"},
		{"localhost", 200, "http://front.shop.localhost"},
		{"evil.example.com", 421, "only"},
	} {
		code, got := get(t, c, w.url(tt.host, "/"))
		if code != tt.code || !strings.Contains(got, tt.says) {
			t.Errorf("%s: %d %q", tt.host, code, got)
		}
		if tt.code == 421 && strings.Contains(got, "web.localhost") {
			t.Errorf("a stranger is told what there is: %q", got)
		}
	}
	req, _ := http.NewRequest(http.MethodGet, w.url("none.localhost", "/<script>"), nil)
	req.Header.Set("Accept", "text/html")
	res, err := c.Do(req)
	if got := body(t, res, err); !strings.Contains(got, `<a href="http://web.localhost`) || strings.Contains(got, "<script>") {
		t.Errorf("page: %s", got)
	}
	w.table.Set([]Target{{ID: "1", Name: "web", Addr: netip.MustParseAddr("172.17.0.9")}})
	if code, got := get(t, c, w.url("web.localhost", "/")); code != 404 || !strings.Contains(got, LabelPort) {
		t.Errorf("no port: %d %q", code, got)
	}
}

func TestNoAnswerIsExplained(t *testing.T) {
	w := start(t, nil, http1, func(http.ResponseWriter, *http.Request) {})
	w.table.Set([]Target{{ID: "2", Name: "deaf", Addr: netip.MustParseAddr("172.17.0.8"), Port: 80}})
	if code, got := get(t, w.client(http1, nil), w.url("deaf.localhost", "/")); code != 502 || !strings.Contains(got, "deaf") {
		t.Errorf("%d %q", code, got)
	}
}

func TestStreamsAreNotHeldBack(t *testing.T) {
	proceed := make(chan struct{})
	w := start(t, nil, http1, func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(rw, "first")
		_ = http.NewResponseController(rw).Flush()
		<-proceed
		_, _ = io.WriteString(rw, "second")
	})
	res, err := w.client(http1, nil).Get(w.url("web.localhost", "/"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	buf := make([]byte, 5)
	if _, err := io.ReadFull(res.Body, buf); err != nil || string(buf) != "first" {
		t.Fatalf("%q, %v", buf, err)
	}
	close(proceed)
	if rest, err := io.ReadAll(res.Body); err != nil || string(rest) != "second" {
		t.Errorf("%q, %v", rest, err)
	}
}

// TestUpgrade is what websockets do, and h2c by upgrade: after the 101 the bytes are the two ends' own.
func TestUpgrade(t *testing.T) {
	for _, protocol := range []string{"websocket", "h2c"} {
		w := start(t, nil, http1, func(rw http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Upgrade") != protocol || (protocol == "h2c" && r.Header.Get("Http2-Settings") != "AAMAAABk") {
				http.Error(rw, "no upgrade", http.StatusBadRequest)
				return
			}
			c, b, err := http.NewResponseController(rw).Hijack()
			if err != nil {
				return
			}
			defer c.Close()
			_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "+protocol+"\r\n\r\n")
			line, _ := b.ReadString('\n')
			_, _ = io.WriteString(c, "echo "+line)
		})
		c, err := net.Dial("tcp", address(w.server.Status().HTTP))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(20 * time.Second))
		_, _ = fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: web.localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: %s\r\nHTTP2-Settings: AAMAAABk\r\n\r\n", protocol)
		r := bufio.NewReader(c)
		res, err := http.ReadResponse(r, nil)
		if err != nil || res.StatusCode != 101 {
			t.Fatalf("%s: %v, %v", protocol, res, err)
		}
		_, _ = io.WriteString(c, "hello\n")
		if line, err := r.ReadString('\n'); err != nil || line != "echo hello\n" {
			t.Errorf("%s: %q, %v", protocol, line, err)
		}
	}
}

func TestHTTP2(t *testing.T) {
	proto := func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Trailer", "Grpc-Status")
		b, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(rw, "%s %s", r.Proto, b)
		rw.Header().Set("Grpc-Status", "0")
	}
	for _, tt := range []struct {
		name    string
		backend func(*http.Protocols)
		want    string
	}{{"container with h2c", h2c, "HTTP/2.0 x"}, {"container without", http1, "HTTP/1.1 x"}} {
		t.Run(tt.name, func(t *testing.T) {
			w := start(t, nil, tt.backend, proto)
			for range 2 {
				res, err := w.client(h2c, nil).Post(w.url("web.localhost", "/"), "application/grpc", strings.NewReader("x"))
				got := body(t, res, err)
				if got != tt.want || res.ProtoMajor != 2 || res.Trailer.Get("Grpc-Status") != "0" {
					t.Errorf("%q over %s, trailer %v", got, res.Proto, res.Trailer)
				}
			}
		})
	}
}

func TestHTTPS(t *testing.T) {
	dir := t.TempDir()
	ca, err := OpenCA(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := OpenCA(dir)
	if err != nil || !again.Cert().Equal(ca.Cert()) {
		t.Fatalf("another authority each time: %v", err)
	}
	for _, f := range []string{CAFile, keyFile} {
		if st, err := os.Stat(dir + "/" + f); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", f, st.Mode(), err)
		}
	}
	w := start(t, ca, http1, func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(rw, r.Header.Get("X-Forwarded-Proto"))
	})
	both := func(p *http.Protocols) { p.SetHTTP1(true); p.SetHTTP2(true) }
	at := ":" + strconv.Itoa(int(w.server.Status().HTTPS))
	c := w.client(both, ca)
	res, err := c.Get("https://web.localhost" + at)
	if got := body(t, res, err); got != "https" || res.ProtoMajor != 2 {
		t.Errorf("%q over %s", got, res.Proto)
	}
	if res, err := c.Get("https://www.example.com" + at); err == nil {
		_ = res.Body.Close()
		t.Error("it has a certificate for somebody else")
	}
	leaf, err := ca.issue("www.example.com")
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(ca.Cert())
	if _, err := leaf.Leaf.Verify(x509.VerifyOptions{Roots: pool, DNSName: "www.example.com"}); err == nil {
		t.Error("who trusts the authority would trust it about somebody else")
	}
}

// TestPortsAreGivenUp: a container that wants the port gets it, and connections go on.
func TestPortsAreGivenUp(t *testing.T) {
	w := start(t, nil, http1, func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, "ok") })
	first := w.server.Status().HTTP
	second := free(t)
	w.server.cfg.Ports = []uint16{first, second}
	c := w.client(http1, nil)
	old := w.url("web.localhost", "/")
	get(t, c, old)
	if err := w.server.Listen([]uint16{first}); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp4", address(first))
	if err != nil {
		t.Fatalf("the port is not free: %v", err)
	}
	if code, _ := get(t, c, old); code != 200 { // on the connection that was there
		t.Errorf("old connection: %d", code)
	}
	if code, got := get(t, c, w.url("web.localhost", "/")); code != 200 || got != "ok" || !w.server.Has(second) || w.server.Has(first) {
		t.Errorf("%d %q", code, got)
	}
	_ = l.Close()
	if err := w.server.Listen(nil); err != nil || !w.server.Has(first) {
		t.Errorf("it does not come back: %v", err)
	}
	if err := w.server.Listen([]uint16{first, second}); err == nil || w.server.Status().Err == nil {
		t.Error("no port, and no error")
	}
}
