package e2e

import (
	"context"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wherry-app/wherry/app"
)

// TestNothingStaysStuck: what hangs is named, every command answers, and what loses nothing is done by itself.
func TestNothingStaysStuck(t *testing.T) {
	long(t)
	e := newEngine(t)
	e.start()
	port := freePort(t)
	e.docker("run", "-d", "--name", "web", "--restart", "always", "-p", port+":8000", "box", "box", "serve", ":8000")
	started := e.docker("inspect", "-f", "{{.State.StartedAt}}", "web")

	t.Run("QEMU is stopped", func(t *testing.T) {
		e := e.in(t)
		e.signal(e.status().VM.PID, syscall.SIGSTOP)
		e.troubled("stopped by a signal")
		e.running()
	})
	t.Run("the computer slept", func(t *testing.T) {
		e := e.in(t)
		s := e.status()
		pids := []int{s.Daemon.PID, s.VM.PID}
		for _, pid := range pids {
			e.signal(pid, syscall.SIGSTOP)
		}
		time.Sleep(6 * time.Second)
		for _, pid := range pids {
			e.signal(pid, syscall.SIGCONT)
		}
		e.running()
		e.clockIsRight()
	})
	t.Run("dockerd is stopped", func(t *testing.T) {
		e := e.in(t)
		e.wherry("shell", "sh", "-c", "kill -STOP $(cat /run/docker.pid)")
		e.troubled("its process is stopped")
		e.running()
	})
	t.Run("the daemon is stopped", func(t *testing.T) {
		e := e.in(t)
		e.signal(e.status().Daemon.PID, syscall.SIGSTOP)
		for _, args := range [][]string{{"status"}, {"start"}, {"stop"}, {"ports"}, {"settings", "set", "cpus", "1"}, {"shell", "true"}} {
			begun := time.Now()
			out, err := e.try(args...)
			if took := time.Since(begun); err == nil || !strings.Contains(out, "wherry daemon restart") || took > 10*time.Second {
				t.Errorf("wherry %s: %v after %v: %s", args, err, took, out)
			}
		}
		e.wherry("daemon", "restart")
		e.running()
	})
	if now := e.docker("inspect", "-f", "{{.State.StartedAt}}", "web"); now != started {
		t.Errorf("the container was started at %s, now at %s: none of this had to end it", started, now)
	}
	t.Run("the guest's kernel panics", func(t *testing.T) {
		e := e.in(t)
		was := e.status().VM.PID
		_, _ = e.try("shell", "sh", "-c", "echo c > /proc/sysrq-trigger")
		e.becomes("booted again", func(s app.Snapshot) bool { return s.State == app.StateRunning && s.VM.PID != was })
		if s := e.status(); len(s.Warnings) == 0 {
			t.Errorf("nobody is told: %+v", s)
		}
		e.eventually("http://127.0.0.1:" + port)
	})
}

// in is the engine for a subtest.
func (e *engine) in(t *testing.T) *engine {
	sub := *e
	sub.t = t
	return &sub
}

func (e *engine) signal(pid int, sig syscall.Signal) {
	e.t.Helper()
	if pid == 0 {
		e.t.Fatal("there is no such process")
	}
	if err := syscall.Kill(pid, sig); err != nil {
		e.t.Fatal(err)
	}
}

// becomes asks for the status until it is as wanted, on a machine that may be slow.
func (e *engine) becomes(what string, wanted func(app.Snapshot) bool) app.Snapshot {
	e.t.Helper()
	begun := time.Now()
	for {
		ctx, cancel := context.WithTimeout(e.t.Context(), 5*time.Second)
		out, err := e.command(ctx, program(), "status", "--json").Output()
		cancel()
		if s, ok := parseStatus(out); ok && err == nil && wanted(s) {
			e.t.Logf("%s after %v", what, time.Since(begun).Round(100*time.Millisecond))
			return s
		}
		if time.Since(begun) > 6*time.Minute {
			e.t.Fatalf("never %s: %s, %v", what, out, err)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// troubled waits until the status names a trouble.
func (e *engine) troubled(words string) {
	e.t.Helper()
	e.becomes("named", func(s app.Snapshot) bool { return s.Trouble != nil && strings.Contains(s.Trouble.Message, words) })
}

// running waits until docker answers a client.
func (e *engine) running() {
	e.t.Helper()
	e.becomes("running", func(s app.Snapshot) bool { return s.State == app.StateRunning && s.Trouble == nil })
	e.docker("version")
}

// clockIsRight waits until the guest's clock is, which takes a moment after a sleep.
func (e *engine) clockIsRight() {
	e.t.Helper()
	var off time.Duration
	for range 20 {
		before := time.Now()
		guest, err := strconv.ParseFloat(strings.TrimSpace(e.wherry("shell", "sh", "-c", "date +%s")), 64)
		if err != nil {
			e.t.Fatal(err)
		}
		// The second that the guest names began before it was asked for, and is over after the answer came.
		early, late := before.Add(-time.Second), time.Now()
		now := time.Unix(int64(guest), 0)
		if off = 0; now.Before(early) {
			off = early.Sub(now)
		} else if now.After(late) {
			off = now.Sub(late)
		}
		if off < time.Second {
			return
		}
		time.Sleep(500 * time.Millisecond)
	}
	e.t.Errorf("the guest's clock is off by %v", off)
}
