package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wherry-app/wherry/app"
)

// TestForwarding is all kinds of published ports, and that none is left behind or lost.
func TestForwarding(t *testing.T) {
	e := newEngine(t)
	e.start()
	for _, test := range []struct {
		name string
		run  func(*engine)
	}{
		{"addresses", (*engine).portAddresses},
		{"the setting of bind", (*engine).portBind},
		{"UDP", (*engine).portUDP},
		{"streams end as they end", (*engine).portStreams},
		{"a port of another container", (*engine).portOfAnother},
		{"host network", (*engine).portHostNetwork},
		{"trace", (*engine).portTrace},
		{"many starts and stops", (*engine).portCycles},
	} {
		t.Run(test.name, e.with(test.run))
	}
}

// TestForwardingKills takes longer than others may.
func TestForwardingKills(t *testing.T) {
	long(t)
	e := newEngine(t)
	e.start()
	for _, test := range []struct {
		name string
		run  func(*engine)
	}{
		{"a container", (*engine).portKilledContainer},
		{"dockerd", (*engine).portKilledDockerd},
		{"the daemon", (*engine).portKilledDaemon},
	} {
		t.Run(test.name, e.with(test.run))
	}
}

// reaches says whether somebody accepts at an address of this host.
func reaches(network, address string) bool {
	c, err := net.DialTimeout(network, address, 10*time.Second)
	if err == nil {
		_ = c.Close()
	}
	return err == nil
}

// until waits, for a slow machine long enough, until a condition holds.
func (e *engine) until(what string, holds func() bool) {
	e.t.Helper()
	for deadline := time.Now().Add(90 * time.Second); !holds(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			out, _ := e.try("ports")
			e.t.Fatalf("%s: not within a minute and a half; ports:\n%s", what, out)
		}
	}
}

// ports is `wherry ports --json`.
func (e *engine) ports() []app.Port {
	e.t.Helper()
	var list []app.Port
	if err := json.Unmarshal([]byte(e.wherry("ports", "--json")), &list); err != nil {
		e.t.Fatal(err)
	}
	return list
}

func hasIPv6() bool {
	l, err := net.Listen("tcp6", "[::1]:0")
	if err == nil {
		_ = l.Close()
	}
	return err == nil
}

// portAddresses: 127.0.0.9 stands for another address of this host: what is bound to all of them answers there, too.
func (e *engine) portAddresses() {
	const other = "127.0.0.9"
	type want struct {
		publish string
		answers []string
		silent  []string
	}
	port := func() string { return freePort(e.t) }
	a, b, c, d, f := port(), port(), port(), port(), port()
	all := []want{
		{a, []string{"127.0.0.1:" + a}, []string{other + ":" + a}},
		{"127.0.0.1:" + b, []string{"127.0.0.1:" + b}, []string{other + ":" + b}},
		{"0.0.0.0:" + c, []string{"127.0.0.1:" + c, other + ":" + c}, nil},
	}
	if hasIPv6() {
		all[0].answers = append(all[0].answers, "[::1]:"+a)
		all[1].silent = append(all[1].silent, "[::1]:"+b)
		all[2].silent = append(all[2].silent, "[::1]:"+c)
		all = append(all, want{"[::1]:" + d, []string{"[::1]:" + d}, []string{"127.0.0.1:" + d}},
			want{"[::]:" + f, []string{"[::1]:" + f}, []string{"127.0.0.1:" + f}})
	}
	args := []string{"run", "-d", "--name", "addresses"}
	for _, w := range all {
		args = append(args, "-p", w.publish+":8000")
	}
	e.docker(append(args, "box", "box", "serve", ":8000")...)
	defer e.docker("rm", "-f", "addresses")
	for _, w := range all {
		for _, addr := range w.answers {
			if !reaches("tcp", addr) {
				e.t.Errorf("-p %s:8000 does not answer at %s", w.publish, addr)
			} else if body := e.eventually("http://" + addr + "/here"); !strings.Contains(body, "/here") {
				e.t.Errorf("%s: %q", addr, body)
			}
		}
		for _, addr := range w.silent {
			if reaches("tcp", addr) {
				e.t.Errorf("-p %s:8000 answers at %s", w.publish, addr)
			}
		}
	}
	for _, p := range e.ports() {
		if p.State != app.PortOpen || p.Container != "addresses" || p.ContainerPort != 8000 {
			e.t.Errorf("%+v", p)
		}
		if p.HostAddress == "127.0.0.1:"+a && (p.BytesIn == 0 || p.BytesOut == 0) {
			e.t.Errorf("bytes were not counted: %+v", p)
		}
	}
}

