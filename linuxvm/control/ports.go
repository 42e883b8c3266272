package control

import (
	"context"
	"net/netip"
	"slices"

	"github.com/lima-vm/lima/v2/pkg/guestagent/api"
)

// ListeningPort is a port on which something in the guest listens.
type ListeningPort struct {
	// Proto is "tcp" or "udp".
	Proto string
	// Addr is the address it is bound to in the guest.
	Addr netip.AddrPort
}

// A PortWatcher is a Guest that also knows its listening ports, those of containers on the host's network among them.
type PortWatcher interface {
	// WatchPorts calls f with all listening ports, first the present ones and then after each change, until ctx ends or
	// f returns an error.
	WatchPorts(ctx context.Context, f func([]ListeningPort) error) error
}

// api is p as lima says it.
func (p ListeningPort) api() *api.IPPort {
	return &api.IPPort{Protocol: p.Proto, Ip: p.Addr.Addr().String(), Port: int32(p.Addr.Port())}
}

// fromAPI is the inverse of api; ok is false for what is no address.
func fromAPI(p *api.IPPort) (port ListeningPort, ok bool) {
	ip, err := netip.ParseAddr(p.GetIp())
	if err != nil || p.GetPort() < 0 || p.GetPort() > 65535 {
		return ListeningPort{}, false
	}
	return ListeningPort{Proto: p.GetProtocol(), Addr: netip.AddrPortFrom(ip, uint16(p.GetPort()))}, true
}

// portsEvent says what leads from known to ports, and makes known that.
func portsEvent(known map[ListeningPort]bool, ports []ListeningPort) *api.Event {
	ev := &api.Event{}
	for p := range known {
		if !slices.Contains(ports, p) {
			delete(known, p)
			ev.RemovedLocalPorts = append(ev.RemovedLocalPorts, p.api())
		}
	}
	for _, p := range ports {
		if !known[p] {
			known[p] = true
			ev.AddedLocalPorts = append(ev.AddedLocalPorts, p.api())
		}
	}
	return ev
}

// applyEvent does to known what ev says.
func applyEvent(known map[ListeningPort]bool, ev *api.Event) {
	for _, p := range ev.GetRemovedLocalPorts() {
		if port, ok := fromAPI(p); ok {
			delete(known, port)
		}
	}
	for _, p := range ev.GetAddedLocalPorts() {
		if port, ok := fromAPI(p); ok {
			known[port] = true
		}
	}
}
