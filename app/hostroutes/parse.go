package hostroutes

import (
	"encoding/hex"
	"math/bits"
	"net/netip"
	"strconv"
	"strings"
)

// broadest is the shortest prefix that counts: shorter ones are ways out into the world, such as a VPN's 0.0.0.0/1.
const broadest = 4

// counts says whether a route is one to keep out of the way of.
func counts(p netip.Prefix) bool {
	a := p.Addr()
	return p.IsValid() && p.Bits() >= broadest && !a.IsLoopback() && !a.IsLinkLocalUnicast() && !a.IsMulticast() && !a.IsUnspecified()
}

// parseProc reads Linux' /proc/net/route.
func parseProc(text string) []netip.Prefix {
	var list []netip.Prefix
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 8 {
			continue
		}
		to, ok := parseHex(f[1])
		mask, mok := parseHex(f[7])
		if !ok || !mok {
			continue
		}
		m := mask.As4()
		n := bits.LeadingZeros32(^(uint32(m[0])<<24 | uint32(m[1])<<16 | uint32(m[2])<<8 | uint32(m[3])))
		if p := netip.PrefixFrom(to, n); counts(p) {
			list = append(list, p.Masked())
		}
	}
	return list
}

// parseHex reads an address as the kernel writes it, in the order of little-endian machines, on which we run.
func parseHex(s string) (netip.Addr, bool) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 4 {
		return netip.Addr{}, false
	}
	return netip.AddrFrom4([4]byte{b[3], b[2], b[1], b[0]}), true
}

// parseNetstat reads macOS's `netstat -rn -f inet`: there 10 is 10.0.0.0/8, 192.168.1 is 192.168.1.0/24, 172.16/12 is what
// it says, and an address alone is a host.
func parseNetstat(text string) []netip.Prefix {
	var list []netip.Prefix
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 4 || f[0] == "default" {
			continue
		}
		to, size, sized := strings.Cut(f[0], "/")
		n := strings.Count(to, ".") + 1
		a, err := netip.ParseAddr(to + strings.Repeat(".0", max(4-n, 0)))
		if err != nil || !a.Is4() {
			continue
		}
		length := 8 * n
		if sized {
			if length, err = strconv.Atoi(size); err != nil {
				continue
			}
		}
		if p := netip.PrefixFrom(a, length); counts(p) {
			list = append(list, p.Masked())
		}
	}
	return list
}

// parseRoutePrint reads Windows' `route print -4`: destination, mask, gateway, interface, metric.
func parseRoutePrint(text string) []netip.Prefix {
	var list []netip.Prefix
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 4 {
			continue
		}
		to, err := netip.ParseAddr(f[0])
		mask, merr := netip.ParseAddr(f[1])
		if err != nil || merr != nil || !to.Is4() || !mask.Is4() {
			continue
		}
		m := mask.As4()
		n := bits.LeadingZeros32(^(uint32(m[0])<<24 | uint32(m[1])<<16 | uint32(m[2])<<8 | uint32(m[3])))
		if p := netip.PrefixFrom(to, n); counts(p) {
			list = append(list, p.Masked())
		}
	}
	return list
}
