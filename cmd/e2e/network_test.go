package e2e

import (
	"net"
	"strings"
)

// hostAccess: a container reaches a server on the host's loopback, and what is refused there is refused.
func (e *engine) hostAccess() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		e.t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte("hello"))
			_ = c.Close()
		}
	}()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		e.t.Fatal(err)
	}
	if got := e.docker("run", "--rm", "box", "box", "dial", "host.docker.internal:"+port); !strings.Contains(got, "connected, read 5 bytes") {
		e.t.Errorf("open port: %s", got)
	}
	if got := e.docker("run", "--rm", "box", "box", "dial", "host.docker.internal:"+freePort(e.t)); got != "refused\n" {
		e.t.Errorf("closed port: %s", got)
	}
}

// isolation: nothing of the engine, the agent or the daemon answers a container.
func (e *engine) isolation() {
	targets := []string{"gateway.docker.internal:80", "gateway.docker.internal:2375", "gateway.docker.internal:8080"}
	for _, address := range e.guestAddresses() { // its own, and those of docker's bridges
		for _, port := range []string{"22", "80", "2375", "2376"} {
			targets = append(targets, address+":"+port)
		}
	}
	script := "for t in " + strings.Join(targets, " ") + "; do echo $t $(box dial $t); done"
	got := strings.Split(strings.TrimSpace(e.docker("run", "--rm", "box", "sh", "-c", script)), "\n")
	if len(got) != len(targets) {
		e.t.Errorf("%d attempts, %d outcomes: %q", len(targets), len(got), got)
	}
	for _, line := range got {
		if strings.Contains(line, "connected") {
			e.t.Error(line)
		}
	}
	// Everything that listens in the VM on more than its loopback would be in reach.
	out := e.wherry("shell", "sh", "-c", "netstat -lntu | grep -v -e '127.0.0.' -e '::1:' -e Proto -e Active || true")
	if strings.TrimSpace(out) != "" {
		e.t.Errorf("the VM listens on:\n%s", out)
	}
	if got := e.docker("run", "--rm", "box", "sh", "-c", "ls /dev/virtio-ports /dev/vport* /run/docker.sock 2>/dev/null; true"); got != "" {
		e.t.Errorf("a container sees %s", got)
	}
}

// guestAddresses are the VM's IPv4 addresses but for the loopback: where they are depends on this host's routes.
func (e *engine) guestAddresses() []string {
	e.t.Helper()
	list := strings.Fields(e.wherry("shell", "sh", "-c", "ip -4 -o addr show | sed 's/.* inet //; s,/.*,,' | grep -v ^127"))
	if len(list) < 2 {
		e.t.Fatalf("the VM's addresses: %q", list)
	}
	return list
}
