package pid1

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Options are what the host says on the kernel's command line.
type Options struct {
	// MTU of the network card: wherry.mtu=.
	MTU int
	// Orphan is how long the guest goes on without a host, 0 for ever: wherry.orphan= in seconds.
	Orphan time.Duration
	// Debug makes the agent and its services say more: wherry.debug.
	Debug bool
	// Subnet of the network between the guest and the host: wherry.subnet=.
	Subnet netip.Prefix
	// Bridge is the address and network of docker's own bridge: wherry.bridge=. Not valid: dockerd chooses.
	Bridge netip.Prefix
	// Pools are what dockerd makes networks of, as BASE:SIZE with commas between them: wherry.pools=. Empty: dockerd's own.
	Pools []Pool
}

// Pool is a network that dockerd cuts into ones of a size in bits.
type Pool struct {
	Base netip.Prefix
	Size int
}

// DefaultOptions are those of an empty command line.
func DefaultOptions() Options {
	return Options{MTU: 65520, Orphan: 10 * time.Minute, Subnet: netip.MustParsePrefix("192.168.127.0/24")}
}

// ParseCmdline reads the options out of a kernel command line. A value that makes no sense leaves the default.
func ParseCmdline(cmdline string) Options {
	o := DefaultOptions()
	for word := range strings.FieldsSeq(cmdline) {
		key, value, _ := strings.Cut(word, "=")
		n, err := strconv.Atoi(value)
		switch {
		case key == "wherry.debug":
			o.Debug = true
		case key == "wherry.mtu" && err == nil && n >= 576 && n <= 65535:
			o.MTU = n
		case key == "wherry.orphan" && err == nil && n >= 0:
			o.Orphan = time.Duration(n) * time.Second
		case key == "wherry.subnet":
			if p, ok := parseNetwork(value); ok && p.Bits() <= 28 {
				o.Subnet = p.Masked()
			}
		case key == "wherry.bridge":
			if p, ok := parseNetwork(value); ok {
				o.Bridge = p
			}
		case key == "wherry.pools":
			o.Pools = parsePools(value)
		}
	}
	return o
}

func parseNetwork(s string) (netip.Prefix, bool) {
	p, err := netip.ParsePrefix(s)
	return p, err == nil && p.Addr().Is4() && p.Bits() > 0
}

// parsePools reads pools; one that makes no sense makes all of them nothing.
func parsePools(s string) []Pool {
	var pools []Pool
	for one := range strings.SplitSeq(s, ",") {
		base, size, _ := strings.Cut(one, ":")
		p, ok := parseNetwork(base)
		n, err := strconv.Atoi(size)
		if !ok || err != nil || n < p.Bits() || n > 30 {
			return nil
		}
		pools = append(pools, Pool{p.Masked(), n})
	}
	return pools
}

// Gateway is the address of the host's end of the network, the first one of the subnet.
func (o Options) Gateway() netip.Addr { return o.Subnet.Addr().Next() }

// Address is the guest's own, the second one, with its network.
func (o Options) Address() netip.Prefix {
	return netip.PrefixFrom(o.Gateway().Next(), o.Subnet.Bits())
}

// Host is the address that stands for the host's loopback, the last one.
func (o Options) Host() netip.Addr {
	b := o.Subnet.Addr().As4()
	last := binary.BigEndian.Uint32(b[:]) | (1<<(32-o.Subnet.Bits()) - 1)
	binary.BigEndian.PutUint32(b[:], last-1)
	return netip.AddrFrom4(b)
}
