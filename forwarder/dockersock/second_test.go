package dockersock_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wherry-app/wherry/forwarder/dockersock"
)

// calls records what it is told.
type calls struct {
	mu   sync.Mutex
	list []string
}

func (c *calls) record(x dockersock.Call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, fmt.Sprintf("%d %s %s", x.Status, x.Method, x.Path))
}

func (c *calls) seen() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.list)
}

// fakeDockerd answers everything, upgrades what asks for it, and says what reached it.
func fakeDockerd(t *testing.T) (dial func(context.Context) (net.Conn, error), reached *calls) {
	t.Helper()
	reached = &calls{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached.record(dockersock.Call{Method: r.Method, Path: r.RequestURI})
		if r.Header.Get("Upgrade") != "" {
			c, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_, _ = io.WriteString(c, "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nraw")
				_ = c.Close()
			}
			return
		}
		if strings.HasSuffix(r.URL.Path, "/missing") {
			http.Error(w, "no", http.StatusNotFound)
			return
		}
		_, _ = io.WriteString(w, "ok")
	}))
	t.Cleanup(s.Close)
	return func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", s.Listener.Addr().String())
	}, reached
}

// serveSecond runs a second socket and returns its address.
func serveSecond(t *testing.T, run func(context.Context, net.Listener) error) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := run(ctx, l); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	return l.Addr().String()
}

// say sends raw bytes and returns the answer's status and body.
func say(t *testing.T, address, text string) (int, string) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	_, _ = io.WriteString(c, text)
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(b)
}

func TestReadOnlyLetsOnlyLookersIn(t *testing.T) {
	dial, reached := fakeDockerd(t)
	var audit calls
	at := serveSecond(t, func(ctx context.Context, l net.Listener) error {
		return dockersock.ServeReadOnly(ctx, dockersock.ReadOnlyConfig{Listener: l, Dial: dial, Record: audit.record})
	})
	head := " HTTP/1.1\r\nHost: d\r\nConnection: close\r\n"
	for _, request := range []string{"GET /v1.45/containers/json?all=1", "HEAD /_ping", "GET /events", "GET /containers/x/logs?follow=1", "GET /containers/missing"} {
		want := 200
		if strings.HasSuffix(request, "missing") {
			want = 404
		}
		if code, text := say(t, at, request+head+"\r\n"); code != want {
			t.Errorf("%s: %d %s", request, code, text)
		}
	}
	looked := len(reached.seen())
	for name, text := range map[string]string{
		"start":      "POST /containers/x/start" + head + "\r\n",
		"delete":     "DELETE /containers/x" + head + "\r\n",
		"put":        "PUT /containers/x/archive" + head + "Content-Length: 1\r\n\r\nx",
		"upgrade":    "GET /containers/x/json" + head + "Upgrade: tcp\r\nConnection: Upgrade\r\n\r\n",
		"websocket":  "GET /v1.40/containers/x/attach/ws?stdin=1" + head + "\r\n",
		"escaped":    "GET /containers/x/%61ttach/ws" + head + "\r\n",
		"body":       "GET /containers/json" + head + "Content-Length: 40\r\n\r\nPOST /containers/x/start HTTP/1.1\r\n\r\n     ",
		"chunks":     "GET /containers/json" + head + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nPOST /containers/x/start HTTP/1.1\r\nHost: d\r\n\r\n",
		"twice":      "GET /containers/json" + head + "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"override":   "POST /containers/x/start" + head + "X-HTTP-Method-Override: GET\r\n\r\n",
		"connect":    "CONNECT docker:80" + head + "\r\n",
		"http2":      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
		"no http":    "hello\r\n\r\n",
		"up a level": "GET /containers/../x" + head + "\r\n",
	} {
		if code, text := say(t, at, text); code < 400 && code != 0 {
			t.Errorf("%s: %d %s", name, code, text)
		}
	}
	if now := reached.seen(); len(now) != looked {
		t.Errorf("dockerd was reached by %q", now[looked:])
	}
	if seen := audit.seen(); !slices.Contains(seen, "200 GET /v1.45/containers/json?all=1") || !slices.Contains(seen, "403 POST /containers/x/start") || !slices.Contains(seen, "404 GET /containers/missing") {
		t.Errorf("recorded %q", seen)
	}
}

func TestAuditRecordsEachCall(t *testing.T) {
	dial, _ := fakeDockerd(t)
	var audit calls
	at := serveSecond(t, func(ctx context.Context, l net.Listener) error {
		return dockersock.New(dockersock.Config{
			Listener: l, Dial: dial, Record: audit.record,
			Create:  func(context.Context, []byte) ([]byte, error) { return nil, &dockersock.BindError{Path: "/x"} },
			Started: func(context.Context, string) error { return nil },
		}).Run(ctx)
	})
	body := "POST /containers/create?name=a HTTP/1.1\r\nHost: d\r\nContent-Length: 2\r\n\r\n{}"
	for _, text := range []string{
		"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\nDELETE /containers/missing HTTP/1.1\r\nHost: d\r\n\r\n",
		"POST /session HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
		body,
	} {
		say(t, at, text)
	}
	want := []string{"200 GET /_ping", "404 DELETE /containers/missing", "101 POST /session", "400 POST /containers/create?name=a"}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		seen := audit.seen()
		missing := slices.DeleteFunc(slices.Clone(want), func(w string) bool { return slices.Contains(seen, w) })
		if len(missing) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("recorded %q, not %q", seen, missing)
		}
	}
}
