package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestOutbound is one engine with what surrounds containers: their names, the way out, registries, docker's conventions,
// and what they must not reach.
func TestOutbound(t *testing.T) {
	long(t)
	e := newEngine(t)
	r := startRegistry(t)
	e.wherry("settings", "set", "docker_context", "on")
	e.wherry("settings", "set", "ca_dir", r.ca)
	e.wherry("settings", "set", "second_socket", "readonly")
	e.start()
	for _, test := range []struct {
		name string
		run  func(*engine)
	}{
		{"names", (*engine).names},
		{"names are not for containers", (*engine).namesIsolated},
		{"docker's context", (*engine).dockerContext},
		{"a read-only socket", (*engine).secondSocket},
		{"containers are shut out", (*engine).isolated},
		{"other users are shut out", (*engine).ownerOnly},
		{"registry", func(e *engine) { e.registryDirect(r) }},
		{"registry by a proxy", func(e *engine) { e.registryByProxy(r) }},
	} {
		t.Run(test.name, e.with(test.run))
	}
}

// named asks for a URL of a name that leads to this host, which not every resolver knows.
func (e *engine) named(url string) (int, string) {
	e.t.Helper()
	c := http.Client{Timeout: 60 * time.Second, Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		return new(net.Dialer).DialContext(ctx, "tcp", "127.0.0.1:"+port)
	}}}
	res, err := c.Get(url)
	if err != nil {
		e.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		e.t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// names: a container answers by its own name and by that of its service, published or not, until it is gone.
func (e *engine) names() {
	e.docker("run", "-d", "--name", "web", "--expose", "8000", "-l", "com.docker.compose.service=front", "-l", "com.docker.compose.project=shop",
		"box", "sh", "-c", "box serve :8001 & exec box serve :8000")
	id := strings.TrimSpace(e.docker("inspect", "-f", "{{.Config.Hostname}}", "web"))
	s := e.status()
	if s.Names == nil || s.Names.HTTP == "" || len(s.Names.Hosts) != 2 {
		e.t.Fatalf("names: %+v", s.Names)
	}
	for _, h := range s.Names.Hosts {
		if h.Container != "web" || h.Port != 8000 {
			e.t.Errorf("name: %+v", h)
		}
		e.answers(h.URL+"/x", "hello from "+id+" /x")
	}
	_, port, _ := strings.Cut(s.Names.HTTP, ":")
	e.answers("http://8001.web.localhost:"+port+"/y", "hello from "+id+" /y")
	if out := e.wherry("names"); !strings.Contains(out, s.Names.Hosts[0].URL) {
		e.t.Errorf("wherry names: %s", out)
	}
	if code, text := e.named("http://none.localhost:" + port + "/"); code != http.StatusNotFound || !strings.Contains(text, "front.shop.localhost") {
		e.t.Errorf("unknown name: %d %s", code, text)
	}
	if curl, err := exec.LookPath("curl"); err == nil { // resolves such names by itself
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		out, err := e.command(ctx, curl, "-sS", "--noproxy", "*", "--cacert", e.home+"/ca/wherry-ca.pem", "https://web.localhost:"+s.Names.HTTPS[strings.LastIndex(s.Names.HTTPS, ":")+1:]+"/z").CombinedOutput()
		if err != nil || !strings.Contains(string(out), "hello from "+id+" /z") {
			e.t.Errorf("curl: %v: %s", err, out)
		}
	}
	e.docker("rm", "-f", "web")
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		if code, _ := e.named("http://web.localhost:" + port + "/"); code == http.StatusNotFound {
			return
		}
		if time.Now().After(deadline) {
			e.t.Fatal("the name outlives its container")
		}
	}
}

// answers waits until a name's answer contains a text: the program in the container may have to start first.
func (e *engine) answers(url, want string) {
	e.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		code, text := e.named(url)
		if code == http.StatusOK && strings.Contains(text, want) {
			return
		}
		if time.Now().After(deadline) {
			e.t.Fatalf("%s: %d %s", url, code, text)
		}
	}
}

// namesIsolated: through names a container could reach others that share no network with it.
func (e *engine) namesIsolated() {
	s := e.status()
	script := ""
	for _, at := range []string{s.Names.HTTP, s.Names.HTTPS} {
		_, port, _ := strings.Cut(at, ":")
		script += "box dial host.docker.internal:" + port + "\n"
	}
	if got := e.docker("run", "--rm", "box", "sh", "-c", script); got != "refused\nrefused\n" {
		e.t.Errorf("got %s", got)
	}
}

// dockerContext: the stock command line finds the engine by its context.
func (e *engine) dockerContext() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := e.command(ctx, "docker", "version", "--format", "{{.Server.Version}}")
	cmd.Env = nil
	for _, v := range e.env {
		if !strings.HasPrefix(v, "DOCKER_HOST=") && !strings.HasPrefix(v, "DOCKER_CONTEXT=") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	out, err := cmd.CombinedOutput()
	if want := e.status().Docker.Version; err != nil || strings.TrimSpace(string(out)) != want {
		e.t.Errorf("%v: %s, want %s", err, out, want)
	}
	if got := e.wherry("context", "status"); !strings.Contains(got, fmt.Sprintf("leads to unix://%s/docker.sock", e.home)) || !strings.Contains(got, "uses the context wherry") {
		e.t.Errorf("status: %s", got)
	}
	e.wherry("context", "remove")
	if got := e.wherry("context"); !strings.Contains(got, "has no context wherry") || !strings.Contains(got, "uses the context default") {
		e.t.Errorf("removed: %s", got)
	}
}
