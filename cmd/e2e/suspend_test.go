package e2e

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wherry-app/wherry/app"
)

// TestSuspend: containers go on where they were, with their memory and their files, and the clock is right.
func TestSuspend(t *testing.T) {
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
