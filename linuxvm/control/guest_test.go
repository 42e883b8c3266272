package control_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wherry-app/wherry/linuxvm/control"
	"github.com/wherry-app/wherry/linuxvm/link"
)

// linked runs a link with the given handlers until the test ends, and returns its host side and what breaks it once.
func linked(t *testing.T, handlers map[link.Port]func(context.Context, link.Conn)) (client *link.Client, cut func()) {
	t.Helper()
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(context.Background())
	guestEnds := make(chan net.Conn)
	var mu sync.Mutex
	var current net.Conn
	client = link.NewClient(link.Config{Open: func(ctx context.Context) (net.Conn, error) {
		a, b := net.Pipe()
		select {
		case guestEnds <- b:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		mu.Lock()
		defer mu.Unlock()
		current = a
		return a, nil
	}})
	var wg sync.WaitGroup
	wg.Go(func() { _ = client.Run(ctx) })
	wg.Go(func() {
		_ = link.Serve(ctx, link.ServeConfig{Handlers: handlers, Open: func(ctx context.Context) (io.ReadWriteCloser, error) {
			select {
			case c := <-guestEnds:
				return c, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}})
	})
	t.Cleanup(func() {
		cancel()
		wg.Wait()
		for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
			if time.Now().After(deadline) {
				buf := make([]byte, 1<<20)
				t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
			}
		}
	})
	return client, func() { mu.Lock(); defer mu.Unlock(); current.Close() }
}

// overLink returns g as seen from the host.
func overLink(t *testing.T, g control.Guest) (client *control.Client, cut func()) {
	t.Helper()
	server := control.NewServer(control.Config{Guest: g})
	l, cut := linked(t, map[link.Port]func(context.Context, link.Conn){link.PortControl: server.Serve})
	client = control.NewClient(l)
	t.Cleanup(func() { client.Close() })
	return client, cut
}

// The suite runs against the fake itself and against the fake on the other side of a link.
func TestGuest(t *testing.T) {
	both := map[string]func(*testing.T, *fakeGuest) control.Guest{
		"direct": func(_ *testing.T, g *fakeGuest) control.Guest { return g },
		"link":   func(t *testing.T, g *fakeGuest) control.Guest { c, _ := overLink(t, g); return c },
	}
	suite := map[string]func(*testing.T, *fakeGuest, control.Guest){
		"Watch": testWatch, "WatchPorts": testWatchPorts, "SetTime": testSetTime, "Logs": testLogs, "FollowLogs": testFollowLogs,
		"Shutdown": testShutdown,
	}
	for where, make := range both {
		for name, test := range suite {
			t.Run(where+"/"+name, func(t *testing.T) {
				fake := newFakeGuest()
				test(t, fake, make(t, fake))
			})
		}
	}
}

func testWatch(t *testing.T, fake *fakeGuest, g control.Guest) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	enough := errors.New("enough")
	var seen []control.Status
	err := g.Watch(ctx, func(s control.Status) error {
		seen = append(seen, s)
		if s.BootID == "second" {
			return enough
		}
		fake.change(func() { fake.status.BootID = "second" })
		return nil
	})
	if !errors.Is(err, enough) {
		t.Fatalf("Watch = %v; want the error of f", err)
	}
	if !reflect.DeepEqual(seen[0], fullStatus()) {
		t.Errorf("status = %+v; want %+v", seen[0], fullStatus())
	}
	fake.waitIdle() // the guest has heard that f had enough

	err = g.Watch(ctx, func(control.Status) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Watch = %v; want context.Canceled", err)
	}
	fake.waitIdle()
}

func testWatchPorts(t *testing.T, fake *fakeGuest, g control.Guest) {
	enough := errors.New("enough")
	want := slices.Clone(fake.ports)
	added := control.ListeningPort{Proto: "tcp", Addr: netip.MustParseAddrPort("[::]:8080")}
	round := 0
	err := g.(control.PortWatcher).WatchPorts(t.Context(), func(got []control.ListeningPort) error {
		byAddr := func(a, b control.ListeningPort) int { return cmp.Compare(a.Addr.String(), b.Addr.String()) }
		slices.SortFunc(got, byAddr)
		slices.SortFunc(want, byAddr)
		if !slices.Equal(got, want) {
			if round == 0 {
				t.Errorf("ports = %v; want %v", got, want)
			}
			return nil
		}
		if round++; round == 2 {
			return enough
		}
		want = []control.ListeningPort{want[0], added}
		fake.change(func() { fake.ports = slices.Clone(want) })
		return nil
	})
	if !errors.Is(err, enough) {
		t.Fatalf("WatchPorts = %v; want the error of f", err)
	}
	fake.waitIdle()
}

