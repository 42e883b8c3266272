package ports_test

import (
	"context"
	"fmt"
	"net/netip"
	"reflect"
	"testing"

	"github.com/moby/moby/client"

	"github.com/wherry-app/wherry/forwarder/ports"
)

// TestAddressesAsAsked: dockerd's list does not tell a port published on 0.0.0.0 from one published on no address, and
// leaves out those published on an address of IPv6.
func TestAddressesAsAsked(t *testing.T) {
	d := startDockerd(t)
	id := fmt.Sprintf("%064d", 1)
	d.configs = map[string]string{id: `"PortBindings":{
		"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"8080"},{"HostIp":"","HostPort":"8090"}],
		"81/tcp":[{"HostIp":"","HostPort":"8081"}],
		"82/tcp":[{"HostIp":"::1","HostPort":"8082"}],
		"83/udp":[{"HostIp":"::","HostPort":"8083"}],
		"84/tcp":[{"HostIp":"","HostPort":"8084"},{"HostIp":"fd00::1","HostPort":"0"}]}`}
	d.set(container("w", "172.17.0.2", `{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},
		{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8090,"Type":"tcp"},{"IP":"0.0.0.0","PrivatePort":81,"PublicPort":8081,"Type":"tcp"},{"PrivatePort":82,"Type":"tcp"},{"PrivatePort":83,"Type":"udp"},
		{"IP":"0.0.0.0","PrivatePort":84,"PublicPort":8084,"Type":"tcp"}`))
	at := func(ip string, proto string, host, port uint16) ports.Rule {
		r := ports.Rule{Proto: proto, HostPort: host, ContainerID: id, ContainerName: "w", Target: netip.AddrPortFrom(mustAddr("172.17.0.2"), port)}
		if ip != "" {
			r.HostIP = mustAddr(ip)
		}
		return r
	}
	want := []ports.Rule{
		at("0.0.0.0", "tcp", 8080, 80), at("", "tcp", 8081, 81), at("::1", "tcp", 8082, 82), at("::", "udp", 8083, 83), at("", "tcp", 8084, 84),
		at("", "tcp", 8090, 80),
	}
	w, applied := d.watcher(t)
	if got := <-applied; !reflect.DeepEqual(got, want) {
		t.Errorf("rules:\n%v\nwant:\n%v", got, want)
	}
	refreshed := make(chan error, 1)
	go func() { refreshed <- w.Refresh(t.Context()) }()
	<-applied
	if err := <-refreshed; err != nil {
		t.Fatal(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.inspected != 1 {
		t.Errorf("inspected %d times", d.inspected)
	}
}

// TestHostNetwork: sockets are watched while a container is on the host's network, and their changes make rules.
func TestHostNetwork(t *testing.T) {
	d := startDockerd(t)
	docker, err := client.New(client.WithHost("tcp://" + d.Listener.Addr().String()))
	if err != nil {
		t.Fatal(err)
	}
	defer docker.Close()
	reports := make(chan []ports.HostSocket)
	began, ended := make(chan struct{}, 1), make(chan struct{}, 1)
	applied := make(chan []ports.Rule, 100)
	w := ports.NewWatcher(ports.WatcherConfig{
		Docker: docker, Apply: func(r []ports.Rule) { applied <- r }, HostAddr: mustAddr("192.168.127.2"),
		HostSockets: func(ctx context.Context, f func([]ports.HostSocket) error) error {
			began <- struct{}{}
			defer func() { ended <- struct{}{} }()
			for {
				select {
				case r := <-reports:
					if err := f(r); err != nil {
						return err
					}
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		},
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	defer func() { cancel(); <-done }()

	until(t, applied, "")
	<-d.subscribed
	d.set(`{"Id":"h","Names":["/host"],"HostConfig":{"NetworkMode":"host"},"Ports":[]}`)
	<-began
	socket := func(proto, addr, id string) ports.HostSocket {
		return ports.HostSocket{Proto: proto, Addr: netip.MustParseAddrPort(addr), ContainerID: id}
	}
	reports <- []ports.HostSocket{socket("tcp", "0.0.0.0:80", "h"), socket("tcp", "[::]:80", "h"), socket("udp", "127.0.0.1:53", "h"), socket("tcp", "0.0.0.0:99", "gone")}
	want := []ports.Rule{
		{Proto: "udp", HostIP: mustAddr("127.0.0.1"), HostPort: 53, ContainerID: "h", ContainerName: "host", Target: netip.MustParseAddrPort("127.0.0.1:53"), Found: true},
		{Proto: "tcp", HostPort: 80, ContainerID: "h", ContainerName: "host", Target: netip.MustParseAddrPort("192.168.127.2:80"), Found: true},
	}
	if got := <-applied; !reflect.DeepEqual(got, want) {
		t.Errorf("rules:\n%v\nwant:\n%v", got, want)
	}
	reports <- nil
	until(t, applied, "")
	d.set()
	<-ended
}
