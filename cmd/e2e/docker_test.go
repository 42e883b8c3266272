package e2e

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

// TestDocker drives one engine with the stock docker command line, through what a working day needs.
func TestDocker(t *testing.T) {
	e := newEngine(t)
	out := e.wherry("welcome")
	t.Log(out)
	t.Run("welcome answers", e.with((*engine).welcomeAnswers))
	e.importBox()
	for _, test := range []struct {
		name string
		run  func(*engine)
	}{
		{"version", (*engine).dockerVersion},
		{"load 300 MB", (*engine).dockerLoad},
		{"run --rm", (*engine).dockerRun},
		{"run -it", (*engine).dockerTerminal},
		{"exec -i cat", (*engine).dockerExec},
		{"cp both ways", (*engine).dockerCopy},
		{"logs -f", (*engine).dockerLogs},
		{"build", (*engine).dockerBuild},
		{"buildkit's h2c", (*engine).dockerUpgrade},
		{"volume", (*engine).dockerVolume},
		{"network", (*engine).dockerNetwork},
		{"stats", (*engine).dockerStats},
		{"events", (*engine).dockerEvents},
		{"run -p, stop", (*engine).dockerPublish},
		{"system df", (*engine).dockerDisk},
		{"host.docker.internal", (*engine).hostAccess},
		{"engine cannot be reached", (*engine).isolation},
		{"wherry shell", (*engine).shell},
		{"logs", (*engine).logs},
	} {
		t.Run(test.name, e.with(test.run))
	}
}

// with runs a part of a test on this engine.
func (e *engine) with(f func(*engine)) func(*testing.T) {
	return func(t *testing.T) {
		part := *e
		part.t = t
		f(&part)
	}
}

func (e *engine) welcomeAnswers() {
	s := e.status()
	if len(s.Ports) != 1 || s.Ports[0].Container != "welcome" {
		e.t.Fatalf("ports: %+v", s.Ports)
	}
	body := fetch(e.t, "http://"+s.Ports[0].HostAddress)
	if !strings.Contains(body, "Your first container is afloat") {
		e.t.Errorf("page: %.300s", body)
	}
	if again := e.wherry("welcome"); !strings.Contains(again, s.Ports[0].HostAddress[strings.LastIndex(s.Ports[0].HostAddress, ":"):]) {
		e.t.Errorf("a second welcome: %s", again)
	}
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	c := http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", url, res.Status, err)
	}
	return string(b)
}

func (e *engine) dockerVersion() {
	s := e.status()
	if got := strings.TrimSpace(e.docker("version", "--format", "{{.Server.Version}}")); got == "" || got != s.Docker.Version {
		e.t.Errorf("docker says %q, status %q", got, s.Docker.Version)
	}
}

// dockerLoad loads an image with a large file of random bytes, as `docker save` writes it. dockerd itself checks that the
// layer arrives as its digest says.
func (e *engine) dockerLoad() {
	file := filepath.Join(e.t.TempDir(), "big.tar")
	if err := writeImage(file, "big:latest", 300<<20); err != nil {
		e.t.Fatal(err)
	}
	begun := time.Now()
	e.docker("load", "-i", file)
	e.t.Logf("loaded 300 MB in %v", time.Since(begun))
	defer e.docker("rmi", "big")
	if got := e.docker("run", "--rm", "big", "wc", "-c", "/big"); strings.TrimSpace(got) != fmt.Sprintf("%d /big", 300<<20) {
		e.t.Errorf("got %q", got)
	}
}

func (e *engine) dockerRun() {
	if got := e.docker("run", "--rm", "box", "echo", "a  b"); got != "a  b\n" {
		e.t.Errorf("got %q", got)
	}
	if out, err := e.tryDocker(nil, "run", "--rm", "box", "sh", "-c", "echo to stderr >&2; exit 7"); err == nil || !strings.Contains(err.Error(), "7") || !strings.Contains(out, "to stderr") {
		e.t.Errorf("exit code and errors: %v, %q", err, out)
	}
}

// dockerTerminal types into a container on a terminal and resizes it.
func (e *engine) dockerTerminal() {
	ctx, cancel := context.WithTimeout(e.t.Context(), time.Minute)
	defer cancel()
	cmd := e.command(ctx, "docker", "run", "--rm", "-it", "box", "sh")
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: 91, Rows: 27})
	if err != nil {
		e.t.Fatal(err)
	}
	defer tty.Close()
	screen := &screen{r: bufio.NewReader(tty)}
	typeLine := func(s string) {
		if _, err := io.WriteString(tty, s+"\r"); err != nil {
			e.t.Fatal(err)
		}
	}
	typeLine("tty; echo $((40+2))-answer")
	screen.expect(e.t, "42-answer")
	if err := pty.Setsize(tty, &pty.Winsize{Cols: 120, Rows: 40}); err != nil {
		e.t.Fatal(err)
	}
	typeLine("while [ \"$(stty size)\" != '40 120' ]; do usleep 100000; done; echo re''sized")
	screen.expect(e.t, "resized")
	typeLine("exit 3")
	_, _ = io.Copy(io.Discard, tty)
	if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "3") {
		e.t.Errorf("exit status: %v", err)
	}
}

