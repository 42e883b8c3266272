package ports_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/wherry-app/wherry/forwarder/ports"
)

// containers stands for the guest: an address of a container leads to a server of the test.
type containers struct {
	mu   sync.Mutex
	addr map[string]string // network/address in the guest: address here
}

func (c *containers) set(network, target, addr string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.addr == nil {
		c.addr = make(map[string]string)
	}
	c.addr[network+"/"+target] = addr
}

func (c *containers) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c.mu.Lock()
	addr, ok := c.addr[network+"/"+address]
	c.mu.Unlock()
	if !ok {
		return nil, syscall.ECONNREFUSED
	}
	return new(net.Dialer).DialContext(ctx, network, addr)
}

// newManager makes a Manager that is closed, with nothing left running, when the test ends.
func newManager(t *testing.T, c ports.Config) *ports.Manager {
	t.Helper()
	before := runtime.NumGoroutine()
	m := ports.NewManager(c)
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
			if time.Now().After(deadline) {
				buf := make([]byte, 1<<20)
				t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
			}
		}
	})
	return m
}

// serve answers each TCP connection with name and what it reads, line by line.
func serve(t *testing.T, name string) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				buf := make([]byte, 100)
				for {
					n, err := c.Read(buf)
					if err != nil {
						return
					}
					fmt.Fprintf(c, "%s:%s", name, buf[:n])
				}
			})
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return l.Addr().String()
}

// freePort is a port of the host on which nobody listens.
func freePort(t *testing.T) uint16 {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return netip.MustParseAddrPort(l.Addr().String()).Port()
}

func mustAddr(s string) netip.Addr { return netip.MustParseAddr(s) }

func rule(port uint16, target string) ports.Rule {
	return ports.Rule{
		Proto: "tcp", HostPort: port, ContainerID: "id-" + target, ContainerName: "web", Target: netip.MustParseAddrPort(target),
	}
}

// published checks that there is one status without an error, and returns it.
func published(t *testing.T, all []ports.Status) ports.Status {
	t.Helper()
	if len(all) != 1 || all[0].Err != nil {
		t.Fatalf("status = %+v; want one without an error", all)
	}
	return all[0]
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return c
}

func say(t *testing.T, c net.Conn, word, want string) {
	t.Helper()
	if _, err := io.WriteString(c, word); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, len(want))
	if _, err := io.ReadFull(c, b); err != nil || string(b) != want {
		t.Fatalf("answer %q, %v; want %q", b, err, want)
	}
}

func TestApply(t *testing.T) {
	var guest containers
	guest.set("tcp", "172.17.0.2:80", serve(t, "a"))
	guest.set("tcp", "172.17.0.3:80", serve(t, "b"))
	m := newManager(t, ports.Config{Dial: guest.dial})
	a := rule(freePort(t), "172.17.0.2:80")

	st := published(t, m.Apply([]ports.Rule{a}))
	if want := fmt.Sprintf("127.0.0.1:%d", a.HostPort); st.Addr != want || st.Rule != a {
		t.Fatalf("status = %+v; want it at %s", st, want)
	}
	c := dial(t, st.Addr)
	say(t, c, "hi", "a:hi")

	// The same again, also under another name, beside another one: the connection stays.
	a.ContainerName = "renamed"
	b := rule(freePort(t), "172.17.0.3:80")
	all := m.Apply([]ports.Rule{a, b})
	if len(all) != 2 || all[0].Err != nil || all[1].Err != nil || all[0].Rule.ContainerName != "renamed" {
		t.Fatalf("status = %+v", all)
	}
	say(t, c, "again", "a:again")
	say(t, dial(t, all[1].Addr), "hi", "b:hi")
	st = m.Status()[0]
	if st.Conns != 1 || st.BytesIn != 7 || st.BytesOut != 11 {
		t.Errorf("status = %+v; want 1 connection, 7 bytes in, 11 out", st)
	}

	// Another container at the same port: old connections are reset, new ones go there.
	moved := a
	moved.Target, moved.ContainerID = b.Target, b.ContainerID
	st = published(t, m.Apply([]ports.Rule{moved}))
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("read after the target has moved = %v; want a reset", err)
	}
	say(t, dial(t, st.Addr), "hi", "b:hi")
	if c, err := net.Dial("tcp", all[1].Addr); err == nil {
		c.Close()
		t.Error("the port that is not among the rules any more still answers")
	}

	c = dial(t, st.Addr)
	say(t, c, "x", "b:x")
	if all := m.Apply(nil); len(all) != 0 {
		t.Errorf("status = %+v; want none", all)
	}
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("read after the rule has gone = %v; want a reset", err)
	}
}

