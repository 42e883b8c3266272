package hostroutes

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Pool is a network of which docker makes ones of a size in bits.
type Pool struct {
	Base netip.Prefix `json:"base"`
	Size int          `json:"size"`
}

// Plan says which networks the guest has.
type Plan struct {
	// Subnet is the network between the guest and the host.
	Subnet netip.Prefix `json:"subnet"`
	// Bridge is the address and network of docker's own bridge, not valid where docker chooses; Pools are what docker makes
	// others of, empty where it has its own.
	Bridge netip.Prefix `json:"bridge,omitzero"`
	Pools  []Pool       `json:"pools,omitempty"`
}

// DefaultSubnet is the guest's, where nothing is in its way.
const DefaultSubnet = "192.168.127.0/24"

// dockerPools are docker's own, the first of which its own bridge gets.
func dockerPools() []Pool {
	var pools []Pool
	for _, p := range []string{"172.17.0.0/16", "172.18.0.0/16", "172.19.0.0/16", "172.20.0.0/14", "172.24.0.0/14", "172.28.0.0/14"} {
		pools = append(pools, Pool{netip.MustParsePrefix(p), 16})
	}
	return append(pools, Pool{netip.MustParsePrefix("192.168.0.0/16"), 20})
}

// Default is the plan of a host with no routes but the default one. Docker chooses its own networks then.
func Default() Plan { return Plan{Subnet: netip.MustParsePrefix(DefaultSubnet)} }

// Choose makes the plan for a host with routes. The subnet is the user's, or not valid for one that is out of the way.
// Where everything is taken, it takes what a narrower route than others would win anyway.
func Choose(routes []netip.Prefix, subnet netip.Prefix) Plan {
	p := Plan{Subnet: subnet}
	if !p.Subnet.IsValid() {
		p.Subnet = firstFree(routes, subnetCandidates())
	}
	taken := append(slices.Clone(routes), p.Subnet)
	inTheWay := func(d Pool) bool { return overlapsAny(d.Base, routes) }
	if !slices.ContainsFunc(dockerPools(), inTheWay) {
		return p // docker itself keeps off the guest's own network
	}
	var pools []Pool
	for _, d := range append(dockerPools(), spare()...) {
		pools = append(pools, d.without(taken)...)
	}
	if len(pools) == 0 {
		return p
	}
	bridge := netip.PrefixFrom(pools[0].Base.Addr(), pools[0].Size)
	p.Bridge = netip.PrefixFrom(bridge.Addr().Next(), bridge.Bits())
	for _, d := range pools {
		p.Pools = append(p.Pools, d.without([]netip.Prefix{bridge})...)
	}
	if len(p.Pools) > maxPools {
		p.Pools = p.Pools[:maxPools]
	}
	return p
}

// maxPools keeps the kernel's command line short.
const maxPools = 24

// spare are networks for a host whose routes take most of docker's own: seldom used, and last the one that is set aside
// for measuring networks.
func spare() []Pool {
	return []Pool{
		{netip.MustParsePrefix("10.192.0.0/11"), 20},
		{netip.MustParsePrefix("10.96.0.0/12"), 20},
		{netip.MustParsePrefix("100.96.0.0/12"), 20},
		{netip.MustParsePrefix("198.18.0.0/15"), 24},
	}
}

// subnetCandidates are networks for the guest, the first that is free counts.
func subnetCandidates() []netip.Prefix {
	list := []netip.Prefix{netip.MustParsePrefix(DefaultSubnet)}
	for _, s := range []string{"192.168.%d.0/24", "10.127.%d.0/24", "172.31.%d.0/24", "100.127.%d.0/24", "198.19.%d.0/24"} {
		for n := 127; n < 255; n += 16 {
			list = append(list, netip.MustParsePrefix(fmt.Sprintf(s, n)))
		}
	}
	return list
}

func firstFree(routes, candidates []netip.Prefix) netip.Prefix {
	for _, c := range candidates {
		if !overlapsAny(c, routes) {
			return c
		}
	}
	return candidates[0]
}

func overlapsAny(p netip.Prefix, routes []netip.Prefix) bool {
	return slices.ContainsFunc(routes, p.Overlaps)
}

// without is what of a pool is in nobody's way, in as few parts as can be, none smaller than the pool's size.
func (d Pool) without(routes []netip.Prefix) []Pool {
	if !overlapsAny(d.Base, routes) {
		return []Pool{d}
	}
	if d.Base.Bits() >= d.Size {
		return nil
	}
	low, high := halves(d.Base)
	return append(Pool{low, d.Size}.without(routes), Pool{high, d.Size}.without(routes)...)
}

// halves cuts a network in two.
func halves(p netip.Prefix) (low, high netip.Prefix) {
	bits := p.Bits() + 1
	b := p.Masked().Addr().As4()
	low = netip.PrefixFrom(p.Masked().Addr(), bits)
	binary.BigEndian.PutUint32(b[:], binary.BigEndian.Uint32(b[:])|1<<(32-bits))
	return low, netip.PrefixFrom(netip.AddrFrom4(b), bits)
}

// Cmdline is the plan as the guest's kernel is told, with a space before each word; empty for the default one.
func (p Plan) Cmdline() string {
	var s strings.Builder
	if p.Subnet.String() != DefaultSubnet {
		s.WriteString(" wherry.subnet=" + p.Subnet.String())
	}
	if p.Bridge.IsValid() {
		s.WriteString(" wherry.bridge=" + p.Bridge.String())
	}
	sep := " wherry.pools="
	for _, d := range p.Pools {
		s.WriteString(sep + d.Base.String() + ":" + strconv.Itoa(d.Size))
		sep = ","
	}
	return s.String()
}

// Gateway is the address of the host's end, the first of the subnet.
func (p Plan) Gateway() netip.Addr { return p.Subnet.Addr().Next() }

// Guest is the guest's own address, the second of the subnet.
func (p Plan) Guest() netip.Addr { return p.Gateway().Next() }

// Host is the address that stands for the host's loopback, the last of the subnet.
func (p Plan) Host() netip.Addr {
	b := p.Subnet.Addr().As4()
	last := binary.BigEndian.Uint32(b[:]) | (1<<(32-p.Subnet.Bits()) - 1)
	binary.BigEndian.PutUint32(b[:], last-1)
	return netip.AddrFrom4(b)
}

// Collision is a route of the host that a network of the plan's is in the way of; ok is false if there is none. Docker's
// own networks are looked at only where the plan names them, else its first one.
func (p Plan) Collision(routes []netip.Prefix) (route, network netip.Prefix, ok bool) {
	mine := []netip.Prefix{p.Subnet}
	if p.Bridge.IsValid() {
		mine = append(mine, p.Bridge.Masked())
	} else {
		mine = append(mine, dockerPools()[0].Base)
	}
	for _, r := range routes {
		for _, m := range mine {
			if r.Overlaps(m) {
				return r, m, true
			}
		}
	}
	return netip.Prefix{}, netip.Prefix{}, false
}
