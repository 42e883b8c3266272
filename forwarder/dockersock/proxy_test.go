package dockersock_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wherry-app/wherry/forwarder/dockersock"
)

// listen is a fresh listener on loopback.
func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// start runs a Proxy in front of a server with handler h, and returns its address and what stops it.
func start(t *testing.T, h http.Handler) (addr string, stop func() error) {
	t.Helper()
	return startWith(t, h, dockersock.Config{})
}

// startWith is start with what looks at requests.
func startWith(t *testing.T, h http.Handler, c dockersock.Config) (addr string, stop func() error) {
	t.Helper()
	before := runtime.NumGoroutine()
	dockerd, l := listen(t), listen(t)
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{Handler: h, Protocols: protocols}
	var wg sync.WaitGroup
	wg.Go(func() { _ = server.Serve(dockerd) })
	ctx, cancel := context.WithCancel(context.Background())
	c.Listener, c.Dial = l, func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", dockerd.Addr().String())
	}
	p := dockersock.New(c)
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() {
		_ = stop()
		server.Close()
		wg.Wait()
		for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
			if time.Now().After(deadline) {
				buf := make([]byte, 1<<20)
				t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
			}
		}
	})
	return l.Addr().String(), stop
}

// hijack answers as dockerd does for attach and exec: it takes the connection over, reads to its end, and only then
// sends back what it got, in capitals.
func hijack(w http.ResponseWriter, _ *http.Request) {
	c, rw, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer c.Close()
	fmt.Fprint(c, "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
	b, _ := io.ReadAll(rw)
	_, _ = c.Write(bytes.ToUpper(b))
}

func TestHijackedConnectionKeepsHalfClose(t *testing.T) {
	addr, _ := start(t, http.HandlerFunc(hijack))
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	want := strings.Repeat("stdin ", 200_000)
	fmt.Fprint(c, "POST /exec/1/start HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n")
	r := bufio.NewReader(c)
	resp, err := http.ReadResponse(r, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("upgrade: %v, %v", resp, err)
	}
	if _, err := io.WriteString(c, want); err != nil {
		t.Fatal(err)
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || string(got) != strings.ToUpper(want) {
		t.Errorf("read %d bytes, %v; want %d", len(got), err, len(want))
	}
}

func TestH2CPasses(t *testing.T) {
	addr, _ := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto) }))
	tr := &http.Transport{Protocols: new(http.Protocols)}
	tr.Protocols.SetUnencryptedHTTP2(true)
	defer tr.CloseIdleConnections()
	resp, err := (&http.Client{Transport: tr}).Get("http://" + addr)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, _ := io.ReadAll(resp.Body); string(b) != "HTTP/2.0" {
		t.Errorf("the server saw %q; want HTTP/2.0", b)
	}
}

func TestStopClosesConnections(t *testing.T) {
	addr, stop := start(t, http.HandlerFunc(hijack))
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: d\r\n\r\n")
	if _, err := bufio.NewReader(c).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if err := stop(); err != nil {
		t.Errorf("Run = %v", err)
	}
	if _, err := io.Copy(io.Discard, c); err == nil {
		t.Error("the client's stream ended as if all had been said; want a reset")
	}
	if c, err := net.Dial("tcp", addr); err == nil {
		c.Close()
		t.Error("the listener still accepts")
	}
}

// fakeListener accepts what a test gives it, errors too.
type fakeListener struct {
	net.Listener
	accepts chan any
	closed  chan struct{}
	once    sync.Once
}

func newFakeListener() *fakeListener {
	return &fakeListener{accepts: make(chan any), closed: make(chan struct{})}
}

func (l *fakeListener) Accept() (net.Conn, error) {
	select {
	case v := <-l.accepts:
		if c, ok := v.(net.Conn); ok {
			return c, nil
		}
		return nil, v.(error)
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *fakeListener) Close() error { l.once.Do(func() { close(l.closed) }); return nil }

func TestFailedAcceptsAreNotASpin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFakeListener()
		ctx, cancel := context.WithCancel(t.Context())
		p := dockersock.New(dockersock.Config{Listener: l, Dial: nil})
		ended := make(chan error, 1)
		go func() { ended <- p.Run(ctx) }()
		begin := time.Now()
		for range 10 {
			l.accepts <- errors.New("too many open files")
		}
		if d := time.Since(begin); d < 2*time.Second || d > 10*time.Second {
			t.Errorf("ten failures took %v; want pauses that grow to a second", d)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run = %v", err)
		}
	})
}

func TestClientOfAnUnreachableDockerdIsHungUpOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFakeListener()
		ctx, cancel := context.WithCancel(t.Context())
		p := dockersock.New(dockersock.Config{Listener: l, Dial: func(ctx context.Context) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}})
		ended := make(chan error, 1)
		go func() { ended <- p.Run(ctx) }()
		client, conn := net.Pipe()
		begin := time.Now()
		l.accepts <- conn
		if _, err := client.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("read = %v; want the end", err)
		}
		if d := time.Since(begin); d < time.Second || d > 10*time.Second {
			t.Errorf("the client waited %v; want a short while", d)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run = %v", err)
		}
	})
}

func TestListenerClosedByOthersIsAnError(t *testing.T) {
	l := listen(t)
	p := dockersock.New(dockersock.Config{Listener: l})
	l.Close()
	if err := p.Run(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Run = %v; want net.ErrClosed", err)
	}
}
