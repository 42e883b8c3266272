package e2e

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wherry-app/wherry/app"
)

// needed names what the tests cannot do without and where it comes from.
func needed(t *testing.T) {
	t.Helper()
	missing := func(what, from string) {
		t.Helper()
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is missing: run %s", what, from)
		}
		t.Skipf("%s is missing: run %s", what, from)
	}
	for _, p := range []string{"docker", "qemu-system-x86_64"} {
		if _, err := exec.LookPath(p); err != nil {
			missing(p, "`make deps`")
		}
	}
	for path, from := range map[string]string{program(): "`make build`", busybox: "`make deps`", "../../dist/guest-amd64/manifest.json": "`make guest`"} {
		if _, err := os.Stat(path); err != nil {
			missing(path, from)
		}
	}
}

// long skips a test that takes minutes: `make test-long` runs all.
func long(t *testing.T) {
	t.Helper()
	if os.Getenv("WHERRY_LONG") == "" {
		t.Skip("it takes minutes: `make test-long` runs it")
	}
}

const busybox = "/bin/busybox"

func program() string {
	p, err := filepath.Abs("../../bin/wherry")
	if err != nil {
		panic(err)
	}
	return p
}

// engine is one Wherry with a state directory of its own.
type engine struct {
	t    *testing.T
	home string
	env  []string
}

// newEngine makes a state directory and sees to it that nothing of it runs when the test is over.
func newEngine(t *testing.T) *engine {
	t.Helper()
	needed(t)
	// Not t.TempDir: the names of tests are too long for sockets. The space and the comma are what users have, too.
	home, err := os.MkdirTemp("", "wherry, e2e ")
	if err != nil {
		t.Fatal(err)
	}
	e := &engine{t: t, home: home, env: append(os.Environ(), "WHERRY_HOME="+home, "DOCKER_HOST=unix://"+home+"/docker.sock", "DOCKER_CONFIG="+home+"/docker-config", "DOCKER_BUILDKIT=0")}
	t.Cleanup(func() {
		if t.Failed() {
			e.keepLogs()
		}
		out, err := e.try("stop", "--force")
		if err != nil {
			t.Errorf("stop --force: %v: %s", err, out)
		}
		e.nothingLeft()
		_ = os.RemoveAll(home)
	})
	return e
}

// keepLogs shows the ends of the logs of a failed test.
func (e *engine) keepLogs() {
	for _, name := range []string{"daemon", "kernel", "engine"} {
		b, err := os.ReadFile(filepath.Join(e.home, "logs", name+".log"))
		if err == nil {
			e.t.Logf("end of %s.log:\n%s", name, b[max(0, len(b)-4000):])
		}
	}
}

// nothingLeft fails the test if a process of this engine lives.
func (e *engine) nothingLeft() {
	e.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		left := e.processes()
		if len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			e.t.Errorf("left running: %q", left)
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// processes are the command lines of living processes that name the state directory or have it in their environment.
func (e *engine) processes() []string {
	var found []string
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, d := range dirs {
		cmd, err := os.ReadFile(filepath.Join(d, "cmdline"))
		if err != nil || filepath.Base(d) == "self" {
			continue
		}
		environ, _ := os.ReadFile(filepath.Join(d, "environ"))
		line := strings.ReplaceAll(string(cmd), "\x00", " ")
		ours := strings.HasPrefix(line, program()) || strings.HasPrefix(line, "qemu-system") || strings.Contains(line, "/qemu-system")
		if ours && bytes.Contains(environ, []byte("WHERRY_HOME="+e.home+"\x00")) {
			found = append(found, line)
		}
	}
	return found
}

// command makes a command with this engine's environment.
func (e *engine) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = e.env
	cmd.WaitDelay = 5 * time.Second // what it left behind may hold its output open
	return cmd
}

// try runs wherry and returns its output, errors included.
func (e *engine) try(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	out, err := e.command(ctx, program(), args...).CombinedOutput()
	return string(out), err
}

// wherry runs wherry and fails the test if that fails.
func (e *engine) wherry(args ...string) string {
	e.t.Helper()
	out, err := e.try(args...)
	if err != nil {
		e.t.Fatalf("wherry %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// fails runs wherry and expects exit code 1 and one line that has all words; nothing may be left running.
func (e *engine) fails(args []string, words ...string) {
	e.t.Helper()
	out, err := e.try(args...)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		e.t.Fatalf("wherry %s: %v, want exit code 1\n%s", strings.Join(args, " "), err, out)
	}
	var said []string
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "wherry: ") {
			said = append(said, strings.TrimSpace(line))
		}
	}
	if len(said) != 1 {
		e.t.Fatalf("want one line that says what is wrong, got:\n%s", out)
	}
	for _, w := range words {
		if !strings.Contains(said[0], w) {
			e.t.Errorf("%q does not say %q", said[0], w)
		}
	}
	e.nothingLeft()
}

// status is `wherry status --json`.
func (e *engine) status() app.Snapshot {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cmd := e.command(ctx, program(), "status", "--json")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		e.t.Fatalf("status: %v", err)
	}
	var s app.Snapshot
	if err := json.Unmarshal(out, &s); err != nil {
		e.t.Fatalf("status: %v in %s", err, out)
	}
	return s
}

// docker runs the stock docker command line and fails the test if that fails.
func (e *engine) docker(args ...string) string {
	e.t.Helper()
	return e.dockerIn(nil, args...)
}

// dockerIn is docker with an input.
func (e *engine) dockerIn(in io.Reader, args ...string) string {
	e.t.Helper()
	out, err := e.tryDocker(in, args...)
	if err != nil {
		e.t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (e *engine) tryDocker(in io.Reader, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	cmd := e.command(ctx, "docker", args...)
	cmd.Stdin = in
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if err != nil {
		return out.String() + errs.String(), err
	}
	return out.String(), nil
}

// start starts the engine with the emulator, which is what CI has, and gives it the test image.
func (e *engine) start() {
	e.t.Helper()
	e.wherry("settings", "set", "accel", "tcg")
	e.wherry("start")
	e.importBox()
}

// importBox makes the image "box": busybox with its applets, and the box program.
func (e *engine) importBox() {
	e.t.Helper()
	archive, err := boxArchive()
	if err != nil {
		e.t.Fatalf("make the test image: %v", err)
	}
	e.dockerIn(bytes.NewReader(archive), "import", "-c", `CMD ["/bin/sh"]`, "-c", "ENV PATH=/bin", "-", "box")
}

// boxArchive is the test image's root filesystem as a tar archive, made once.
var boxArchive = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "box")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	box := filepath.Join(dir, "box")
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", box, "./testdata/box")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return out, err
	}
	applets, err := exec.Command(busybox, "--list").Output()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for name, path := range map[string]string{"bin/busybox": busybox, "bin/box": box} {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(text))}); err != nil {
			return nil, err
		}
		if _, err := w.Write(text); err != nil {
			return nil, err
		}
	}
	for name := range strings.FieldsSeq(string(applets)) {
		if name == "busybox" {
			continue
		}
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: "bin/" + name, Linkname: "busybox"}); err != nil {
			return nil, err
		}
	}
	for _, d := range []string{"tmp/", "etc/", "root/"} {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: d, Mode: 0o777}); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
})
