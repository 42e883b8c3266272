package e2e

import (
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wherry-app/wherry/app"
)

// TestSuspend: containers go on where they were, with their memory and their files, and the clock is right.
func TestSuspend(t *testing.T) {
	long(t)
	e := newEngine(t)
	e.start()
	port := freePort(t)
	e.docker("run", "-d", "--name", "web", "-p", port+":8000", "--tmpfs", "/mem", "box", "box", "serve", ":8000")
	e.docker("exec", "web", "sh", "-c", "echo still here > /mem/note")
	started := e.docker("inspect", "-f", "{{.State.StartedAt}}", "web")

	e.wherry("stop", "--suspend")
	e.noMachine()
	if s := e.status(); s.State != app.StateSuspended || s.Daemon.PID == 0 || len(s.Ports) != 1 {
		t.Fatalf("%+v", s)
	}
	begun := time.Now()
	e.wherry("start")
	t.Logf("resumed in %v", time.Since(begun))
	if s := e.status(); len(s.Warnings) > 0 {
		t.Errorf("warnings: %+v", s.Warnings)
	}
	if got := e.docker("exec", "web", "cat", "/mem/note"); got != "still here\n" {
		t.Errorf("memory: %q", got)
	}
	if now := e.docker("inspect", "-f", "{{.State.StartedAt}}", "web"); now != started {
		t.Errorf("the container was started at %s, now at %s", started, now)
	}
	e.eventually("http://127.0.0.1:" + port)
	guest, err := strconv.ParseInt(strings.TrimSpace(e.wherry("shell", "date", "+%s")), 10, 64)
	if off := time.Since(time.Unix(guest, 0)).Abs(); err != nil || off > 2*time.Second {
		t.Errorf("the guest's clock is off by %v, %v", off, err)
	}

	// A client of a port, and one of docker, wake it and are served; so they do when another daemon listens.
	e.wherry("stop", "--suspend")
	e.noMachine()
	begun = time.Now()
	e.eventually("http://127.0.0.1:" + port)
	t.Logf("a port's client waited for %v", time.Since(begun))
	e.wherry("stop", "--suspend")
	begun = time.Now()
	if now := e.docker("inspect", "-f", "{{.State.StartedAt}}", "web"); now != started {
		t.Errorf("the container was started at %s, now at %s", started, now)
	}
	t.Logf("docker's client waited for %v", time.Since(begun))

	// What was saved is for one use, and can be given up.
	e.wherry("stop", "--suspend")
	e.wherry("stop", "--force")
	if s := e.status(); s.State != app.StateStopped {
		t.Errorf("after giving it up: %+v", s)
	}
	e.wherry("start")
	if got := e.docker("run", "--rm", "box", "echo", "works"); got != "works\n" {
		t.Errorf("got %q", got)
	}
}

// noMachine fails the test if a QEMU of this engine runs.
func (e *engine) noMachine() {
	e.t.Helper()
	for _, line := range e.processes() {
		if strings.Contains(line, "qemu-system") {
			e.t.Errorf("left running: %s", line)
		}
	}
}

// TestFastStart: what a stop and a start do to containers is what a boot does to them, by their restart policies.
func TestFastStart(t *testing.T) {
	long(t)
	e := newEngine(t)
	e.start()
	run := func(name string, args ...string) {
		e.docker(append(append([]string{"run", "-d", "--name", name}, args...), "box", "box", "serve", ":8000")...)
	}
	run("always", "--restart", "always", "-p", freePort(t)+":8000", "-v", "kept:/data")
	run("rested", "--restart", "always")
	run("unless", "--restart", "unless-stopped")
	run("stopped", "--restart", "unless-stopped")
	run("plain")
	e.docker("stop", "-t", "1", "rested", "stopped")
	e.docker("exec", "always", "sh", "-c", "echo here > /data/file")

	states := func() string {
		out := e.docker("ps", "-a", "--format", "{{.Names}} {{.State}}")
		lines := strings.Split(strings.TrimSpace(out), "\n")
		slices.Sort(lines)
		return strings.Join(lines, ", ")
	}
	const want = "always running, plain exited, rested running, stopped exited, unless running"

	e.wherry("stop")
	e.nothingLeft()
	begun := time.Now()
	e.wherry("start")
	t.Logf("started again in %v", time.Since(begun))
	if s := e.status(); len(s.Warnings) > 0 {
		t.Errorf("warnings: %+v", s.Warnings)
	}
	if boot := strings.Contains(e.wherry("logs", "daemon"), "resumed=true"); !boot {
		t.Error("the start was a boot")
	}
	if got := states(); got != want {
		t.Errorf("after a fast start: %s", got)
	}

	// The same disks, booted: the state is dropped with a changed setting.
	e.wherry("stop")
	e.wherry("settings", "set", "memory", "1GiB")
	e.wherry("start")
	if s := e.status(); len(s.Warnings) > 0 || s.VM.MemoryBytes != 1<<30 {
		t.Errorf("%+v", s)
	}
	if got := states(); got != want {
		t.Errorf("after a boot: %s", got)
	}
	if got := e.docker("exec", "always", "cat", "/data/file"); got != "here\n" {
		t.Errorf("volume: %q", got)
	}
}

// TestSleepsWhenIdle: containers that use nothing do not keep it awake if the user says so, and a client of docker does.
func TestSleepsWhenIdle(t *testing.T) {
	long(t)
	e := newEngine(t)
	e.start()
	port, udp := freePort(t), freePort(t)
	e.docker("run", "-d", "--name", "web", "-p", port+":8000", "-p", udp+":9000/udp", "box", "sh", "-c", "box serve :8000 & exec box echo :9000")
	e.wherry("settings", "set", "sleep_after", "3s")
	e.wherry("settings", "set", "sleep_idle_containers", "on")
	e.asleep()
	if body := e.eventually("http://127.0.0.1:" + port); !strings.Contains(body, "hello from") {
		t.Errorf("got %q", body)
	}
	e.asleep()
	e.echoes("127.0.0.1:" + udp)
	e.asleep()
	if out := e.docker("ps", "-q"); strings.TrimSpace(out) == "" {
		t.Error("the container is gone")
	}
	e.docker("rm", "-f", "web")
	e.wherry("settings", "set", "sleep_idle_containers", "off")
	e.asleep()
	if now := e.status(); len(now.Warnings) > 0 {
		t.Errorf("%+v", now.Warnings)
	}
}

// asleep waits until the engine has fallen asleep.
func (e *engine) asleep() {
	e.t.Helper()
	deadline := time.Now().Add(3 * time.Minute)
	for e.status().State != app.StateSuspended {
		if time.Now().After(deadline) {
			e.t.Fatalf("it stays awake: %+v", e.status())
		}
		time.Sleep(time.Second)
	}
	e.noMachine()
}

// echoes sends one datagram and waits for its echo.
func (e *engine) echoes(address string) {
	e.t.Helper()
	c, err := net.Dial("udp", address)
	if err != nil {
		e.t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		e.t.Fatal(err)
	}
	if _, err := c.Write([]byte("awake?")); err != nil {
		e.t.Fatal(err)
	}
	b := make([]byte, 64)
	if n, err := c.Read(b); err != nil || string(b[:n]) != "awake?" {
		e.t.Errorf("udp: %q, %v", b[:n], err)
	}
}