func testSetTime(t *testing.T, fake *fakeGuest, g control.Guest) {
	off, err := g.SetTime(t.Context(), time.Now())
	if err != nil || off != fake.clockOff {
		t.Errorf("SetTime = %v, %v; want %v", off, err, fake.clockOff)
	}
	if _, err := g.SetTime(t.Context(), time.Unix(0, 0)); err == nil || err.Error() != "clock: that is long ago" {
		t.Errorf("SetTime = %v; want the guest's error", err)
	}
}

func testLogs(t *testing.T, fake *fakeGuest, g control.Guest) {
	long := bytes.Repeat([]byte("0123456789\xff\n"), 20_000)
	fake.change(func() { fake.logs[control.ServiceKernel] = long })
	var b bytes.Buffer
	if err := g.Logs(t.Context(), control.ServiceKernel, false, &b); err != nil || !bytes.Equal(b.Bytes(), long) {
		t.Errorf("Logs = %d bytes, %v; want %d", b.Len(), err, len(long))
	}
	if err := g.Logs(t.Context(), "nothing", false, &b); err == nil || err.Error() != `no service "nothing"` {
		t.Errorf("Logs of nothing = %v; want the guest's error", err)
	}
}

func testFollowLogs(t *testing.T, fake *fakeGuest, g control.Guest) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var got strings.Builder
	err := g.Logs(ctx, control.ServiceDockerd, true, writerFunc(func(p []byte) (int, error) {
		got.Write(p)
		switch got.String() {
		case "a line\n":
			fake.change(func() { fake.logs[control.ServiceDockerd] = []byte("a line\nand more\n") })
		case "a line\nand more\n":
			cancel()
		}
		return len(p), nil
	}))
	if !errors.Is(err, context.Canceled) || got.String() != "a line\nand more\n" {
		t.Errorf("Logs = %q, %v; want both lines and context.Canceled", got.String(), err)
	}
	fake.waitIdle()
}

func testShutdown(t *testing.T, fake *fakeGuest, g control.Guest) {
	if err := g.Shutdown(t.Context(), 3*time.Second); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(fake.stopped, []time.Duration{3 * time.Second}) {
		t.Errorf("the guest was told %v", fake.stopped)
	}
	if err := g.Shutdown(t.Context(), 0); err == nil || err.Error() != "shutdown has begun" {
		t.Errorf("Shutdown = %v; want the guest's error", err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestBrokenLinkEndsCallsAndTheNextOnesWork(t *testing.T) {
	fake := newFakeGuest()
	client, cut := overLink(t, fake)
	for range 5 {
		err := client.Watch(t.Context(), func(control.Status) error { cut(); return nil })
		if !errors.Is(err, control.ErrUnavailable) {
			t.Fatalf("Watch = %v; want ErrUnavailable", err)
		}
		fake.waitIdle()
		if _, err := client.SetTime(t.Context(), time.Now()); err != nil {
			t.Fatalf("SetTime over the next link = %v", err)
		}
	}
}

func TestSlowWatcherGetsTheNewest(t *testing.T) {
	fake := newFakeGuest()
	client, _ := overLink(t, fake)
	enough := errors.New("enough")
	const last = 500
	calls := 0
	err := client.Watch(t.Context(), func(s control.Status) error {
		if calls++; calls == 1 {
			for i := range last {
				fake.change(func() { fake.status.Uptime = time.Duration(i + 1) })
			}
		}
		if s.Uptime == last {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) {
		t.Fatal(err)
	}
	if calls > last/2 {
		t.Errorf("f was called %d times for %d changes during its first call", calls, last)
	}
}

// plainGuest has only what Guest asks for.
type plainGuest struct{ control.Guest }

func TestWhatTheGuestCannotIsUnsupported(t *testing.T) {
	client, _ := overLink(t, plainGuest{newFakeGuest()})
	err := client.WatchPorts(t.Context(), func([]control.ListeningPort) error { return nil })
	if !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("WatchPorts = %v; want errors.ErrUnsupported", err)
	}
}

func TestCallsWaitForTheLinkUntilContextEnds(t *testing.T) {
	l := link.NewClient(link.Config{Open: func(context.Context) (net.Conn, error) { return nil, errors.New("no machine") }})
	client := control.NewClient(l)
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := client.SetTime(ctx, time.Now()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("SetTime = %v; want context.DeadlineExceeded", err)
	}
}