// screen reads a terminal.
type screen struct {
	r    *bufio.Reader
	seen strings.Builder
}

// expect reads until the text has been shown.
func (s *screen) expect(t *testing.T, text string) {
	t.Helper()
	for !strings.Contains(s.seen.String(), text) {
		b, err := s.r.ReadByte()
		if err != nil {
			t.Fatalf("no %q before %v in %q", text, err, s.seen.String())
		}
		s.seen.WriteByte(b)
	}
	s.seen.Reset()
}

// dockerExec sends megabytes through cat: all of it has to come back after the input's end.
func (e *engine) dockerExec() {
	e.docker("run", "-d", "--name", "cat", "box", "sleep", "600")
	defer e.docker("rm", "-f", "cat")
	want := make([]byte, 8<<20)
	_, _ = rand.Read(want)
	got := e.dockerIn(bytes.NewReader(want), "exec", "-i", "cat", "cat")
	if got != string(want) {
		e.t.Errorf("sent %d bytes, got %d back", len(want), len(got))
	}
	if n := e.dockerIn(strings.NewReader(strings.Repeat("x", 100_000)), "exec", "-i", "cat", "wc", "-c"); strings.TrimSpace(n) != "100000" {
		e.t.Errorf("wc saw %s bytes", n)
	}
}

func (e *engine) dockerCopy() {
	dir := e.t.TempDir()
	want := bytes.Repeat([]byte("copy me "), 50_000)
	if err := os.WriteFile(filepath.Join(dir, "in"), want, 0o640); err != nil {
		e.t.Fatal(err)
	}
	e.docker("create", "--name", "copy", "box")
	defer e.docker("rm", "copy")
	e.docker("cp", filepath.Join(dir, "in"), "copy:/root/there")
	e.docker("cp", "copy:/root/there", filepath.Join(dir, "out"))
	if got, err := os.ReadFile(filepath.Join(dir, "out")); err != nil || !bytes.Equal(got, want) {
		e.t.Errorf("%d bytes came back, %v", len(got), err)
	}
}

func (e *engine) dockerLogs() {
	e.docker("run", "-d", "--name", "logs", "box", "sh", "-c", "i=0; while true; do echo line $i; i=$((i+1)); sleep 0.2; done")
	defer e.docker("rm", "-f", "logs")
	ctx, cancel := context.WithTimeout(e.t.Context(), time.Minute)
	defer cancel()
	cmd := e.command(ctx, "docker", "logs", "-f", "logs")
	out, err := cmd.StdoutPipe()
	if err != nil {
		e.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		e.t.Fatal(err)
	}
	(&screen{r: bufio.NewReader(out)}).expect(e.t, "line 15\n")
	cancel()
	_ = cmd.Wait() // it was cancelled
}

func (e *engine) dockerBuild() {
	dir := e.t.TempDir()
	for name, text := range map[string]string{
		"Dockerfile": "FROM box\nARG WHO\nCOPY greeting /greeting\nRUN sed -i \"s/NAME/$WHO/\" /greeting && mkdir /made\nWORKDIR /made\nENTRYPOINT [\"cat\", \"/greeting\"]\n",
		"greeting":   "hello NAME\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			e.t.Fatal(err)
		}
	}
	e.docker("build", "-t", "built", "--build-arg", "WHO=wherry", dir)
	if got := e.docker("run", "--rm", "built"); got != "hello wherry\n" {
		e.t.Errorf("got %q", got)
	}
}