func (e *engine) portBind() {
	port := freePort(e.t)
	e.docker("run", "-d", "--name", "bind", "-p", port+":8000", "box", "box", "serve", ":8000")
	defer e.docker("rm", "-f", "bind")
	defer e.wherry("settings", "set", "bind", "loopback")
	for _, c := range []struct {
		bind string
		all  bool
	}{{"all", true}, {"loopback", false}} {
		e.wherry("settings", "set", "bind", c.bind)
		e.until("bind "+c.bind, func() bool { return reaches("tcp", "127.0.0.9:"+port) == c.all && reaches("tcp", "127.0.0.1:"+port) })
	}
}

func (e *engine) portUDP() {
	const port = "28420"
	e.docker("run", "-d", "--name", "udp", "-p", port+":5000/udp", "box", "box", "echo", ":5000")
	defer e.docker("rm", "-f", "udp")
	for _, size := range []int{1, 1472, 9000, 65507} {
		e.datagram("127.0.0.1:"+port, bytes.Repeat([]byte{'d'}, size))
	}
	peers := make([]net.Conn, 100)
	for i := range peers {
		c, err := net.Dial("udp", "127.0.0.1:"+port)
		if err != nil {
			e.t.Fatal(err)
		}
		defer c.Close()
		peers[i] = c
		e.bounce(c, fmt.Appendf(nil, "peer %d", i))
	}
	for i, c := range peers {
		e.bounce(c, fmt.Appendf(nil, "again %d", i))
	}
	if list := e.ports(); len(list) != 1 || list[0].Connections < len(peers) {
		e.t.Errorf("%+v", list)
	}
}

// datagram sends one from a socket of its own until it has come back.
func (e *engine) datagram(address string, b []byte) {
	e.t.Helper()
	c, err := net.Dial("udp", address)
	if err != nil {
		e.t.Fatal(err)
	}
	defer c.Close()
	e.bounce(c, b)
}

// bounce sends a datagram until it has come back: datagrams may be lost.
func (e *engine) bounce(c net.Conn, b []byte) {
	e.t.Helper()
	buf := make([]byte, 1<<16)
	for range 15 {
		if _, err := c.Write(b); err != nil {
			e.t.Fatal(err)
		}
		_ = c.SetReadDeadline(time.Now().Add(2 * time.Second))
		if n, err := c.Read(buf); err == nil && bytes.Equal(buf[:n], b) {
			return
		}
	}
	e.t.Fatalf("a datagram of %d bytes does not come back", len(b))
}

func (e *engine) portStreams() {
	ends, deaf := freePort(e.t), freePort(e.t)
	e.docker("run", "-d", "--name", "streams", "-p", ends+":8000", "-p", deaf+":8001", "box", "nc", "-ll", "-p", "8000", "-e", "wc", "-c")
	defer e.docker("rm", "-f", "streams")
	e.until("the counter listens", func() bool { return e.count(ends, 10) == nil })
	for _, n := range []int{0, 100000} { // the client ends first, and still gets the answer
		if err := e.count(ends, n); err != nil {
			e.t.Error(err)
		}
	}
	c, err := net.Dial("tcp", "127.0.0.1:"+deaf)
	if err == nil {
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(30 * time.Second))
		_, err = c.Read(make([]byte, 1))
	}
	if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.ECONNREFUSED) {
		e.t.Errorf("nobody listens in the container: %v", err)
	}
}

