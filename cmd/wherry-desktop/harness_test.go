//go:build e2e

package main

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wherry-app/wherry/ui"
)

// desktop is the running app on a display of its own.
type desktop struct {
	t       *testing.T
	display string
	home    string // WHERRY_HOME
	engine  string // the wherry program
	cmd     *exec.Cmd
	done    chan error
	probe   *http.Client
	shots   string
	plain   bool // pictures get no numbers
	count   int
	began   time.Time // when the program was started
	urls    string
}

// need fails in CI and skips elsewhere when something the test runs is not there.
func need(t *testing.T, paths ...string) {
	t.Helper()
	for _, p := range paths {
		if _, err := exec.LookPath(p); err != nil {
			if _, err := os.Stat(p); err != nil {
				if os.Getenv("CI") != "" {
					t.Fatalf("%s is missing", p)
				}
				t.Skipf("%s is missing: run make deps build guest", p)
			}
		}
	}
}

// start opens the app on a new display of that size, in a new state directory. prefs, if any, is the window's own
// settings file.
func start(t *testing.T, width, height int, prefs ...string) *desktop {
	t.Helper()
	dir, err := os.MkdirTemp("", "wd") // t.TempDir's paths are too long for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, p := range prefs {
		if err := os.WriteFile(filepath.Join(dir, "window.json"), []byte(p), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return startAt(t, dir, width, height)
}

// startAt opens the app on the state directory at dir, without a tray icon unless env names a session bus.
func startAt(t *testing.T, dir string, width, height int, env ...string) *desktop {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	d := &desktop{t: t, engine: filepath.Join(root, "bin", "wherry"), shots: filepath.Join(root, "dist", "screenshots"), done: make(chan error, 1)}
	need(t, "Xvfb", "xdotool", "import", "/bin/busybox", d.engine, filepath.Join(root, "dist", "guest-"+runtime.GOARCH, "manifest.json"))
	program := os.Getenv("WHERRY_DESKTOP")
	if program == "" {
		program = filepath.Join(t.TempDir(), "wherry-desktop")
		out, err := exec.Command("go", "build", "-tags", "e2e,no_emoji", "-o", program, ".").CombinedOutput()
		if err != nil {
			t.Fatalf("build: %v\n%s", err, out)
		}
	}
	d.home = dir
	d.write("box.tar", boxImage(t), 0o600)
	d.urls = filepath.Join(d.home, "urls")
	browser := d.write("browser", []byte("#!/bin/sh\necho \"$1\" >>'"+d.urls+"'\n"), 0o700)
	d.xvfb(width, height)

	sock := filepath.Join(d.home, "probe.sock")
	d.probe = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", sock)
	}}}
	args := []string{"-engine", d.engine}
	if !slices.ContainsFunc(env, func(s string) bool { return strings.HasPrefix(s, busVar) }) {
		args = append(args, "-no-tray")
	}
	d.cmd = exec.Command(program, args...)
	d.cmd.Env = append(os.Environ(), "DISPLAY="+d.display, "WHERRY_HOME="+d.home, "HOME="+d.home, "WHERRY_BROWSER="+browser, "WHERRY_PROBE="+sock,
		"WHERRY_GUEST="+filepath.Join(root, "dist", "guest-"+runtime.GOARCH), "LANG=C.UTF-8", "WAYLAND_DISPLAY=")
	d.cmd.Env = append(d.cmd.Env, env...)
	var log bytes.Buffer
	d.cmd.Stdout, d.cmd.Stderr = &log, &log
	d.began = time.Now()
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { d.done <- d.cmd.Wait() }()
	t.Cleanup(func() {
		_ = d.cmd.Process.Kill()
		stop := exec.Command(d.engine, "stop", "--force")
		stop.Env = append(os.Environ(), "WHERRY_HOME="+d.home)
		_ = stop.Run()
		d.endDaemon()
		if t.Failed() {
			d.shot("failed")
			t.Logf("the app said:\n%s", log.String())
		}
	})
	return d
}

// busVar says where the session bus is.
const busVar = "DBUS_SESSION_BUS_ADDRESS="

func (d *desktop) write(name string, b []byte, mode os.FileMode) string {
	d.t.Helper()
	p := filepath.Join(d.home, name)
	if err := os.WriteFile(p, b, mode); err != nil {
		d.t.Fatal(err)
	}
	return p
}

