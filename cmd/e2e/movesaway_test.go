package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestNetworksMoveAway: where the host has routes into the networks that containers would have, they get others, and the
// host's are reached. The host is a network namespace.
func TestNetworksMoveAway(t *testing.T) {
	long(t)
	if os.Getuid() != 0 {
		t.Skip("network namespaces need root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("ip is missing: install iproute2")
	}
	e := newEngine(t)
	ns := fmt.Sprintf("wherry-e2e-%d", os.Getpid())
	run := func(name string, args ...string) (string, error) {
		ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
		defer cancel()
		out, err := e.command(ctx, name, args...).CombinedOutput()
		return string(out), err
	}
	if out, err := run("ip", "netns", "add", ns); err != nil {
		t.Skipf("no network namespaces here: %v: %s", err, out)
	}
	t.Cleanup(func() { _, _ = run("ip", "netns", "del", ns) })
	in := func(args ...string) string {
		t.Helper()
		out, err := run("ip", append([]string{"netns", "exec", ns}, args...)...)
		if err != nil {
			t.Fatalf("%v: %v: %s", args, err, out)
		}
		return out
	}
	in("ip", "link", "set", "lo", "up")
	if out, err := run("ip", "netns", "exec", ns, "ip", "link", "add", "vpn0", "type", "veth", "peer", "name", "vpn1"); err != nil {
		t.Skipf("no interfaces for a VPN here: %v: %s", err, out)
	}
	in("ip", "addr", "add", "172.17.5.1/16", "dev", "vpn0")
	in("ip", "link", "set", "vpn0", "up")
	in("ip", "link", "set", "vpn1", "up")
	in("ip", "route", "add", "192.168.127.0/24", "dev", "vpn0")
	// Not a child of the namespace's only: it has to end with the test.
	ctx, cancel := context.WithCancel(context.Background())
	server := e.command(ctx, "ip", "netns", "exec", ns, busybox, "httpd", "-f", "-p", "172.17.5.1:8099", "-h", t.TempDir())
	if err := server.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = server.Wait() })

	e.wherry("settings", "set", "accel", "tcg")
	in(program(), "start")
	e.importBox()
	if got := e.docker("network", "inspect", "-f", "{{(index .IPAM.Config 0).Subnet}}", "bridge"); got != "172.18.0.0/16\n" {
		t.Errorf("docker's bridge: %s", got)
	}
	if got := e.wherry("shell", "ip", "-4", "addr", "show", "eth0"); strings.Contains(got, "192.168.127.") {
		t.Errorf("the guest's address: %s", got)
	}
	if got := e.docker("run", "--rm", "box", "box", "dial", "172.17.5.1:8099"); !strings.HasPrefix(got, "connected") {
		t.Errorf("the VPN's host: %s", got)
	}
	if got := e.docker("run", "--rm", "box", "box", "dial", "host.docker.internal:8099"); got != "refused\n" { // found, on the loopback of which nothing listens
		t.Errorf("this host: %s", got)
	}
}
