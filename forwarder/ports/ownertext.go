package ports

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// What programs of the systems print about who has a port. The parsers are for all systems, so that all test them.

// Range is a range of ports, both ends included.
type Range struct{ First, Last uint16 }

func (r Range) String() string { return fmt.Sprintf("%d-%d", r.First, r.Last) }

// excludedRange finds the range that port is in, in what `netsh interface ipv4 show excludedportrange` prints, in any
// language: lines of two numbers. It is zero if there is none.
func excludedRange(text string, port uint16) Range {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 2 || len(f) > 3 || (len(f) == 3 && f[2] != "*") {
			continue
		}
		first, err := strconv.ParseUint(f[0], 10, 16)
		last, lerr := strconv.ParseUint(f[1], 10, 16)
		if err == nil && lerr == nil && uint16(first) <= port && port <= uint16(last) {
			return Range{uint16(first), uint16(last)}
		}
	}
	return Range{}
}

// netstatOwner finds the process that holds addr in what Windows' `netstat -ano -p tcp` (or udp, tcpv6, udpv6) prints; 0
// if there is none.
func netstatOwner(text, proto string, addr netip.AddrPort) (pid uint32) {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 4 || !strings.EqualFold(f[0], proto) {
			continue
		}
		local, err := netip.ParseAddrPort(f[1])
		if err != nil || local.Port() != addr.Port() || (local.Addr() != addr.Addr() && !local.Addr().IsUnspecified()) {
			continue
		}
		// A TCP socket that listens has the port 0 on the far side, whatever the system's language calls that state.
		if proto == "tcp" && !strings.HasSuffix(f[2], ":0") {
			continue
		}
		if n, err := strconv.ParseUint(f[len(f)-1], 10, 32); err == nil {
			return uint32(n)
		}
	}
	return 0
}

// lsofOwner names the first process in what `lsof -F pc` prints: lines of a letter and a value. It is empty if there is
// none.
func lsofOwner(text string) string {
	pid, name := "", ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(line, "p") && pid == "":
			pid = line[1:]
		case strings.HasPrefix(line, "p"):
			return processOwner(name, pid)
		case strings.HasPrefix(line, "c") && name == "":
			name = line[1:]
		}
	}
	return processOwner(name, pid)
}

// processOwner is how an error names a process; empty if there is none.
func processOwner(name, pid string) string {
	switch {
	case pid == "":
		return ""
	case name == "":
		return "process " + pid
	}
	return fmt.Sprintf("%s (process %s)", name, pid)
}
