package e2e

import (
	"context"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wherry-app/wherry/app"
)

// TestLogoutStopsCleanly: the engine of a login, run in the foreground, is told to end and stops the containers in order.
func TestLogoutStopsCleanly(t *testing.T) {
	long(t)
	e := newEngine(t)
	e.wherry("settings", "set", "accel", "tcg")
	cmd := e.command(context.WithoutCancel(t.Context()), program(), "start", "--foreground")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	e.waitLong(func(s app.Snapshot) bool { return s.State == app.StateRunning })
	e.importBox()
	e.docker("run", "-d", "--name", "last", "-v", "words:/d", "box", "sh", "-c", "trap 'echo bye > /d/last; sync; exit 0' TERM; echo ready; while :; do sleep 0.2; done")
	for deadline := time.Now().Add(time.Minute); !strings.Contains(e.docker("logs", "last"), "ready"); {
		if time.Now().After(deadline) {
			t.Fatal("the container is not ready")
		}
		time.Sleep(200 * time.Millisecond)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("it ends with %v", err)
		}
	case <-time.After(3 * time.Minute):
		t.Fatal("it does not end")
	}
	e.nothingLeft()
	e.wherry("start")
	if got := e.docker("run", "--rm", "-v", "words:/d", "box", "cat", "/d/last"); got != "bye\n" {
		t.Errorf("the container's last word is %q", got)
	}
}

// TestUninstall: it asks, naming what would be lost, and leaves nothing behind.
func TestUninstall(t *testing.T) {
	long(t)
	e := newEngine(t)
	config := t.TempDir()
	e.env = append(e.env, "XDG_CONFIG_HOME="+config)
	e.start()
	e.docker("run", "--rm", "-v", "precious:/d", "box", "dd", "if=/dev/urandom", "of=/d/f", "bs=1M", "count=3")
	e.wherry("settings", "set", "autostart", "on")
	unit := config + "/systemd/user/default.target.wants"
	if entries, err := os.ReadDir(unit); err != nil || len(entries) != 1 {
		t.Errorf("the start at login: %v, %v", entries, err)
	}

	for _, command := range []string{"uninstall", "reset"} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		cmd := e.command(ctx, program(), command)
		cmd.Stdin = strings.NewReader("n\n")
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), "precious: 3 MiB") || !strings.Contains(string(out), "1 images") || !strings.Contains(string(out), "nothing was changed") {
			t.Errorf("%s: %v: %s", command, err, out)
		}
	}
	if s := e.status(); s.State != app.StateRunning {
		t.Fatalf("a no is a no: %+v", s)
	}
	out := e.wherry("uninstall", "--yes")
	if !strings.Contains(out, "remains to delete is the program") {
		t.Errorf("%s", out)
	}
	e.nothingLeft()
	left, err := os.ReadDir(e.home)
	for _, entry := range left {
		if entry.Name() != "docker-config" { // the test's own
			t.Errorf("left behind: %s", entry.Name())
		}
	}
	if entries, _ := os.ReadDir(unit); err != nil && !os.IsNotExist(err) || len(entries) > 0 {
		t.Errorf("%v, the start at login: %v", err, entries)
	}
	e.wherry("uninstall", "--yes") // again is nothing
}