// count sends bytes to `wc -c` and half-closes.
func (e *engine) count(port string, n int) error {
	c, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := c.Write(make([]byte, n)); err != nil {
		return err
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		return err
	}
	b, err := io.ReadAll(c)
	if err == nil && strings.TrimSpace(string(b)) != strconv.Itoa(n) {
		err = fmt.Errorf("sent %d bytes, the container counts %q", n, b)
	}
	return err
}

func (e *engine) portOfAnother() {
	port, second := freePort(e.t), freePort(e.t)
	e.docker("run", "-d", "--name", "owner", "-p", port+":8000", "box", "sleep", "600")
	defer e.docker("rm", "-f", "owner", "late")
	out, err := e.tryDocker(nil, "run", "-d", "--name", "late", "-p", second+":8001", "-p", port+":8000", "box", "sleep", "600")
	if err == nil || !strings.Contains(out, "container owner") || !strings.Contains(out, "which is free") || !strings.Contains(out, port) {
		e.t.Errorf("%v, %s", err, out)
	}
	if reaches("tcp", "127.0.0.1:"+second) {
		e.t.Error("its other port is published")
	}
	if !reaches("tcp", "127.0.0.1:"+port) {
		e.t.Error("the owner has lost its port")
	}
}

func (e *engine) portHostNetwork() {
	port, own := freePort(e.t), freePort(e.t)
	e.docker("run", "-d", "--name", "hostnet", "--network", "host", "box", "sh", "-c", "box serve 127.0.0.1:"+own+" & exec box serve :"+port)
	e.until("the port of a container on the host's network", func() bool { return reaches("tcp", "127.0.0.1:"+port) && reaches("tcp", "127.0.0.1:"+own) })
	for _, p := range []string{port, own} {
		if body := e.eventually("http://127.0.0.1:" + p + "/found"); !strings.Contains(body, "/found") {
			e.t.Errorf("got %q", body)
		}
	}
	list := e.ports()
	if len(list) != 2 || !list[0].Found || list[0].Container != "hostnet" {
		e.t.Errorf("%+v", list)
	}
	e.docker("rm", "-f", "hostnet")
	e.until("no port is left", func() bool { return !reaches("tcp", "127.0.0.1:"+port) && len(e.ports()) == 0 })
}

func (e *engine) portTrace() {
	good, loop := freePort(e.t), freePort(e.t)
	e.docker("run", "-d", "--name", "traced", "-p", good+":8000", "-p", loop+":8001", "box", "sh", "-c", "box serve 127.0.0.1:8001 & exec box serve :8000")
	defer e.docker("rm", "-f", "traced")
	e.eventually("http://127.0.0.1:" + good)
	for _, c := range []struct {
		port    string
		answers bool
		hop     string
	}{{"8000", true, ""}, {"8001", false, "listening"}, {"9999", false, "listening"}} {
		out, err := e.try("ports", "trace", "--json", "traced:"+c.port)
		var trace app.Trace
		if jerr := json.NewDecoder(strings.NewReader(out)).Decode(&trace); jerr != nil {
			e.t.Fatalf("%v: %s", jerr, out)
		}
		first := ""
		for _, h := range trace.Hops {
			if h.State == app.HopProblem && first == "" {
				first = h.Name
			}
		}
		if (err == nil) != c.answers || trace.Answers != c.answers || first != c.hop {
			e.t.Errorf("%s: %v, %s", c.port, err, out)
		}
	}
	if out, err := e.try("ports", "trace", "nobody:80"); err == nil || !strings.Contains(out, "traced") {
		e.t.Errorf("%v, %s", err, out)
	}
}

