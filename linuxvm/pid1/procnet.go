package pid1

import (
	"bufio"
	"encoding/hex"
	"io"
	"net/netip"
	"slices"
	"strings"
)

// kernelSocket is a line of one of the kernel's tables of sockets, /proc/net/{tcp,tcp6,udp,udp6}.
type kernelSocket struct {
	proto string // "tcp" or "udp"
	addr  netip.AddrPort
	inode string
}

// The states in the tables: a TCP socket that listens, a UDP socket that is not connected.
const (
	stateListens     = "0A"
	stateUnconnected = "07"
)

// parseSockets reads a table, and of it the sockets that wait for clients.
func parseSockets(proto string, table io.Reader) []kernelSocket {
	want := stateListens
	if proto == "udp" {
		want = stateUnconnected
	}
	var all []kernelSocket
	for lines := bufio.NewScanner(table); lines.Scan(); {
		f := strings.Fields(lines.Text())
		if len(f) < 10 || f[3] != want {
			continue
		}
		if addr, ok := parseKernelAddr(f[1]); ok && addr.Port() != 0 {
			all = append(all, kernelSocket{proto: proto, addr: addr, inode: f[9]})
		}
	}
	return all
}

// parseKernelAddr decodes an address of a table: words of 32 bits in the processor's order, which is little-endian on what
// we run on, and the port, in hexadecimal. IPv4 within IPv6 becomes IPv4.
func parseKernelAddr(s string) (netip.AddrPort, bool) {
	ip, port, _ := strings.Cut(s, ":")
	b, err := hex.DecodeString(ip)
	p, perr := hex.DecodeString(port)
	if err != nil || perr != nil || len(b)%4 != 0 || len(p) != 2 {
		return netip.AddrPort{}, false
	}
	for word := range slices.Chunk(b, 4) {
		slices.Reverse(word)
	}
	a, ok := netip.AddrFromSlice(b)
	return netip.AddrPortFrom(a.Unmap(), uint16(p[0])<<8|uint16(p[1])), ok
}