func TestRefusedByTheContainerIsReset(t *testing.T) {
	m := newManager(t, ports.Config{Dial: new(containers).dial})
	st := published(t, m.Apply([]ports.Rule{rule(freePort(t), "172.17.0.2:80")}))
	c, err := net.Dial("tcp", st.Addr)
	if err == nil {
		defer c.Close()
		_, err = c.Read(make([]byte, 1))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("dial or read = %v; want a reset", err)
	}
}

func TestHalfCloseReachesTheContainer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err == nil {
			b, _ := io.ReadAll(c)
			_, _ = c.Write(b)
			c.Close()
		}
	}()
	var guest containers
	guest.set("tcp", "172.17.0.2:80", l.Addr().String())
	m := newManager(t, ports.Config{Dial: guest.dial})
	c := dial(t, published(t, m.Apply([]ports.Rule{rule(freePort(t), "172.17.0.2:80")})).Addr)
	_, _ = io.WriteString(c, "all of it")
	_ = c.(*net.TCPConn).CloseWrite()
	if b, err := io.ReadAll(c); err != nil || string(b) != "all of it" {
		t.Errorf("read %q, %v", b, err)
	}
}

func TestTakenPortNamesItsOwnerAndIsTriedAgain(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	addr := netip.MustParseAddrPort(l.Addr().String())
	var guest containers
	guest.set("tcp", "172.17.0.2:80", serve(t, "a"))
	m := newManager(t, ports.Config{Dial: guest.dial})
	r := rule(addr.Port(), "172.17.0.2:80")
	other := rule(freePort(t), "172.17.0.2:80")

	all := m.Apply([]ports.Rule{r, other})
	if len(all) != 2 || all[1].Err != nil {
		t.Fatalf("status = %+v; want the other port published", all)
	}
	var bind *ports.BindError
	if !errors.As(all[0].Err, &bind) || bind.Addr != addr || !errors.Is(all[0].Err, syscall.EADDRINUSE) {
		t.Fatalf("error = %v; want a BindError of %s", all[0].Err, addr)
	}
	var hinter interface{ Hint() string }
	if !errors.As(all[0].Err, &hinter) || !strings.Contains(hinter.Hint(), fmt.Sprint(addr.Port())) {
		t.Errorf("error = %v; want a hint that names the port", all[0].Err)
	}
	if runtime.GOOS == "linux" {
		if me := fmt.Sprintf("(process %d)", os.Getpid()); !strings.Contains(bind.Error(), me) || !strings.Contains(hinter.Hint(), me) {
			t.Errorf("error = %v, hint %q; want them to name %s", bind, hinter.Hint(), me)
		}
	}

	l.Close()
	all = m.Apply([]ports.Rule{r, other})
	if len(all) != 2 || all[0].Err != nil {
		t.Fatalf("status = %+v after the port is free; want it published", all)
	}
	say(t, dial(t, all[0].Addr), "hi", "a:hi")
}

func TestHintsOfBindErrors(t *testing.T) {
	addr := netip.MustParseAddrPort("192.0.2.1:80")
	for _, c := range []struct {
		err  error
		want string
	}{
		{syscall.EADDRINUSE, "another one than 80"},
		{os.ErrPermission, "above 1023"},
		{syscall.EADDRNOTAVAIL, "192.0.2.1 is no address of this host"},
		{errors.New("else"), "another address or port"},
	} {
		if runtime.GOOS == "windows" && errors.Is(c.err, syscall.EADDRINUSE) {
			continue // has numbers of its own there
		}
		e := &ports.BindError{Proto: "tcp", Addr: addr, Err: c.err}
		if !strings.Contains(e.Hint(), c.want) {
			t.Errorf("hint of %v = %q; want %q in it", c.err, e.Hint(), c.want)
		}
	}
}

