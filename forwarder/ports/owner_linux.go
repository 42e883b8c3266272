package ports

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ownerOf names the process that holds addr, or is empty when this user cannot see which. Linux reserves no range.
func ownerOf(proto string, addr netip.AddrPort) (string, Range) {
	for _, table := range []string{proto, proto + "6"} {
		inode := findSocket("/proc/net/"+table, proto, addr)
		if inode == "" {
			continue
		}
		links, _ := filepath.Glob("/proc/[0-9]*/fd/*")
		for _, l := range links {
			if to, err := os.Readlink(l); err != nil || to != "socket:["+inode+"]" {
				continue
			}
			pid := strings.Split(l, "/")[2]
			name, _ := os.ReadFile("/proc/" + pid + "/comm")
			return fmt.Sprintf("%s (process %s)", strings.TrimSpace(string(name)), pid), Range{}
		}
	}
	return "", Range{}
}

// findSocket returns the inode of the socket in a table of the kernel's that holds addr.
func findSocket(table, proto string, addr netip.AddrPort) string {
	f, err := os.Open(table)
	if err != nil {
		return ""
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		field := strings.Fields(s.Text())
		if len(field) < 10 || (proto == "tcp" && field[3] != "0A") { // 0A: listening
			continue
		}
		local, ok := parseProcAddr(field[1])
		same := local.Addr() == addr.Addr() || local.Addr().IsUnspecified()
		if ok && same && local.Port() == addr.Port() {
			return field[9]
		}
	}
	return ""
}

// parseProcAddr decodes an address of the kernel's tables: 32-bit words in the host's order, which is little-endian on
// what we run on, and the port, in hexadecimal.
func parseProcAddr(s string) (netip.AddrPort, bool) {
	ip, port, _ := strings.Cut(s, ":")
	b, err := hex.DecodeString(ip)
	p, perr := hex.DecodeString(port)
	if err != nil || perr != nil || len(b)%4 != 0 || len(p) != 2 {
		return netip.AddrPort{}, false
	}
	for w := range slices.Chunk(b, 4) {
		slices.Reverse(w)
	}
	a, ok := netip.AddrFromSlice(b)
	return netip.AddrPortFrom(a.Unmap(), uint16(p[0])<<8|uint16(p[1])), ok
}