// portCycles: WHERRY_CYCLES sets how many.
func (e *engine) portCycles() {
	cycles := 5
	if n, err := strconv.Atoi(os.Getenv("WHERRY_CYCLES")); err == nil {
		cycles = n
	}
	port, udp := freePort(e.t), freePort(e.t)
	e.docker("run", "-d", "--name", "stays", "-p", udp+":8000", "box", "box", "serve", ":8000")
	defer e.docker("rm", "-f", "stays")
	e.docker("create", "--name", "cycle", "-p", port+":8000", "-p", port+":8000/udp", "box", "sleep", "600")
	defer e.docker("rm", "-f", "cycle")
	for i := range cycles {
		e.docker("start", "cycle")
		if !reaches("tcp", "127.0.0.1:"+port) {
			e.t.Fatalf("cycle %d: the port is not there", i)
		}
		e.docker("kill", "cycle")
		e.until("the port is gone", func() bool { return !reaches("tcp", "127.0.0.1:"+port) })
	}
	if list := e.ports(); len(list) != 1 || list[0].Container != "stays" {
		e.t.Errorf("%+v", list)
	}
	if c, err := net.ListenPacket("udp", "127.0.0.1:"+port); err != nil {
		e.t.Errorf("the UDP port is left behind: %v", err)
	} else {
		_ = c.Close()
	}
	if !reaches("tcp", "127.0.0.1:"+udp) {
		e.t.Error("the other container has lost its port")
	}
}

// portKilledContainer: one that is to be restarted has its port again, one that is not leaves none.
func (e *engine) portKilledContainer() {
	again, once := freePort(e.t), freePort(e.t)
	e.docker("run", "-d", "--name", "again", "--restart", "always", "-p", again+":8000", "box", "box", "serve", ":8000")
	e.docker("run", "-d", "--name", "once", "-p", once+":8000", "box", "box", "serve", ":8000")
	defer e.docker("rm", "-f", "again", "once")
	for _, name := range []string{"again", "once"} {
		pid := strings.TrimSpace(e.docker("inspect", "-f", "{{.State.Pid}}", name))
		e.wherry("shell", "kill", "-9", pid)
	}
	e.until("the port of the killed container is gone", func() bool { return !reaches("tcp", "127.0.0.1:"+once) })
	e.until("the restarted container's port is there", func() bool { return e.serves(again) })
}

// serves says whether a server answers behind a port now.
func (e *engine) serves(port string) bool {
	c, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		return false
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(c, "GET /x HTTP/1.0\r\n\r\n"); err != nil {
		return false
	}
	b, _ := io.ReadAll(c)
	return bytes.Contains(b, []byte("hello"))
}

func (e *engine) portKilledDockerd() {
	again, once := freePort(e.t), freePort(e.t)
	e.docker("run", "-d", "--name", "again", "--restart", "always", "-p", again+":8000", "box", "box", "serve", ":8000")
	e.docker("run", "-d", "--name", "once", "-p", once+":8000", "box", "box", "serve", ":8000")
	e.wherry("shell", "sh", "-c", "kill -9 $(pidof dockerd)")
	e.until("dockerd is back", func() bool {
		_, err := e.tryDocker(nil, "version")
		return err == nil
	})
	e.until("ports are those of running containers", func() bool {
		running := e.docker("ps", "--format", "{{.Names}}")
		return e.serves(again) && reaches("tcp", "127.0.0.1:"+once) == strings.Contains(running, "once")
	})
	e.docker("rm", "-f", "again", "once")
	e.until("no port is left", func() bool { return !reaches("tcp", "127.0.0.1:"+again) && !reaches("tcp", "127.0.0.1:"+once) })
}

func (e *engine) portKilledDaemon() {
	port := freePort(e.t)
	e.docker("run", "-d", "--name", "survivor", "-p", port+":8000", "box", "box", "serve", ":8000")
	p, err := os.FindProcess(e.status().Daemon.PID)
	if err != nil {
		e.t.Fatal(err)
	}
	if err := p.Kill(); err != nil {
		e.t.Fatal(err)
	}
	e.until("the daemon's ports are gone", func() bool { return !reaches("tcp", "127.0.0.1:"+port) })
	e.wherry("start")
	e.until("the port is there again", func() bool { return e.serves(port) })
	e.docker("rm", "-f", "survivor")
	if reaches("tcp", "127.0.0.1:"+port) {
		e.until("the port is gone", func() bool { return !reaches("tcp", "127.0.0.1:"+port) })
	}
}