// dockerUpgrade opens BuildKit's session the way its clients do: an upgrade to cleartext HTTP/2, on which the server
// speaks first.
func (e *engine) dockerUpgrade() {
	conn, err := net.Dial("unix", e.home+"/docker.sock")
	if err != nil {
		e.t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		e.t.Fatal(err)
	}
	fmt.Fprint(conn, "POST /grpc HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
	r := bufio.NewReader(conn)
	res, err := http.ReadResponse(r, nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		e.t.Fatalf("%v, %v", res, err)
	}
	fmt.Fprint(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
	frame := make([]byte, 9)
	if _, err := io.ReadFull(r, frame); err != nil || frame[3] != 4 {
		e.t.Errorf("want a SETTINGS frame, got % x, %v", frame, err)
	}
}

func (e *engine) dockerVolume() {
	e.docker("volume", "create", "vol")
	defer e.docker("volume", "rm", "vol")
	e.docker("run", "--rm", "-v", "vol:/data", "box", "sh", "-c", "echo kept > /data/file")
	if got := e.docker("run", "--rm", "-v", "vol:/data", "box", "cat", "/data/file"); got != "kept\n" {
		e.t.Errorf("got %q", got)
	}
}

func (e *engine) dockerNetwork() {
	e.docker("network", "create", "net")
	defer e.docker("network", "rm", "net")
	e.docker("run", "-d", "--name", "server", "--network", "net", "box", "box", "serve", ":8000")
	defer e.docker("rm", "-f", "server")
	got := e.docker("run", "--rm", "--network", "net", "box", "sh", "-c", "until box get http://server:8000/by-name; do usleep 100000; done")
	if !strings.Contains(got, "/by-name") {
		e.t.Errorf("got %q", got)
	}
}

func (e *engine) dockerStats() {
	e.docker("run", "-d", "--name", "stats", "box", "sleep", "600")
	defer e.docker("rm", "-f", "stats")
	out := e.docker("stats", "--no-stream", "--format", "{{json .}}", "stats")
	var s struct{ Name, MemUsage, PIDs string }
	if err := json.Unmarshal([]byte(out), &s); err != nil || s.Name != "stats" || s.PIDs != "1" || strings.HasPrefix(s.MemUsage, "0B") {
		e.t.Errorf("%s, %v", out, err)
	}
}

func (e *engine) dockerEvents() {
	ctx, cancel := context.WithTimeout(e.t.Context(), time.Minute)
	defer cancel()
	cmd := e.command(ctx, "docker", "events", "--filter", "container=events", "--format", "{{.Action}}")
	out, err := cmd.StdoutPipe()
	if err != nil {
		e.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		e.t.Fatal(err)
	}
	defer func() { cancel(); _ = cmd.Wait() }()
	go func() { _, _ = e.tryDocker(nil, "run", "--rm", "--name", "events", "box", "true") }()
	s := &screen{r: bufio.NewReader(out)}
	for _, want := range []string{"create\n", "start\n", "die\n", "destroy\n"} {
		s.expect(e.t, want)
	}
}

func (e *engine) dockerPublish() {
	port := freePort(e.t)
	e.docker("run", "-d", "--name", "web", "-p", port+":8000", "box", "box", "serve", ":8000")
	body := e.eventually("http://127.0.0.1:" + port + "/x")
	if !strings.Contains(body, "/x") {
		e.t.Errorf("got %q", body)
	}
	if out := e.wherry("ports"); !regexp.MustCompile(`127\.0\.0\.1:` + port + `\s+web\s+8000/tcp\s+open`).MatchString(out) {
		e.t.Errorf("ports: %s", out)
	}
	e.docker("stop", "-t", "1", "web")
	deadline := time.Now().Add(10 * time.Second)
	for {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err != nil {
			break
		}
		conn.Close()
		if time.Now().After(deadline) {
			e.t.Error("the port is open after the container's end")
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	e.docker("rm", "web")
}

// eventually fetches an URL that is about to answer.
func (e *engine) eventually(url string) string {
	e.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	c := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		res, err := c.Get(url)
		if err == nil {
			b, err := io.ReadAll(res.Body)
			_ = res.Body.Close()
			if err == nil {
				return string(b)
			}
		}
		if time.Now().After(deadline) {
			e.t.Fatalf("%s does not answer: %v", url, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// freePort is a port of this host that was free just now.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func (e *engine) dockerDisk() {
	if out := e.docker("system", "df"); !strings.Contains(out, "Images") || !strings.Contains(out, "Local Volumes") {
		e.t.Errorf("got %s", out)
	}
}

func (e *engine) shell() {
	if got := e.wherry("shell", "uname", "-s"); strings.TrimSpace(got) != "Linux" {
		e.t.Errorf("got %q", got)
	}
	ctx, cancel := context.WithTimeout(e.t.Context(), time.Minute)
	defer cancel()
	tty, err := pty.StartWithSize(e.command(ctx, program(), "shell"), &pty.Winsize{Cols: 97, Rows: 31})
	if err != nil {
		e.t.Fatal(err)
	}
	defer tty.Close()
	if _, err := io.WriteString(tty, "stty size; cat /proc/1/comm; exit\r"); err != nil {
		e.t.Fatal(err)
	}
	s := &screen{r: bufio.NewReader(tty)}
	s.expect(e.t, "31 97")
	s.expect(e.t, "agent")
}

func (e *engine) logs() {
	for source, want := range map[string]string{"engine": "API listen on", "daemon": "took=", "kernel": "Linux version"} {
		if out := e.wherry("logs", source); source != "kernel" && !strings.Contains(out, want) {
			e.t.Errorf("%s log has no %q: %.500s", source, want, out)
		}
	}
}
