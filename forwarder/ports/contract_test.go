package ports_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/wherry-app/wherry/forwarder/ports"
)

func TestRefreshNeedsNoEvent(t *testing.T) {
	d := startDockerd(t)
	w, applied := d.watcher(t)
	until(t, applied, "")
	<-d.subscribed
	d.mu.Lock()
	d.containers = []string{container("web", "172.17.0.2", port8080)} // and nobody says so
	d.mu.Unlock()
	refreshed := make(chan error, 1)
	go func() { refreshed <- w.Refresh(t.Context()) }()
	until(t, applied, "web:8080")
	if err := <-refreshed; err != nil {
		t.Errorf("Refresh = %v", err)
	}
}

func TestRefreshEndsWithItsContext(t *testing.T) {
	d := startDockerd(t)
	w, _ := d.watcher(t) // nobody reads what is applied first
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.Refresh(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Refresh = %v", err)
	}
}

func TestFailedIsOfTheContainer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := netip.MustParseAddrPort(l.Addr().String()).Port()
	m := newManager(t, ports.Config{})
	good, bad := rule(freePort(t), "172.17.0.2:80"), rule(taken, "172.17.0.3:80")
	good.ContainerID, good.ContainerName = "aaa111", "good"
	bad.ContainerID, bad.ContainerName = "bbb222", "bad"
	m.Apply([]ports.Rule{good, bad})
	for container, fails := range map[string]bool{"good": false, "aaa1": false, "bad": true, "/bad": true, "bbb222": true, "bbb": true, "": false, "other": false} {
		if err := m.Failed(container); (err != nil) != fails {
			t.Errorf("Failed(%q) = %v", container, err)
		}
	}
	var bind *ports.BindError
	if !errors.As(m.Failed("bad"), &bind) || bind.Free <= taken {
		t.Fatalf("Failed = %+v; want a port that is free", bind)
	}
	if !strings.Contains(bind.Hint(), "which is free") {
		t.Errorf("hint %q", bind.Hint())
	}
	free, err := net.Listen("tcp", netip.AddrPortFrom(bind.Addr.Addr(), bind.Free).String())
	if err != nil {
		t.Fatalf("the free port: %v", err)
	}
	free.Close()
}

// A container on an internal network, too, is reached by the other: dockerd lets nobody into the first.
func TestInternalNetworksLeadNowhere(t *testing.T) {
	d := startDockerd(t)
	d.set(`{"Id":"c1","Names":["/web"],"Ports":[` + port8080 + `],"NetworkSettings":{"Networks":{
		"a-inner":{"NetworkID":"n3","IPAddress":"172.19.0.2"},"app":{"NetworkID":"n2","IPAddress":"172.18.0.2"}}}}`)
	rules := <-d.watch(t)
	if len(rules) != 1 || rules[0].Target != netip.MustParseAddrPort("172.18.0.2:80") {
		t.Errorf("rules %v", rules)
	}
}
