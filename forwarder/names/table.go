package names

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/moby/moby/api/types/container"

	"github.com/wherry-app/wherry/forwarder/ports"
)

// Labels of a container that decide about its names.
const (
	// LabelPort says which port is the web's.
	LabelPort = "wherry.port"
	// LabelNames is "off" for a container that shall have no names.
	LabelNames = "wherry.names"
)

// Target is a container that has names.
type Target struct {
	ID, Name         string
	Service, Project string // of compose; empty for others
	// Addr is the container's address as the guest reaches it; the loopback for one on the guest's own network.
	Addr netip.Addr
	// Port is its web port, 0 if it is not known to have one.
	Port uint16
	// Published are its ports that dockerd lets in from outside of its networks.
	Published []uint16

	replica int
}

// hosts are the target's names, without .localhost.
func (t Target) hosts() []string {
	list := []string{strings.ToLower(t.Name)}
	if t.Service != "" && t.Project != "" {
		list = append(list, strings.ToLower(t.Service+"."+t.Project))
	}
	return slices.DeleteFunc(list, func(n string) bool { return !valid(n) })
}

// Targets makes targets of containers, sorted by name. The IDs in reachable are those of networks that the guest leads
// into; a container on none of them, and not on the guest's own network, has no names.
func Targets(containers []container.Summary, reachable map[string]bool) []Target {
	var list []Target
	for _, c := range containers {
		if strings.EqualFold(c.Labels[LabelNames], "off") {
			continue
		}
		addr := ports.Address(c.NetworkSettings, reachable)
		if c.HostConfig.NetworkMode == "host" {
			addr = netip.AddrFrom4([4]byte{127, 0, 0, 1})
		}
		if !addr.IsValid() {
			continue
		}
		t := Target{
			ID: c.ID, Name: ports.Name(c), Addr: addr,
			Service: c.Labels["com.docker.compose.service"], Project: c.Labels["com.docker.compose.project"],
		}
		t.replica, _ = strconv.Atoi(c.Labels["com.docker.compose.container-number"])
		t.Port, t.Published = webPort(c)
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b Target) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return list
}

// wellKnown are ports on which web servers listen, the likeliest first.
func wellKnown() []uint16 {
	return []uint16{80, 8080, 3000, 8000, 5000, 5173, 4200, 8081, 8888, 9000, 443, 8443}
}

// webPort chooses the port for a container's name: its label's; else of the published ones, or where there are none of the
// exposed ones, a well-known one or the lowest.
func webPort(c container.Summary) (web uint16, published []uint16) {
	var exposed []uint16
	for _, p := range c.Ports {
		if p.Type != "tcp" {
			continue
		}
		exposed = append(exposed, p.PrivatePort)
		if p.PublicPort != 0 {
			published = append(published, p.PrivatePort)
		}
	}
	slices.Sort(published)
	published = slices.Compact(published)
	if n, err := strconv.ParseUint(c.Labels[LabelPort], 10, 16); err == nil && n > 0 {
		return uint16(n), published
	}
	from := published
	if len(from) == 0 {
		from = exposed
	}
	for _, p := range wellKnown() {
		if slices.Contains(from, p) {
			return p, published
		}
	}
	if len(from) > 0 {
		return slices.Min(from), published
	}
	return 0, published
}

// Table knows which container a name means.
type Table struct {
	mu      sync.RWMutex
	targets []Target
	byHost  map[string]Target
}

// Set makes targets those that there are.
func (t *Table) Set(targets []Target) {
	byHost := map[string]Target{}
	for _, x := range targets {
		for i, h := range x.hosts() {
			old, ok := byHost[h]
			// A container's own name goes before a service's; of a service's containers the first one answers.
			if !ok || (i == 0 && !strings.EqualFold(old.Name, h)) || (i > 0 && !strings.EqualFold(old.Name, h) && x.replica < old.replica) {
				byHost[h] = x
			}
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.targets, t.byHost = slices.Clone(targets), byHost
}

// Targets are those there are.
func (t *Table) Targets() []Target {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return slices.Clone(t.targets)
}

// find returns the target of a host's name and the port that it means, 0 if none is known. own are the ports of names
// themselves: one of those in a URL says nothing about the container's.
func (t *Table) find(h host, own []uint16) (Target, uint16, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	x, ok := t.byHost[h.name]
	port := x.Port
	if !ok {
		n, rest, numbered := cutPort(h.name)
		if x, ok = t.byHost[rest]; !numbered || !ok {
			return Target{}, 0, false
		}
		return x, n, true
	}
	if h.port != 0 && !slices.Contains(own, h.port) {
		port = h.port
	}
	return x, port, true
}

// at is the target with an address.
func (t *Table) at(addr netip.Addr) (Target, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	i := slices.IndexFunc(t.targets, func(x Target) bool { return x.Addr == addr })
	if i < 0 {
		return Target{}, false
	}
	return t.targets[i], true
}
