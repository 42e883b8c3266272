package names

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
)

func testTargets() []Target {
	a := func(last byte) netip.Addr { return netip.AddrFrom4([4]byte{172, 17, 0, last}) }
	return []Target{
		{ID: "1", Name: "web", Addr: a(2), Port: 8080},
		{ID: "2", Name: "shop-api-1", Service: "api", Project: "shop", Addr: a(3), Port: 3000, replica: 1},
		{ID: "3", Name: "shop-api-2", Service: "api", Project: "shop", Addr: a(4), Port: 3000, replica: 2},
		{ID: "4", Name: "bare", Addr: a(5)},
		{ID: "5", Name: "8081.web", Addr: a(6), Port: 1},
	}
}

func TestFind(t *testing.T) {
	var table Table
	targets := testTargets()
	for range 2 {
		slices.Reverse(targets) // the order does not matter
		table.Set(targets)
		for in, want := range map[string]struct {
			id   string
			port uint16
		}{
			"web.localhost":         {"1", 8080},
			"web.localhost:80":      {"1", 8080}, // our own port
			"web.localhost:9000":    {"1", 9000},
			"9001.web.localhost":    {"1", 9001},
			"8081.web.localhost":    {"5", 1}, // a container of that very name
			"api.shop.localhost":    {"2", 3000},
			"99.api.shop.localhost": {"2", 99},
			"shop-api-2.localhost":  {"3", 3000},
			"bare.localhost":        {"4", 0},
			"5000.bare.localhost":   {"4", 5000},
		} {
			h, _ := parseHost(in)
			if got, port, ok := table.find(h, []uint16{80, 443}); !ok || got.ID != want.id || port != want.port {
				t.Errorf("%s: got %s port %d, %v, want %+v", in, got.Name, port, ok, want)
			}
		}
		for _, in := range []string{"none.localhost", "0.web.localhost", "x.web.localhost", "shop.localhost", "localhost"} {
			h, _ := parseHost(in)
			if got, _, ok := table.find(h, nil); ok {
				t.Errorf("%s leads to %s", in, got.Name)
			}
		}
	}
}

func TestTargets(t *testing.T) {
	on := func(id, ip string) *container.NetworkSettingsSummary {
		return &container.NetworkSettingsSummary{Networks: map[string]*network.EndpointSettings{"n": {NetworkID: id, IPAddress: netip.MustParseAddr(ip)}}}
	}
	port := func(private, public uint16, proto string) container.PortSummary {
		return container.PortSummary{PrivatePort: private, PublicPort: public, Type: proto}
	}
	hostNet := container.Summary{ID: "h", Names: []string{"/onhost"}, Labels: map[string]string{LabelPort: "9999"}}
	hostNet.HostConfig.NetworkMode = "host"
	got := Targets([]container.Summary{
		{ID: "a", Names: []string{"/a"}, NetworkSettings: on("ok", "172.17.0.2"), Ports: []container.PortSummary{port(9000, 0, "tcp"), port(80, 0, "tcp"), port(53, 53, "udp")}},
		{ID: "b", Names: []string{"/b"}, NetworkSettings: on("ok", "172.17.0.3"), Ports: []container.PortSummary{port(80, 0, "tcp"), port(7001, 7001, "tcp"), port(7000, 7000, "tcp"), port(7000, 7000, "tcp")}},
		{ID: "c", Names: []string{"/c"}, NetworkSettings: on("ok", "172.17.0.4"), Labels: map[string]string{LabelPort: "1234", "com.docker.compose.service": "c", "com.docker.compose.project": "p"}},
		{ID: "d", Names: []string{"/d"}, NetworkSettings: on("internal", "172.18.0.4")},
		{ID: "e", Names: []string{"/e"}, NetworkSettings: on("ok", "172.17.0.5"), Labels: map[string]string{LabelNames: "off"}},
		hostNet,
	}, map[string]bool{"ok": true})
	want := []struct {
		name, addr string
		port       uint16
		published  []uint16
	}{
		{"a", "172.17.0.2", 80, nil}, {"b", "172.17.0.3", 7000, []uint16{7000, 7001}}, {"c", "172.17.0.4", 1234, nil}, {"onhost", "127.0.0.1", 9999, nil},
	}
	if len(got) != len(want) {
		t.Fatalf("got %+v", got)
	}
	for i, w := range want {
		if g := got[i]; g.Name != w.name || g.Addr.String() != w.addr || g.Port != w.port || !slices.Equal(g.Published, w.published) {
			t.Errorf("got %+v, want %+v", g, w)
		}
	}
	if got[2].Service != "c" || got[2].Project != "p" {
		t.Errorf("compose: %+v", got[2])
	}
}
