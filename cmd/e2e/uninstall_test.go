package e2e

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/wherry-app/wherry/app"
)

// TestUninstall: it asks, naming what would be lost, and leaves nothing behind.
func TestUninstall(t *testing.T) {
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
