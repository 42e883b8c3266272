package engine

import (
	"context"
	"net/netip"
	"regexp"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/forwarder/ports"
	"github.com/wherry-app/wherry/linuxvm/control"
)

// Ports implements app.Inspector.
func (e *Engine) Ports(context.Context) ([]app.Port, error) {
	snap, _ := e.pub.get()
	return e.front.ports(snap.Ports), nil
}

// ports are the published ports as they are now, or last if the front is closed.
func (f *front) ports(last []app.Port) []app.Port {
	f.mu.Lock()
	st, awake := f.stall, f.sess != nil
	f.mu.Unlock()
	if st == nil {
		return last
	}
	list := portList(st.manager.Status())
	for i := range list {
		if list[i].State == app.PortOpen && !awake {
			list[i].State = app.PortAsleep
		}
	}
	return list
}

// portList is the forwarder's view of ports as the user sees it.
func portList(status []ports.Status) []app.Port {
	list := []app.Port{}
	for _, st := range status {
		r := st.Rule
		p := app.Port{
			Container: r.ContainerName, ContainerID: r.ContainerID, ContainerPort: r.Target.Port(), Proto: r.Proto,
			HostAddress: st.Addr, State: app.PortOpen, Found: r.Found,
			BytesIn: st.BytesIn, BytesOut: st.BytesOut, Connections: st.Conns,
		}
		if info := app.InfoOf(st.Err); info != nil {
			p.State, p.Error, p.Hint = app.PortFailed, info.Message, info.Hint
		}
		list = append(list, p)
	}
	return list
}

// hostSockets follows what containers on the guest's own network listen on.
func (s *session) hostSockets(ctx context.Context, f func([]ports.HostSocket) error) error {
	return s.agent.WatchSockets(ctx, func(all []control.Socket) error {
		sockets := make([]ports.HostSocket, 0, len(all))
		for _, c := range all {
			sockets = append(sockets, ports.HostSocket{Proto: c.Proto, Addr: c.Addr, ContainerID: c.Container})
		}
		return f(sockets)
	})
}

// onLoopback tells whether an address is one of the guest's own loopback, to which only its agent can connect.
func onLoopback(address string) bool {
	a, err := netip.ParseAddrPort(address)
	return err == nil && a.Addr().IsLoopback()
}

// allocated is how dockerd says that a port of the guest is another container's.
var allocated = regexp.MustCompile(`Bind for (\S+):(\d+) failed: port is already allocated`)

// refused makes of dockerd's word that a container cannot be started one that names whose port it wants, and a free one.
func (f *front) refused(_ context.Context, container, message string) string {
	found := allocated.FindStringSubmatch(message)
	st := f.shop()
	if found == nil || st == nil {
		return message
	}
	host, err := netip.ParseAddrPort(found[1] + ":" + found[2])
	if err != nil {
		return message
	}
	info := app.InfoOf(st.manager.Allocated(container, host))
	if info == nil {
		return message
	}
	return info.Message + ": " + info.Hint
}
