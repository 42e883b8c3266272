package e2e

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// shareBox makes the image "share": the test image with the posix and sharer programs.
func (e *engine) shareBox() {
	e.t.Helper()
	archive, err := shareArchive()
	if err != nil {
		e.t.Fatalf("make the test image: %v", err)
	}
	e.dockerIn(bytes.NewReader(archive), "import", "-c", `CMD ["/bin/sh"]`, "-c", "ENV PATH=/bin", "-", "share")
}

// shareArchive is that image's root filesystem as a tar archive, made once.
var shareArchive = sync.OnceValues(func() ([]byte, error) {
	box, err := boxArchive()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "share")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for r := tar.NewReader(bytes.NewReader(box)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := io.Copy(w, r); err != nil {
			return nil, err
		}
	}
	for _, name := range []string{"posix", "sharer"} {
		program := filepath.Join(dir, name)
		build := exec.Command("go", "build", "-ldflags=-s -w", "-o", program, "./testdata/"+name)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%w: %s", err, out)
		}
		text, err := os.ReadFile(program)
		if err != nil {
			return nil, err
		}
		if err := w.WriteHeader(&tar.Header{Name: "bin/" + name, Mode: 0o755, Size: int64(len(text))}); err != nil {
			return nil, err
		}
		if _, err := w.Write(text); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), w.Close()
})

// sharing is an engine that runs with one shared folder.
type sharing struct {
	*engine
	dir string // the folder, shared
	out string // the folder that it is in, which is not
}

// newSharing starts an engine with a shared folder, whose name is as odd as users' are.
func newSharing(t *testing.T) *sharing {
	t.Helper()
	e := newEngine(t)
	out, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := &sharing{engine: e, out: out, dir: filepath.Join(out, "my files")}
	if err := os.Mkdir(s.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	e.wherry("settings", "set", "shares", s.dir)
	e.start()
	e.shareBox()
	return s
}

// with runs a part of a test.
func (s *sharing) with(f func(*sharing)) func(*testing.T) {
	return func(t *testing.T) {
		part, eng := *s, *s.engine
		eng.t = t
		part.engine = &eng
		f(&part)
	}
}

// folder makes an empty folder in the shared one.
func (s *sharing) folder(name string) string {
	s.t.Helper()
	p := filepath.Join(s.dir, name)
	if err := os.MkdirAll(p, 0o755); err != nil {
		s.t.Fatal(err)
	}
	return p
}

// write writes a file on the host.
func (s *sharing) write(path, content string) {
	s.t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// shell runs a shell script in a container with a folder at /m.
func (s *sharing) shell(folder, script string) string {
	s.t.Helper()
	return s.docker("run", "--rm", "-v", folder+":/m", "-w", "/m", "share", "sh", "-c", script)
}

// refused runs docker and expects it to be refused with all words.
func (s *sharing) refused(args []string, words ...string) {
	s.t.Helper()
	out, err := s.tryDocker(nil, args...)
	if err == nil {
		s.t.Errorf("docker %q did it: %s", args, out)
		return
	}
	for _, w := range words {
		if !strings.Contains(out, w) {
			s.t.Errorf("docker %q says %q, not %q", args, out, w)
		}
	}
}

// A talker is a program in a container to which a test speaks.
type talker struct {
	t     *testing.T
	in    io.WriteCloser
	lines chan string
}

// talk runs a program in a container until the test is over or limit has passed.
func (s *sharing) talk(limit time.Duration, args ...string) *talker {
	s.t.Helper()
	name := fmt.Sprintf("talker-%d", time.Now().UnixNano())
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	cmd := s.command(ctx, "docker", append([]string{"run", "-i", "--rm", "--name", name}, args...)...)
	cmd.WaitDelay = 10 * time.Second
	in, err := cmd.StdinPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	k := &talker{t: s.t, in: in, lines: make(chan string, 1000)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer close(k.lines)
		for scan := bufio.NewScanner(out); scan.Scan(); {
			select {
			case k.lines <- scan.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	s.t.Cleanup(func() {
		_, _ = s.tryDocker(nil, "rm", "-f", name)
		cancel()
		<-ended
		_ = cmd.Wait()
	})
	return k
}

// say sends a line.
func (k *talker) say(line string) {
	k.t.Helper()
	if _, err := io.WriteString(k.in, line+"\n"); err != nil {
		k.t.Fatal(err)
	}
}

// until returns the lines before one that is as wanted.
func (k *talker) until(want string) []string {
	k.t.Helper()
	var lines []string
	limit := time.After(5 * time.Minute)
	for {
		select {
		case l, ok := <-k.lines:
			if !ok {
				k.t.Fatalf("the container has ended before %q; it said %q", want, lines[max(0, len(lines)-10):])
			}
			if l == want {
				return lines
			}
			lines = append(lines, l)
		case <-limit:
			k.t.Fatalf("the container does not say %q; it said %q", want, lines[max(0, len(lines)-10):])
		}
	}
}
