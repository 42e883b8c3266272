package ports

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
)

// facts are what rules are made of.
type facts struct {
	containers []container.Summary
	// reachable has the IDs of networks that the guest itself is in and leads into, which are dockerd's bridges.
	reachable map[string]bool
	// asked is what the containers were asked to publish, by ID; what dockerd lists does not tell 0.0.0.0 from nothing, and
	// leaves out addresses of IPv6 for a container that has none.
	asked map[string]network.PortMap
	// sockets are those of containers on the guest's own network, and hostAddr how one that is bound to any address is
	// reached.
	sockets  []HostSocket
	hostAddr netip.Addr
}

// rules are those of all containers, sorted. A container on no reachable network has none. Dockerd lists a port published
// on no address once for IPv4 and once for IPv6, which is one rule here.
func (f facts) rules() []Rule {
	type id struct {
		key
		container string
	}
	rules := make(map[id]Rule)
	add := func(r Rule) { rules[id{r.key(), r.ContainerID}] = r }
	for _, c := range f.containers {
		if ip := targetIP(c.NetworkSettings, f.reachable); ip.IsValid() {
			publishedRules(c, ip, f.asked[c.ID], add)
		}
	}
	for _, s := range f.sockets {
		i := slices.IndexFunc(f.containers, func(c container.Summary) bool { return c.ID == s.ContainerID })
		if i >= 0 {
			add(f.foundRule(s, f.containers[i]))
		}
	}
	return slices.SortedFunc(maps.Values(rules), compareRules)
}

// publishedRules are those of a container's published ports.
func publishedRules(c container.Summary, ip netip.Addr, asked network.PortMap, add func(Rule)) {
	rule := func(proto string, host netip.Addr, hostPort, port uint16) Rule {
		return Rule{
			Proto: proto, HostIP: host.Unmap(), HostPort: hostPort,
			ContainerID: c.ID, ContainerName: nameOf(c), Target: netip.AddrPortFrom(ip, port),
		}
	}
	for _, p := range c.Ports {
		if p.PublicPort == 0 || !forwarded(p.Type) {
			continue
		}
		host := p.IP
		if host.IsValid() && host.IsUnspecified() && !askedFor(asked, p, host) {
			host = netip.Addr{}
		}
		add(rule(p.Type, host, p.PublicPort, p.PrivatePort))
	}
	for port, bindings := range asked {
		for _, b := range bindings {
			n, err := strconv.ParseUint(b.HostPort, 10, 16)
			if err == nil && n != 0 && b.HostIP.Is6() && !b.HostIP.Is4In6() && forwarded(string(port.Proto())) {
				add(rule(string(port.Proto()), b.HostIP, uint16(n), port.Num()))
			}
		}
	}
}

func forwarded(proto string) bool { return proto == "tcp" || proto == "udp" }

// askedFor tells whether a listed port was published on that very address.
func askedFor(asked network.PortMap, p container.PortSummary, host netip.Addr) bool {
	for port, bindings := range asked {
		if port.Num() != p.PrivatePort || string(port.Proto()) != p.Type {
			continue
		}
		for _, b := range bindings {
			n, err := strconv.ParseUint(b.HostPort, 10, 16)
			if b.HostIP == host && (err != nil || n == 0 || uint16(n) == p.PublicPort) { // else dockerd has chosen it
				return true
			}
		}
	}
	return false
}

// foundRule is the rule of a socket of a container on the guest's own network. One that is bound to any address of the
// guest, or to one that only the guest has, is treated as a port published on none; one on loopback stays on loopback.
func (f facts) foundRule(s HostSocket, c container.Summary) Rule {
	r := Rule{
		Proto: s.Proto, HostPort: s.Addr.Port(), ContainerID: c.ID, ContainerName: nameOf(c), Target: s.Addr, Found: true,
	}
	switch ip := s.Addr.Addr(); {
	case ip.IsLoopback():
		r.HostIP = ip
	case ip.IsUnspecified():
		r.Target = netip.AddrPortFrom(f.hostAddr, s.Addr.Port())
	}
	return r
}

// targetIP is the container's address on a network that is reachable, the first by name, IPv4 before IPv6.
func targetIP(s *container.NetworkSettingsSummary, reachable map[string]bool) netip.Addr {
	if s == nil {
		return netip.Addr{}
	}
	for _, pick := range []func(*network.EndpointSettings) netip.Addr{
		func(e *network.EndpointSettings) netip.Addr { return e.IPAddress },
		func(e *network.EndpointSettings) netip.Addr { return e.GlobalIPv6Address },
	} {
		for _, name := range slices.Sorted(maps.Keys(s.Networks)) {
			e := s.Networks[name]
			if e != nil && reachable[e.NetworkID] && pick(e).IsValid() {
				return pick(e)
			}
		}
	}
	return netip.Addr{}
}

// nameOf is the container's own name; names with a slash inside are those that others gave it with links.
func nameOf(c container.Summary) string {
	for _, n := range c.Names {
		if n = strings.TrimPrefix(n, "/"); n != "" && !strings.Contains(n, "/") {
			return n
		}
	}
	return c.ID[:min(len(c.ID), 12)]
}

// compareRules sorts by port; a rule that was published comes before one that was found.
func compareRules(a, b Rule) int {
	found := func(r Rule) int {
		if r.Found {
			return 1
		}
		return 0
	}
	return cmp.Or(
		cmp.Compare(a.HostPort, b.HostPort), cmp.Compare(a.Proto, b.Proto), a.HostIP.Compare(b.HostIP),
		cmp.Compare(found(a), found(b)), cmp.Compare(a.ContainerID, b.ContainerID),
	)
}
