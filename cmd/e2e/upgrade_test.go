package e2e

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wherry-app/wherry/app"
)

// TestDaemonIsReplaced: a program of another version says so and takes the VM over, while a container goes on serving.
func TestDaemonIsReplaced(t *testing.T) {
	long(t)
	e := newEngine(t)
	newer := filepath.Join(t.TempDir(), "wherry")
	build := exec.CommandContext(t.Context(), "go", "build", "-ldflags=-s -w -X main.buildVersion=99.1", "-o", newer, "../wherry")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	e.start()
	port := freePort(t)
	e.docker("run", "-d", "--name", "web", "-p", port+":8000", "box", "box", "serve", ":8000")
	started := e.docker("inspect", "-f", "{{.State.StartedAt}}", "web")
	before := e.status()

	// The new version comes with another guest image, too.
	image, err := filepath.Abs("../../dist/guest-amd64")
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "guest")
	if err := os.Symlink(image, other); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		defer cancel()
		cmd := e.command(ctx, newer, args...)
		cmd.Env = append(cmd.Env, "WHERRY_GUEST="+other)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v: %s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	if out := run("status"); !strings.Contains(out, "this program is 99.1") || !strings.Contains(out, "wherry daemon restart") {
		t.Errorf("status of another version: %s", out)
	}
	if out := run("doctor"); !strings.Contains(out, "wherry daemon restart") {
		t.Errorf("doctor of another version: %s", out)
	}
	e.eventually("http://127.0.0.1:" + port)
	stop, served := ask(t, "http://127.0.0.1:"+port)
	run("daemon", "restart")
	after := e.status()
	if after.Daemon.Version != "99.1" || after.Daemon.PID == before.Daemon.PID || after.VM.PID != before.VM.PID || after.State != app.StateRunning {
		t.Errorf("before %+v %+v, after %+v %+v", before.Daemon, before.VM, after.Daemon, after.VM)
	}
	if !hasWarning(after, app.WarnRestart) {
		t.Errorf("nothing says that the VM has an earlier image: %+v", after.Warnings)
	}
	e.eventually("http://127.0.0.1:" + port)
	stop()
	t.Logf("%d answers while the daemon was replaced, none for at most %v", served.ok.Load(), time.Duration(served.gap.Load()).Round(time.Millisecond))
	if got := e.docker("inspect", "-f", "{{.State.StartedAt}}", "web"); got != started {
		t.Errorf("the container was started at %s, now at %s", started, got)
	}
	if out := e.wherry("stop"); strings.Contains(out, "wherry: ") {
		t.Errorf("the older program stops it: %s", out)
	}
}

// answers are those of a server that is asked all the time.
type answers struct{ ok, gap atomic.Int64 }

// ask asks a server until stop is called.
func ask(t *testing.T, url string) (stop func(), seen *answers) {
	t.Helper()
	seen = &answers{}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		c := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
		last := time.Now()
		for ctx.Err() == nil {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
			if err != nil {
				return
			}
			if res, err := c.Do(req); err == nil {
				_ = res.Body.Close()
				seen.ok.Add(1)
				seen.gap.Store(max(seen.gap.Load(), int64(time.Since(last))))
				last = time.Now()
			}
			select {
			case <-ctx.Done():
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	return func() { cancel(); <-done }, seen
}