func (d *desktop) xvfb(width, height int) {
	d.t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		d.t.Fatal(err)
	}
	x := exec.Command("Xvfb", "-displayfd", "3", "-nolisten", "tcp", "-screen", "0", fmt.Sprintf("%dx%dx24", width, height))
	x.ExtraFiles = []*os.File{w}
	if err := x.Start(); err != nil {
		d.t.Fatal(err)
	}
	w.Close()
	d.t.Cleanup(func() { _ = x.Process.Kill(); _ = x.Wait() })
	buf := make([]byte, 16)
	n, err := r.Read(buf)
	if err != nil {
		d.t.Fatalf("Xvfb names no display: %v", err)
	}
	d.display = ":" + strings.TrimSpace(string(buf[:n]))
}

// endDaemon ends the daemon of this test's own home.
func (d *desktop) endDaemon() {
	b, err := os.ReadFile(filepath.Join(d.home, "daemon.pid"))
	if err != nil {
		return
	}
	if pid, err := strconv.Atoi(strings.TrimSpace(string(b))); err == nil && pid > 1 {
		if p, err := os.FindProcess(pid); err == nil {
			_ = p.Signal(os.Interrupt)
		}
	}
}

// screen is what is to be seen now.
func (d *desktop) screen() []ui.ProbeItem {
	r, err := d.probe.Get("http://app/screen")
	if err != nil {
		return nil
	}
	defer r.Body.Close()
	var items []ui.ProbeItem
	_ = json.NewDecoder(r.Body).Decode(&items)
	return items
}

// until asks f about the screen again and again until it is content.
func (d *desktop) until(what string, wait time.Duration, f func([]ui.ProbeItem) bool) {
	d.t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	end := time.After(wait)
	var items []ui.ProbeItem
	for {
		if items = d.screen(); f(items) {
			return
		}
		select {
		case <-tick.C:
		case err := <-d.done:
			d.t.Fatalf("the app ended while waiting for %s: %v", what, err)
		case <-end:
			var words []string
			for _, i := range items {
				words = append(words, i.Text)
			}
			d.t.Fatalf("no %s after %v; on the screen: %q", what, wait, words)
		}
	}
}

// see waits until a text that contains words is on the screen.
func (d *desktop) see(words string, wait time.Duration) {
	d.t.Helper()
	d.until(strconv.Quote(words), wait, func(items []ui.ProbeItem) bool {
		for _, i := range items {
			if strings.Contains(i.Text, words) {
				return true
			}
		}
		return false
	})
}

// click clicks what has that text, kind "" being any.
func (d *desktop) click(kind, text string) {
	d.t.Helper()
	var hit ui.ProbeItem
	d.until(kind+" "+strconv.Quote(text), 20*time.Second, func(items []ui.ProbeItem) bool {
		found := false
		for _, i := range items {
			if !found && !i.Off && (kind == "" || i.Kind == kind) && i.Text == text {
				hit, found = i, true // the first one: the page comes before the header
			}
		}
		return found
	})
	d.xdo("mousemove", strconv.Itoa(hit.X+hit.W/2), strconv.Itoa(hit.Y+hit.H/2), "click", "1")
	d.pause(300 * time.Millisecond)
}

// into clicks the entry with a placeholder and types.
func (d *desktop) into(placeholder, text string) {
	d.t.Helper()
	d.click("entry", "|"+placeholder)
	d.typed(text)
}

func (d *desktop) typed(text string) {
	d.t.Helper()
	line, enter := strings.CutSuffix(text, "\n")
	d.xdo("type", "--delay", "25", line)
	d.pause(300 * time.Millisecond)
	if enter {
		d.keys("Return")
	}
}

func (d *desktop) keys(keys string) {
	d.t.Helper()
	d.xdo("key", keys)
	d.pause(300 * time.Millisecond)
}

// pause lets real events arrive: the X server is another process and tells nobody.
func (d *desktop) pause(n time.Duration) {
	select {
	case <-time.After(n):
	case <-d.t.Context().Done():
	}
}

func (d *desktop) xdo(args ...string) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "xdotool", args...)
	cmd.Env = append(os.Environ(), "DISPLAY="+d.display)
	if out, err := cmd.CombinedOutput(); err != nil {
		d.t.Fatalf("xdotool %v: %v\n%s", args, err, out)
	}
}

