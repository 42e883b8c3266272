package e2e

import (
	"bufio"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/wherry-app/wherry/app"
)

// TestStopAndStartKeepEverything: images, volumes, and containers that want to be restarted.
func TestStopAndStartKeepEverything(t *testing.T) {
	e := newEngine(t)
	e.start()
	port := freePort(t)
	e.docker("run", "-d", "--name", "always", "--restart", "always", "-p", port+":8000", "box", "box", "serve", ":8000")
	e.docker("run", "--rm", "-v", "kept:/data", "box", "sh", "-c", "echo here > /data/file")
	e.wherry("stop")
	e.nothingLeft()
	if s := e.status(); s.State != app.StateStopped || s.VM.PID != 0 {
		t.Errorf("after stop: %+v", s)
	}
	e.wherry("start")
	if body := e.eventually("http://127.0.0.1:" + port); !strings.Contains(body, "hello from") {
		t.Errorf("got %q", body)
	}
	if got := e.docker("run", "--rm", "-v", "kept:/data", "box", "cat", "/data/file"); got != "here\n" {
		t.Errorf("volume: %q", got)
	}
	e.wherry("settings", "set", "disk", "65GiB")
	e.wherry("restart")
	if s := e.status(); s.VM.DiskBytes < 63<<30 {
		t.Errorf("the disk has not grown: %d", s.VM.DiskBytes)
	}
	e.eventually("http://127.0.0.1:" + port)
}

// TestKillsDuringWrites pulls the plug ten times while records are written: none that was acknowledged may be lost.
func TestKillsDuringWrites(t *testing.T) {
	long(t)
	e := newEngine(t)
	e.start()
	for round := range 10 {
		acked := e.writeUntilKilled()
		e.wherry("start")
		out := strings.TrimSpace(e.docker("run", "--rm", "-v", "records:/data", "box", "box", "verify", "/data"))
		if kept, err := strconv.Atoi(out); err != nil || kept < acked {
			t.Fatalf("round %d: %d records were acknowledged, %q are there", round, acked, out)
		}
	}
}

// writeUntilKilled writes records for a moment, kills QEMU, and returns the last record that was acknowledged.
func (e *engine) writeUntilKilled() (acked int) {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(e.t.Context(), time.Minute)
	defer cancel()
	cmd := e.command(ctx, "docker", "run", "--rm", "-v", "records:/data", "box", "box", "write", "/data")
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		e.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		e.t.Fatal(err)
	}
	pid, first := e.status().VM.PID, true
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if n, err := strconv.Atoi(lines.Text()); err == nil {
			acked = n
		}
		if first {
			first = false
			time.AfterFunc(500*time.Millisecond, func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
		}
	}
	err = cmd.Wait() // its engine is gone
	if acked == 0 {
		e.t.Fatalf("nothing was written: %v: %s", err, said.String())
	}
	return acked
}

