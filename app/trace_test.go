package app_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/wherry-app/wherry/app"
)

func listener(addr, program string) app.Listener {
	return app.Listener{Addr: netip.MustParseAddrPort(addr), Program: program}
}

func TestExplainPort(t *testing.T) {
	web := func(change func(*app.PortFacts)) app.PortFacts {
		f := app.PortFacts{
			Container: "web", Port: 80, Proto: "tcp", State: app.StateRunning, Exists: true, Status: "running",
			NetworkMode: "bridge", Reachable: true, Listeners: []app.Listener{listener("0.0.0.0:80", "nginx")},
			Published: []app.Port{{Container: "web", ContainerPort: 80, Proto: "tcp", HostAddress: "127.0.0.1:8080"}}, Tried: true,
		}
		change(&f)
		return f
	}
	refused := errors.New("connection refused")
	for _, tt := range []struct {
		name   string
		change func(*app.PortFacts)
		hop    string // the first that is a problem; empty if the port answers
		words  string // in its message or hint
		all    int    // hops
	}{
		{"all is well", func(*app.PortFacts) {}, "", "", 7},
		{"engine", func(f *app.PortFacts) { f.State = app.StateStopped }, "engine", "wherry start", 1},
		{"no container", func(f *app.PortFacts) { f.Exists, f.Others = false, []string{"db", "cache"} }, "container", "db, cache", 2},
		{"no container at all", func(f *app.PortFacts) { f.Exists = false }, "container", "docker ps -a", 2},
		{"paused", func(f *app.PortFacts) { f.Status = "paused" }, "container", "docker unpause web", 2},
		{"ended", func(f *app.PortFacts) { f.Status, f.ExitCode = "exited", 137 }, "container", "137", 2},
		{"restarting", func(f *app.PortFacts) { f.Status = "restarting" }, "container", "docker logs web", 2},
		{"created", func(f *app.PortFacts) { f.Status = "created" }, "container", "docker start web", 2},
		{"no network", func(f *app.PortFacts) { f.NetworkMode = "none" }, "network", "without `--network none`", 3},
		{"internal", func(f *app.PortFacts) { f.Reachable = false }, "network", "docker network connect", 3},
		{"nothing listens", func(f *app.PortFacts) {
			f.Listeners, f.Inside, f.InsideRefused = []app.Listener{listener("0.0.0.0:3000", "node"), listener("[::]:3000", "node")}, refused, true
		}, "listening", "it listens on 3000:", 6},
		{"loopback inside", func(f *app.PortFacts) {
			f.Listeners, f.Inside, f.InsideRefused = []app.Listener{listener("127.0.0.1:80", "node")}, refused, true
		}, "listening", "0.0.0.0", 6},
		{"not seen", func(f *app.PortFacts) { f.Listeners, f.ListenersErr = nil, errors.New("no agent") }, "", "", 7},
		{"not published", func(f *app.PortFacts) { f.Published[0].ContainerPort = 81 }, "published", "-p 80:80", 5},
		{"taken", func(f *app.PortFacts) { f.Published[0].Error, f.Published[0].Hint = "in use by nginx", "stop nginx" }, "published", "stop nginx", 5},
		{"firewall inside", func(f *app.PortFacts) { f.Inside = errors.New("timed out") }, "path", "firewall", 6},
		{"firewall outside", func(f *app.PortFacts) { f.Outside = errors.New("timed out") }, "answer", "127.0.0.1:8080", 7},
		{"udp", func(f *app.PortFacts) {
			f.Proto, f.Published[0].Proto, f.Tried, f.Listeners = "udp", "udp", false, []app.Listener{listener("0.0.0.0:80", "")}
		}, "", "", 6},
		{"udp not published", func(f *app.PortFacts) { f.Proto = "udp" }, "published", "-p 80:80/udp", 5},
		{"host network", func(f *app.PortFacts) {
			f.NetworkMode, f.Reachable, f.Listeners = "host", false, []app.Listener{listener("127.0.0.1:80", "nginx")}
		}, "", "", 7},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := app.ExplainPort(web(tt.change))
			first := app.Hop{}
			for _, h := range got.Hops {
				if h.State == app.HopProblem {
					first = h
					break
				}
			}
			if first.Name != tt.hop || got.Answers != (tt.hop == "") || len(got.Hops) != tt.all {
				t.Fatalf("got %+v", got)
			}
			if !strings.Contains(first.Message+" "+first.Hint, tt.words) {
				t.Errorf("%+v does not say %q", first, tt.words)
			}
		})
	}
}