// shot keeps a picture of the display, after what is known has been drawn.
func (d *desktop) shot(name string) {
	d.pause(300 * time.Millisecond)
	d.count++
	if !d.plain {
		name = fmt.Sprintf("%02d-%s", d.count, name)
	}
	if err := os.MkdirAll(d.shots, 0o755); err != nil {
		d.t.Fatal(err)
	}
	cmd := exec.Command("import", "-window", "root", filepath.Join(d.shots, name+".png"))
	cmd.Env = append(os.Environ(), "DISPLAY="+d.display)
	if out, err := cmd.CombinedOutput(); err != nil {
		d.t.Logf("no picture %s: %v\n%s", name, err, out)
	}
}

// browsed is the address that the browser was last sent to.
func (d *desktop) browsed(wait time.Duration) (url string) {
	d.t.Helper()
	d.until("address in the browser", wait, func([]ui.ProbeItem) bool {
		b, err := os.ReadFile(d.urls)
		lines := strings.Fields(string(b))
		if err != nil || len(lines) == 0 {
			return false
		}
		url = lines[len(lines)-1]
		return true
	})
	return url
}

// memory is the memory setting as the page shows it.
func (d *desktop) memory() string { return strings.TrimSpace(d.wherry("settings", "get", "memory")) }

func (d *desktop) wherry(args ...string) string {
	d.t.Helper()
	return d.run(d.engine, args...)
}

func (d *desktop) docker(args ...string) string {
	d.t.Helper()
	return d.run("docker", args...)
}

func (d *desktop) load(file string) { d.t.Helper(); d.docker("load", "-i", file) }

func (d *desktop) run(prog string, args ...string) string {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, prog, args...)
	cmd.WaitDelay = 5 * time.Second // what it left behind may hold its output open
	cmd.Env = append(os.Environ(), "WHERRY_HOME="+d.home, "DOCKER_HOST=unix://"+filepath.Join(d.home, "docker.sock"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		d.t.Fatalf("%s %v: %v\n%s", prog, args, err, out)
	}
	return string(out)
}

// ended waits until the app has ended by itself, well.
func (d *desktop) ended(wait time.Duration) {
	d.t.Helper()
	select {
	case err := <-d.done:
		if err != nil {
			d.t.Fatalf("the app ended with %v", err)
		}
	case <-time.After(wait):
		d.t.Fatalf("the app still runs %v after it was closed", wait)
	}
}

// boxImage is an image archive with busybox and a small web page, as `docker save` would write it.
func boxImage(t *testing.T) []byte {
	t.Helper()
	box, err := os.ReadFile("/bin/busybox")
	if err != nil {
		t.Fatal(err)
	}
	applets, err := exec.Command("/bin/busybox", "--list").Output()
	if err != nil {
		t.Fatal(err)
	}
	layer := tarball(t, func(w *tar.Writer) {
		for _, dir := range []string{"bin", "www", "tmp", "etc", "root"} {
			add(t, w, &tar.Header{Name: dir, Typeflag: tar.TypeDir, Mode: 0o755}, nil)
		}
		add(t, w, &tar.Header{Name: "bin/busybox", Typeflag: tar.TypeReg, Mode: 0o755}, box)
		add(t, w, &tar.Header{Name: "www/index.html", Typeflag: tar.TypeReg, Mode: 0o644}, []byte("hello from the box\n"))
		for _, a := range strings.Fields(string(applets)) {
			if a != "busybox" {
				add(t, w, &tar.Header{Name: "bin/" + a, Typeflag: tar.TypeSymlink, Linkname: "busybox"}, nil)
			}
		}
	})
	sum := sha256.Sum256(layer)
	config, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH, "os": "linux", "created": "2026-01-01T00:00:00Z",
		"config": map[string]any{"Cmd": []string{"sh"}, "Env": []string{"PATH=/bin", "PS1=\\w # "}},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + hex.EncodeToString(sum[:])}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return tarball(t, func(w *tar.Writer) {
		add(t, w, &tar.Header{Name: "config.json", Typeflag: tar.TypeReg, Mode: 0o644}, config)
		add(t, w, &tar.Header{Name: "layer.tar", Typeflag: tar.TypeReg, Mode: 0o644}, layer)
		add(t, w, &tar.Header{Name: "manifest.json", Typeflag: tar.TypeReg, Mode: 0o644}, []byte(`[{"Config":"config.json","RepoTags":["box:1"],"Layers":["layer.tar"]}]`))
	})
}

func tarball(t *testing.T, fill func(*tar.Writer)) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	fill(w)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func add(t *testing.T, w *tar.Writer, h *tar.Header, content []byte) {
	t.Helper()
	h.Size = int64(len(content))
	if err := w.WriteHeader(h); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(w, bytes.NewReader(content)); err != nil {
		t.Fatal(err)
	}
}