// TestKilledDaemon: the next command sees the truth, and start takes the VM over with its containers running.
func TestKilledDaemon(t *testing.T) {
	long(t)
	e := newEngine(t)
	e.start()
	port := freePort(t)
	e.docker("run", "-d", "--name", "web", "-p", port+":8000", "box", "box", "serve", ":8000")
	before := strings.TrimSpace(e.docker("inspect", "-f", "{{.State.StartedAt}}", "web"))
	s := e.status()
	if err := syscall.Kill(s.Daemon.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	e.waitFor(func(now app.Snapshot) bool { return now.Daemon.PID == 0 })
	orphan := e.status()
	if orphan.State != app.StateFailed || orphan.VM.PID != s.VM.PID || orphan.LastError == nil || !strings.Contains(orphan.LastError.Hint, "wherry start") {
		t.Errorf("status without a daemon: %+v", orphan)
	}
	begun := time.Now()
	e.wherry("start")
	t.Logf("recovered in %v", time.Since(begun))
	if now := e.status(); now.VM.PID != s.VM.PID || now.State != app.StateRunning {
		t.Errorf("the VM was not taken over: %+v", now)
	}
	if after := strings.TrimSpace(e.docker("inspect", "-f", "{{.State.StartedAt}}", "web")); after != before {
		t.Errorf("container was started at %s, now at %s", before, after)
	}
	e.eventually("http://127.0.0.1:" + port)

	// Once more, and stop instead: it needs no start before it.
	if err := syscall.Kill(e.status().Daemon.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	e.waitFor(func(now app.Snapshot) bool { return now.Daemon.PID == 0 })
	e.wherry("stop")
	e.nothingLeft()

	// And in the middle of a boot.
	go func() { _, _ = e.try("start") }()
	booting := e.waitFor(func(now app.Snapshot) bool { return now.State == app.StateBooting && now.VM.PID != 0 })
	if err := syscall.Kill(booting.Daemon.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	e.waitFor(func(now app.Snapshot) bool { return now.Daemon.PID == 0 })
	e.wherry("start")
	if got := e.docker("run", "--rm", "box", "echo", "works"); got != "works\n" {
		t.Errorf("got %q", got)
	}
}

// waitFor asks for the status until it is as wanted.
func (e *engine) waitFor(wanted func(app.Snapshot) bool) app.Snapshot {
	e.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		ctx, cancel := context.WithTimeout(e.t.Context(), 5*time.Second)
		out, err := e.command(ctx, program(), "status", "--json").Output()
		cancel()
		s, ok := parseStatus(out)
		if err == nil && ok && wanted(s) {
			return s
		}
		if time.Now().After(deadline) {
			e.t.Fatalf("status stays %s, %v", out, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// TestTwoStartsAreOne: and a start of a running engine is nothing.
func TestTwoStartsAreOne(t *testing.T) {
	long(t)
	e := newEngine(t)
	e.wherry("settings", "set", "accel", "tcg")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if out, err := e.try("start"); err != nil {
				t.Errorf("start: %v\n%s", err, out)
			}
		})
	}
	wg.Wait()
	s := e.status()
	if s.State != app.StateRunning {
		t.Fatalf("%+v", s)
	}
	begun := time.Now()
	e.wherry("start")
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("a start of a running engine takes %v", took)
	}
	if now := e.status(); now.VM.PID != s.VM.PID {
		t.Error("it is another VM now")
	}
	qemus := 0
	for _, line := range e.processes() {
		if strings.Contains(line, "qemu-system") {
			qemus++
		}
	}
	if qemus != 1 {
		t.Errorf("%d QEMUs run", qemus)
	}
}

// TestInterruptedStartLeavesNothing: Ctrl-C, at several moments.
func TestInterruptedStartLeavesNothing(t *testing.T) {
	long(t)
	e := newEngine(t)
	e.wherry("settings", "set", "accel", "tcg")
	for _, after := range []time.Duration{50 * time.Millisecond, time.Second, 4 * time.Second} {
		cmd := e.command(t.Context(), program(), "start")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(after)
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err == nil {
			t.Errorf("after %v: an interrupted start is no success", after)
		}
		e.nothingLeft()
	}
	e.start()
	if got := e.docker("run", "--rm", "box", "echo", "works"); got != "works\n" {
		t.Errorf("got %q", got)
	}
}

// TestClearFailures: one line with the next action, exit code 1, nothing left running.
func TestClearFailures(t *testing.T) {
	long(t)
	t.Run("QEMU is missing", func(t *testing.T) {
		e := newEngine(t)
		e.env = append(e.env, "WHERRY_QEMU="+t.TempDir()+"/qemu")
		e.fails([]string{"start"}, "hypervisor not installed", "Correct the path")
	})
	t.Run("home is not writable", func(t *testing.T) {
		e := newEngine(t)
		file := filepath.Join(e.home, "file")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		own := e.env
		e.env = append(e.env, "WHERRY_HOME="+file)
		e.fails([]string{"start"}, "cannot write", "WHERRY_HOME")
		e.env = own
	})
	t.Run("image is damaged", func(t *testing.T) {
		e := newEngine(t)
		e.env = append(e.env, "WHERRY_GUEST="+damagedImage(t))
		e.fails([]string{"start"}, "damaged", "make guest")
	})
	t.Run("more memory than there is", func(t *testing.T) {
		e := newEngine(t)
		e.fails([]string{"start", "--memory", "900TiB"}, "more than", "set memory")
	})
	t.Run("disk is locked", func(t *testing.T) {
		e := newEngine(t)
		e.wherry("settings", "set", "accel", "tcg")
		disk := filepath.Join(e.home, "data.img")
		f, err := os.Create(disk)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := lockWhole(f); err != nil {
			t.Fatal(err)
		}
		e.fails([]string{"start"}, "another process", "data.img")
	})
	t.Run("welcome port is taken", func(t *testing.T) {
		e := newEngine(t)
		e.wherry("settings", "set", "accel", "tcg")
		port := taken(t)
		out, err := e.try("welcome", "--port", port)
		if err == nil || !strings.Contains(out, "taken") || !strings.Contains(out, "--port") {
			t.Errorf("%v: %s", err, out)
		}
	})
}
