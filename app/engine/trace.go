package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"github.com/wherry-app/wherry/app"
)

const (
	// tracePatience is how long all of a trace may take, tryPatience each connection it tries.
	tracePatience = 40 * time.Second
	tryPatience   = 5 * time.Second
)

var _ app.PortTracer = (*Engine)(nil)

// TracePort implements app.PortTracer.
func (e *Engine) TracePort(ctx context.Context, container string, port uint16, proto string) (app.Trace, error) {
	if proto != "tcp" && proto != "udp" {
		return app.Trace{}, app.Errorf("use tcp or udp", "ports of protocol %q cannot be traced", proto)
	}
	ctx, cancel := context.WithTimeout(ctx, tracePatience)
	defer cancel()
	snap, err := e.Snapshot(ctx)
	if err != nil {
		return app.Trace{}, err
	}
	facts := app.PortFacts{Container: container, Port: port, Proto: proto, State: snap.State}
	e.front.mu.Lock()
	s := e.front.sess
	e.front.mu.Unlock()
	if s == nil || facts.State != app.StateRunning {
		return app.ExplainPort(facts), nil
	}
	if err := s.examine(ctx, &facts); err != nil {
		return app.Trace{}, fmt.Errorf("trace port: %w", err)
	}
	return app.ExplainPort(facts), nil
}

// examine finds out the facts of a port.
func (s *session) examine(ctx context.Context, f *app.PortFacts) error {
	docker := s.published.docker
	res, err := docker.ContainerInspect(ctx, f.Container, client.ContainerInspectOptions{})
	if errdefs.IsNotFound(err) {
		f.Others, err = containerNames(ctx, docker)
		return err
	}
	if err != nil {
		return err
	}
	c := res.Container
	f.Exists = true
	if c.State != nil {
		f.Status, f.ExitCode = string(c.State.Status), c.State.ExitCode
	}
	if f.Status != "running" {
		return nil
	}
	target, err := s.place(ctx, f, res)
	if err != nil {
		return err
	}
	sockets, err := s.agent.Sockets(ctx, c.ID)
	f.ListenersErr = err
	for _, l := range sockets {
		if l.Proto == f.Proto {
			f.Listeners = append(f.Listeners, app.Listener{Addr: l.Addr, Program: l.Program})
		}
	}
	if err := s.published.watcher.Refresh(ctx); err != nil {
		return err
	}
	var address string
	for _, p := range s.front.ports(nil) {
		if p.ContainerID != c.ID {
			continue
		}
		f.Published = append(f.Published, p)
		if p.ContainerPort == f.Port && p.Proto == f.Proto && p.Error == "" {
			address = p.HostAddress
		}
	}
	if address != "" && f.Proto == "tcp" && target.IsValid() {
		f.Tried = true
		f.Inside = try(ctx, target.String(), s.dialContainer)
		f.InsideRefused = errors.Is(f.Inside, syscall.ECONNREFUSED)
		f.Outside = try(ctx, reachable(address), new(net.Dialer).DialContext)
	}
	return nil
}

// place says on what networks a container is, and where on them the daemon would connect to the port.
func (s *session) place(ctx context.Context, f *app.PortFacts, res client.ContainerInspectResult) (netip.AddrPort, error) {
	c := res.Container
	if c.HostConfig != nil {
		f.NetworkMode = string(c.HostConfig.NetworkMode)
	}
	if f.NetworkMode == "host" {
		for _, p := range s.front.targets(c.ID) {
			if p.Port() == f.Port {
				return p, nil
			}
		}
		return netip.AddrPort{}, nil
	}
	networks, err := s.published.docker.NetworkList(ctx, client.NetworkListOptions{Filters: make(client.Filters).Add("driver", "bridge")})
	if err != nil || c.NetworkSettings == nil {
		return netip.AddrPort{}, err
	}
	for _, n := range networks.Items {
		for name, ep := range c.NetworkSettings.Networks {
			if ep == nil || ep.NetworkID != n.ID || n.Internal {
				continue
			}
			f.Reachable = true
			if f.NetworkMode == "default" || f.NetworkMode == "" {
				f.NetworkMode = name
			}
			if ep.IPAddress.IsValid() {
				return netip.AddrPortFrom(ep.IPAddress, f.Port), nil
			}
		}
	}
	return netip.AddrPort{}, nil
}

// targets are where connections to a container's ports lead in the guest.
func (f *front) targets(container string) []netip.AddrPort {
	var all []netip.AddrPort
	if st := f.shop(); st != nil {
		for _, p := range st.manager.Status() {
			if p.Rule.ContainerID == container {
				all = append(all, p.Rule.Target)
			}
		}
	}
	return all
}

// containerNames are those of all containers.
func containerNames(ctx context.Context, docker *client.Client) ([]string, error) {
	all, err := docker.ContainerList(ctx, client.ContainerListOptions{All: true})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, c := range all.Items {
		if len(c.Names) > 0 {
			names = append(names, c.Names[0][1:])
		}
	}
	return names, nil
}

// reachable is an address to connect to what listens on an address.
func reachable(listening string) string {
	a, err := netip.ParseAddrPort(listening)
	switch {
	case err != nil:
		return listening
	case a.Addr() == netip.IPv4Unspecified():
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), a.Port()).String()
	case a.Addr() == netip.IPv6Unspecified():
		return netip.AddrPortFrom(netip.IPv6Loopback(), a.Port()).String()
	}
	return listening
}

// try connects and hangs up.
func try(ctx context.Context, address string, dial func(context.Context, string, string) (net.Conn, error)) error {
	ctx, cancel := context.WithTimeout(ctx, tryPatience)
	defer cancel()
	c, err := dial(ctx, "tcp", address)
	if err == nil {
		_ = c.Close()
	}
	return err
}