func TestAddresses(t *testing.T) {
	var guest containers
	guest.set("tcp", "172.17.0.2:80", serve(t, "a"))
	for _, c := range []struct {
		ip      string
		all     bool
		answers []string
	}{
		{"", false, []string{"127.0.0.1"}},
		{"0.0.0.0", false, []string{"127.0.0.1", "127.0.0.9"}},
		{"::", false, nil},
		{"::1", true, nil},
		{"127.0.0.1", false, []string{"127.0.0.1"}},
		{"127.0.0.9", false, []string{"127.0.0.9"}},
		{"127.0.0.1", true, []string{"127.0.0.1"}},
		{"", true, []string{"127.0.0.1", "127.0.0.9"}},
	} {
		t.Run(fmt.Sprintf("%q,%v", c.ip, c.all), func(t *testing.T) {
			if runtime.GOOS == "darwin" && strings.Contains(fmt.Sprint(c), "127.0.0.9") {
				return // only Linux and Windows have all of 127.0.0.0/8
			}
			m := newManager(t, ports.Config{Dial: guest.dial, BindAll: c.all})
			r := rule(freePort(t), "172.17.0.2:80")
			if c.ip != "" {
				r.HostIP = netip.MustParseAddr(c.ip)
			}
			published(t, m.Apply([]ports.Rule{r}))
			for _, ip := range []string{"127.0.0.1", "127.0.0.9"} {
				addr := net.JoinHostPort(ip, fmt.Sprint(r.HostPort))
				conn, err := net.Dial("tcp", addr)
				if err == nil {
					conn.Close()
				}
				if want := strings.Contains(strings.Join(c.answers, " "), ip); (err == nil) != want {
					t.Errorf("dial %s = %v; want it to answer: %v", addr, err, want)
				}
			}
			if l, err := net.Listen("tcp", "[::1]:0"); err == nil && !strings.Contains(c.ip, ".") {
				l.Close()
				say(t, dial(t, fmt.Sprintf("[::1]:%d", r.HostPort)), "hi", "a:hi")
			}
		})
	}
}

func TestSamePortTwiceIsTheFirstContainers(t *testing.T) {
	m := newManager(t, ports.Config{Dial: new(containers).dial})
	a, b := rule(freePort(t), "172.17.0.2:80"), ports.Rule{}
	b = a
	b.Target = netip.MustParseAddrPort("172.17.0.9:80")
	if st := published(t, m.Apply([]ports.Rule{a, b})); st.Rule != a {
		t.Errorf("rule = %v; want the first", st.Rule)
	}
	b.ContainerID, b.ContainerName = "other", "db"
	all := m.Apply([]ports.Rule{a, b})
	if len(all) != 2 || all[0].Err != nil || all[1].Rule != b || all[1].Err == nil {
		t.Fatalf("%+v", all)
	}
	var taken *ports.BindError
	if !errors.As(all[1].Err, &taken) || taken.Owner != "container web" || taken.Free == 0 || !strings.Contains(taken.Hint(), "stop container web") {
		t.Errorf("%v: %+v", all[1].Err, taken)
	}
	if err := m.Failed("db"); err == nil {
		t.Error("the second container is not told")
	}
	published(t, m.Apply([]ports.Rule{b}))
}

// TestAddressOfAnotherContainer: the ports overlap but are not the same.
func TestAddressOfAnotherContainer(t *testing.T) {
	m := newManager(t, ports.Config{Dial: new(containers).dial})
	a := rule(freePort(t), "172.17.0.2:80")
	b := a
	b.HostIP, b.ContainerID, b.ContainerName = netip.IPv4Unspecified(), "other", "db"
	all := m.Apply([]ports.Rule{a, b})
	var taken *ports.BindError
	if len(all) != 2 || all[0].Err != nil || !errors.As(all[1].Err, &taken) || taken.Owner != "container web" {
		t.Errorf("%+v", all)
	}
}

func TestUDP(t *testing.T) {
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		buf := make([]byte, 1<<16)
		for {
			n, from, err := server.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = server.WriteTo(append([]byte("re:"), buf[:n]...), from)
		}
	})
	t.Cleanup(func() { server.Close(); wg.Wait() })
	var guest containers
	guest.set("udp", "172.17.0.2:53", server.LocalAddr().String())
	m := newManager(t, ports.Config{Dial: guest.dial})
	r := rule(freePort(t), "172.17.0.2:53")
	r.Proto = "udp"
	st := published(t, m.Apply([]ports.Rule{r}))
	for i := range 3 { // three clients, who do not get each other's answers
		c, err := net.Dial("udp", st.Addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(20 * time.Second))
		for j := range 2 {
			word := fmt.Sprintf("%d.%d", i, j)
			say(t, c, word, "re:"+word)
		}
	}
	if st := m.Status()[0]; st.Conns != 3 || st.BytesIn != 18 || st.BytesOut != 36 {
		t.Errorf("status = %+v; want 3 clients, 18 bytes in, 36 out", st)
	}
}

func TestAfterClose(t *testing.T) {
	m := newManager(t, ports.Config{Dial: new(containers).dial})
	r := rule(freePort(t), "172.17.0.2:80")
	st := published(t, m.Apply([]ports.Rule{r}))
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if all := m.Apply([]ports.Rule{r}); len(all) != 0 || len(m.Status()) != 0 {
		t.Errorf("Apply after Close = %+v", all)
	}
	if c, err := net.Dial("tcp", st.Addr); err == nil {
		c.Close()
		t.Error("the port still answers after Close")
	}
}
