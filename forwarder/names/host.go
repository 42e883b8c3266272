package names

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// suffix is the domain that leads to this host everywhere.
const suffix = ".localhost"

// A host is what a client has in its URL before the path.
type host struct {
	// name is in lower case, without .localhost and without a final dot; empty for this host itself.
	name string
	// port is the one named in the URL, 0 if there is none.
	port uint16
}

// parseHost reads a Host header. It is not ok for a name that is not under .localhost and no address of the loopback: a
// page from elsewhere, whose name was made to lead here, must not reach containers.
func parseHost(s string) (h host, ok bool) {
	name := s
	if i := strings.LastIndexByte(s, ':'); i >= 0 && !strings.HasSuffix(s, "]") {
		n, err := strconv.ParseUint(s[i+1:], 10, 16)
		if (err != nil && s[i+1:] != "") || strings.HasPrefix(s[i+1:], "+") {
			return host{}, false
		}
		name, h.port = s[:i], uint16(n)
	}
	if a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")); err == nil {
		return h, a.IsLoopback()
	}
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	if name == suffix[1:] {
		return h, true
	}
	h.name, ok = strings.CutSuffix(name, suffix)
	return h, ok && valid(h.name)
}

// valid says whether a name consists of what containers' and services' names do.
func valid(name string) bool {
	if name == "" || len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" {
			return false
		}
		for _, c := range []byte(label) {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}

// cutPort splits a name such as 8080.web into the port and the rest.
func cutPort(name string) (port uint16, rest string, ok bool) {
	first, rest, ok := strings.Cut(name, ".")
	n, err := strconv.ParseUint(first, 10, 16)
	return uint16(n), rest, ok && err == nil && n > 0
}

// address is where a port of the loopback answers.
func address(port uint16) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(int(port)))
}
