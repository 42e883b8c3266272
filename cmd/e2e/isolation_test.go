package e2e

import (
	"context"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// isolated: what a container, on a bridge and on the guest's own network, must not reach: the engine's API, the agent, the
// link, and services of this host that are not on the one loopback that host.docker.internal stands for.
func (e *engine) isolated() {
	inner, err := net.Listen("tcp", "127.0.0.55:0") // a service of this host, not where host.docker.internal leads
	if err != nil {
		e.t.Fatal(err)
	}
	defer inner.Close()
	_, port, err := net.SplitHostPort(inner.Addr().String())
	if err != nil {
		e.t.Fatal(err)
	}
	loop, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		e.t.Fatal(err)
	}
	defer loop.Close()
	_, loopPort, err := net.SplitHostPort(loop.Addr().String())
	if err != nil {
		e.t.Fatal(err)
	}
	guest := e.guestAddresses()
	targets := []string{"127.0.0.55:" + port, "host.docker.internal:" + port, "169.254.169.254:80", "gateway.docker.internal:80"}
	for _, address := range guest {
		for _, p := range []string{"22", "80", "2375", "2376", "5355"} {
			targets = append(targets, address+":"+p)
		}
	}
	for _, own := range hostAddresses() { // services on this host's loopback are not on its other addresses
		targets = append(targets, own+":"+port)
	}
	script := "for t in " + strings.Join(targets, " ") + "; do echo $t $(timeout 20 box dial $t); done; " +
		// nor by the proxy, which would be asked for this host's loopback
		"for n in 127.0.0.1 localhost 127.0.0.55 169.254.169.254; do http_proxy=http://gateway.docker.internal:3128 timeout 20 wget -qO- http://$n:" + loopPort + "/ >/dev/null 2>&1 && echo $n connected by the proxy; done; true"
	for _, network := range []string{"bridge", "host"} {
		for line := range strings.Lines(e.docker("run", "--rm", "--network", network, "box", "sh", "-c", script)) {
			if strings.Contains(line, "connected") {
				e.t.Errorf("on the network %q: %s", network, line)
			}
		}
	}
	// On the guest's own network a container sees the sockets in the guest's abstract namespace, too: none is the engine's.
	if got := e.docker("run", "--rm", "--network", "host", "box", "sh", "-c", "grep -a @ /proc/net/unix | grep -a -e docker -e containerd -e wherry; true"); got != "" {
		e.t.Errorf("abstract sockets: %s", got)
	}
	if got := e.docker("run", "--rm", "--network", "host", "box", "sh", "-c", "ls -d /run/docker.sock /var/run/docker.sock /run/containerd /dev/virtio-ports /dev/vport* 2>/dev/null; true"); got != "" {
		e.t.Errorf("a container sees %s", got)
	}
}

// hostAddresses are this host's IPv4 addresses but for the loopback.
func hostAddresses() []string {
	var list []string
	addrs, _ := net.InterfaceAddrs()
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && !n.IP.IsLoopback() {
			list = append(list, n.IP.String())
		}
	}
	return list
}

// ownerOnly: sockets and keys are their owner's, and another user of this computer is turned away, even where the folder
// lets them through.
func (e *engine) ownerOnly() {
	err := filepath.WalkDir(e.home, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return nil //nolint:nilerr // gone meanwhile
		}
		open := fs.FileMode(0)
		switch {
		case d.Type()&fs.ModeSocket != 0:
			open = 0o022 // to connect is to write
		case strings.HasSuffix(path, "-key.pem"), d.IsDir() && filepath.Dir(path) == e.home && d.Name() != "docker-config":
			open = 0o077 // docker's own folder is docker's to make
		}
		if info.Mode().Perm()&open != 0 {
			e.t.Errorf("%s has the mode %v", path, info.Mode())
		}
		return nil
	})
	if err != nil {
		e.t.Error(err)
	}
	setpriv, err := exec.LookPath("setpriv")
	if os.Getuid() != 0 || err != nil {
		e.t.Skip("becoming another user needs root and setpriv")
	}
	if err := os.Chmod(e.home, 0o755); err != nil {
		e.t.Fatal(err)
	}
	defer func() {
		if err := os.Chmod(e.home, 0o700); err != nil {
			e.t.Error(err)
		}
	}()
	as := func(args ...string) (string, error) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		cmd := e.command(ctx, setpriv, append([]string{"--reuid=65534", "--regid=65534", "--clear-groups"}, args...)...)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	for _, socket := range []string{"docker.sock", "docker2.sock"} {
		if out, err := as("docker", "-H", "unix://"+e.home+"/"+socket, "version"); err == nil || !strings.Contains(out, "permission denied") {
			e.t.Errorf("%s: %v: %s", socket, err, out)
		}
	}
	if out, err := as("busybox", "nc", "local:"+e.home+"/daemon.sock"); err == nil {
		e.t.Errorf("the daemon's socket: %s", out)
	}
}

// secondSocket: a tool that is not trusted may look and no more, and each of its calls is written down.
func (e *engine) secondSocket() {
	at := "unix://" + e.home + "/docker2.sock"
	if got := e.docker("-H", at, "images", "-q", "box"); strings.TrimSpace(got) == "" {
		e.t.Error("it does not list images")
	}
	if out, err := e.tryDocker(nil, "-H", at, "run", "--rm", "box", "true"); err == nil || !strings.Contains(out, "read-only") {
		e.t.Errorf("run: %v: %s", err, out)
	}
	b, err := os.ReadFile(e.home + "/logs/docker-api.log")
	if err != nil {
		e.t.Fatal(err)
	}
	for _, want := range []string{" 200 GET /v", "/images/json", " 403 POST /v", "/containers/create"} {
		if !strings.Contains(string(b), want) {
			e.t.Errorf("the log does not say %q: %s", want, b)
		}
	}
}
