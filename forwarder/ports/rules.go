package ports

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
)

// rulesOf makes the rules of containers, sorted. The IDs in reachable are those of networks that the guest itself is in
// and leads into, which are dockerd's bridges; a container on none of them has no rules. Dockerd lists a port published on no address
// once for IPv4 and once for IPv6, which is one rule here.
func rulesOf(containers []container.Summary, reachable map[string]bool) []Rule {
	rules := make(map[key]Rule)
	for _, c := range containers {
		ip := targetIP(c.NetworkSettings, reachable)
		if !ip.IsValid() {
			continue
		}
		for _, p := range c.Ports {
			if p.PublicPort == 0 || (p.Type != "tcp" && p.Type != "udp") {
				continue
			}
			r := Rule{
				Proto: p.Type, HostPort: p.PublicPort,
				ContainerID: c.ID, ContainerName: nameOf(c),
				Target: netip.AddrPortFrom(ip, p.PrivatePort),
			}
			if p.IP.IsValid() && !p.IP.IsUnspecified() {
				r.HostIP = p.IP.Unmap()
			}
			rules[r.key()] = r
		}
	}
	return slices.SortedFunc(maps.Values(rules), compareRules)
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

func compareRules(a, b Rule) int {
	return cmp.Or(
		cmp.Compare(a.HostPort, b.HostPort), cmp.Compare(a.Proto, b.Proto), a.HostIP.Compare(b.HostIP),
	)
}
