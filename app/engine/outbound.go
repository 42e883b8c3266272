package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/hostproxy"
	"github.com/wherry-app/wherry/app/hostroutes"
	"github.com/wherry-app/wherry/forwarder/dockersock"
	"github.com/wherry-app/wherry/forwarder/outbound"
	"github.com/wherry-app/wherry/forwarder/webproxy"
	"github.com/wherry-app/wherry/linuxvm/control"
	"github.com/wherry-app/wherry/vmhost/statefile"
)

// newProxyFinder says by which proxy of the host a request goes, by the settings at that moment.
func (e *Engine) newProxyFinder() *hostproxy.Finder {
	return &hostproxy.Finder{Env: os.Getenv, System: hostproxy.System, Settings: func() app.Outbound {
		set, err := e.Settings(context.Background())
		if err != nil {
			return app.DefaultOutbound()
		}
		return set.Outbound
	}}
}

// newNetwork makes the other end of the guest's network card, with a proxy for dockerd on the gateway.
func (s *session) newNetwork() (*outbound.Network, error) {
	plan := s.plan.network
	var n *outbound.Network
	proxy := webproxy.New(webproxy.Config{
		Next: s.proxies.Next,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			return n.DialName(ctx, network, address)
		},
		Logger: s.log,
	})
	n, err := outbound.New(outbound.Config{
		Subnet: plan.Subnet.String(), Gateway: plan.Gateway().String(), Host: plan.Host().String(), Guest: plan.Guest().String(),
		Dial:     s.dialHost,
		Services: map[uint16]func(context.Context, net.Listener){control.ProxyPort: proxy.Serve},
		Logger:   s.log,
	})
	return n, err
}

// planFile keeps the networks of the machine that runs or is saved.
func (e *Engine) planFile() string { return filepath.Join(e.cfg.Home.Cache(), "network.json") }

// planNetwork chooses the guest's networks out of the way of the host's routes. A machine that runs or is saved keeps its
// own.
func (s *session) planNetwork() hostroutes.Plan {
	if s.leftover(s.life) || Suspended(s.cfg.Home) {
		var p hostroutes.Plan
		b, err := os.ReadFile(s.planFile())
		if err == nil && json.Unmarshal(b, &p) == nil && p.Subnet.IsValid() {
			return p
		}
		return hostroutes.Default()
	}
	routes, err := hostroutes.Read()
	if err != nil {
		s.log.Warn("the guest's networks may be in the way of the host's", "error", err)
	}
	wish, err := netip.ParsePrefix(s.plan.settings.Subnet)
	if err != nil {
		wish = netip.Prefix{} // auto
	}
	p := hostroutes.Choose(routes, wish)
	if words := p.Cmdline(); words != "" {
		s.log.Info("networks are out of the way of the host's routes", "words", words)
	}
	b, err := json.Marshal(p)
	if err == nil {
		err = statefile.WriteFile(s.planFile(), b)
	}
	if err != nil {
		s.log.Warn("keep the guest's networks", "error", err)
	}
	return p
}

// routesEvery is how often the host's routes are looked at while the guest runs.
const routesEvery = time.Minute

// watchRoutes warns when the host gets a route, by a VPN for example, that a network of the guest's is in the way of.
func (s *session) watchRoutes(ctx context.Context) error {
	tick := time.NewTicker(routesEvery)
	defer tick.Stop()
	var warned netip.Prefix
	for {
		routes, err := hostroutes.Read()
		route, network, bad := s.plan.network.Collision(routes)
		if err == nil && bad && route != warned {
			warned = route
			err := app.Errorf("run `wherry restart`: the networks of containers then move out of its way", "this computer now has a route to %v, which containers cannot use: they have %v themselves", route, network)
			s.log.Warn("routes", "error", err)
			s.report("", func(snap *app.Snapshot) { snap.Warnings = append(snap.Warnings, *app.InfoOf(err)) })
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// proxyEnv is what new containers, where the user wants that, and builds are told of proxies.
func (e *Engine) proxyEnv() dockersock.ProxyEnv {
	return dockersock.ProxyEnv{
		Builds: e.proxyForContainers,
		Containers: func() string {
			if set, err := e.Settings(context.Background()); err != nil || !set.ContainerProxy {
				return ""
			}
			return e.proxyForContainers()
		},
		NoProxy: "localhost,127.0.0.0/8,::1,.docker.internal",
	}
}

// proxyForContainers is the gateway's proxy as builds and containers name it; empty where the host has none.
func (e *Engine) proxyForContainers() string {
	if !e.proxies.Any() {
		return ""
	}
	return fmt.Sprintf("http://gateway.docker.internal:%d", control.ProxyPort)
}
