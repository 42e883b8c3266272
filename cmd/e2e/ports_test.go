package e2e

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestPorts is what docker's clients may rely on when they publish ports, and what they are told about the host's folders.
func TestPorts(t *testing.T) {
	long(t)
	e := newEngine(t)
	e.start()
	for _, test := range []struct {
		name string
		run  func(*engine)
	}{
		{"a port listens when run -d returns", (*engine).portListensAtOnce},
		{"a port listens when restart returns", (*engine).portListensAfterRestart},
		{"a taken port is an error", (*engine).portTaken},
		{"a random port", (*engine).portRandom},
		{"a range, UDP beside TCP", (*engine).portRange},
		{"refused in the container", (*engine).portRefused},
		{"a bind of a folder is refused", (*engine).bindRefused},
		{"docker's socket in a container", (*engine).bindSocket},
	} {
		t.Run(test.name, e.with(test.run))
	}
}

// listens fails the test unless somebody accepts at once.
func (e *engine) listens(address string) {
	e.t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		e.t.Fatalf("%s: %v", address, err)
	}
	_ = c.Close()
}

func (e *engine) portListensAtOnce() {
	port := freePort(e.t)
	for range 3 {
		e.docker("run", "-d", "--name", "atonce", "-p", port+":8000", "box", "box", "serve", ":8000")
		e.listens("127.0.0.1:" + port)
		e.docker("rm", "-f", "atonce")
	}
}

func (e *engine) portListensAfterRestart() {
	port := freePort(e.t)
	e.docker("run", "-d", "--name", "again", "-p", port+":8000", "box", "box", "serve", ":8000")
	defer e.docker("rm", "-f", "again")
	e.docker("restart", "-t", "0", "again")
	e.listens("127.0.0.1:" + port)
	if body := e.eventually("http://127.0.0.1:" + port + "/again"); !strings.Contains(body, "/again") {
		e.t.Errorf("got %q", body)
	}
}

func (e *engine) portTaken() {
	held, other := taken(e.t), freePort(e.t)
	out, err := e.tryDocker(nil, "run", "-d", "--name", "late", "-p", other+":8001", "-p", held+":8000", "box", "sleep", "600")
	defer e.docker("rm", "-f", "late")
	if err == nil || !strings.Contains(out, "127.0.0.1:"+held) || !strings.Contains(out, "e2e.test (process") || !strings.Contains(out, "which is free") {
		e.t.Errorf("%v, %s", err, out)
	}
	if got := e.docker("inspect", "-f", "{{.State.Running}}", "late"); got != "false\n" {
		e.t.Errorf("running: %s", got)
	}
	if c, err := net.Dial("tcp", "127.0.0.1:"+other); err == nil {
		_ = c.Close()
		e.t.Error("its other port is still published")
	}
	if ports := e.status().Ports; len(ports) != 0 {
		e.t.Errorf("ports: %+v", ports)
	}
}

func (e *engine) portRandom() {
	e.docker("run", "-d", "--name", "random", "-P", "--expose", "8000", "box", "box", "serve", ":8000")
	defer e.docker("rm", "-f", "random")
	_, port, ok := strings.Cut(strings.TrimSpace(strings.Split(e.docker("port", "random", "8000"), "\n")[0]), ":")
	if !ok {
		e.t.Fatal("no port")
	}
	e.listens("127.0.0.1:" + port)
}

func (e *engine) portRange() {
	const first, last, udp = "28410", "28412", "28410"
	e.docker("run", "-d", "--name", "range", "-p", first+"-"+last+":8000-8002", "-p", udp+":5000/udp", "box",
		"sh", "-c", "box serve :8002 & exec box echo :5000")
	defer e.docker("rm", "-f", "range")
	for _, port := range []string{first, "28411", last} {
		e.listens("127.0.0.1:" + port)
	}
	if body := e.eventually("http://127.0.0.1:" + last + "/last"); !strings.Contains(body, "/last") {
		e.t.Errorf("got %q", body)
	}
	c, err := net.Dial("udp", "127.0.0.1:"+udp)
	if err != nil {
		e.t.Fatal(err)
	}
	defer c.Close()
	buf := make([]byte, 64)
	for try := 0; ; try++ { // datagrams may be lost, the first of them above all
		if _, err := io.WriteString(c, "datagram"); err != nil {
			e.t.Fatal(err)
		}
		_ = c.SetReadDeadline(time.Now().Add(2 * time.Second))
		n, err := c.Read(buf)
		if err == nil && string(buf[:n]) == "datagram" {
			return
		}
		if try == 10 {
			e.t.Fatalf("%q, %v", buf[:n], err)
		}
	}
}

// portRefused: nobody listens in the container. The host has accepted by then, so that a reset is what is left to say.
func (e *engine) portRefused() {
	port := freePort(e.t)
	e.docker("run", "-d", "--name", "deaf", "-p", port+":8000", "box", "sleep", "600")
	defer e.docker("rm", "-f", "deaf")
	begun := time.Now()
	c := http.Client{Timeout: 20 * time.Second}
	res, err := c.Get("http://127.0.0.1:" + port)
	if err == nil {
		_ = res.Body.Close()
		e.t.Fatalf("answer: %s", res.Status)
	}
	if took := time.Since(begun); took > 5*time.Second {
		e.t.Errorf("took %v: %v", took, err)
	}
}

func (e *engine) bindRefused() {
	dir := e.t.TempDir()
	for _, args := range [][]string{{"-v", dir + ":/x"}, {"--mount", "type=bind,src=" + dir + ",dst=/x"}} {
		out, err := e.tryDocker(nil, append(append([]string{"run", "--rm"}, args...), "box", "true")...)
		if err == nil || !strings.Contains(out, dir) || !strings.Contains(out, "docker cp") {
			e.t.Errorf("%v: %v, %s", args, err, out)
		}
	}
}

// bindSocket is what testcontainers' Ryuk does: docker's socket is bound, and answers in the container.
func (e *engine) bindSocket() {
	for _, bind := range [][]string{
		{"-v", "/var/run/docker.sock:/d.sock"},
		{"--mount", `type=bind,"src=` + e.home + `/docker.sock",dst=/d.sock`}, // quoted as CSV is: it has a comma
	} {
		out := e.docker(append(append([]string{"run", "--rm"}, bind...), "box", "box", "version", "/d.sock")...)
		var v struct{ Version string }
		if err := json.Unmarshal([]byte(out), &v); err != nil || v.Version != e.status().Docker.Version {
			e.t.Errorf("%v: %v, %s", bind, err, out)
		}
	}
}
