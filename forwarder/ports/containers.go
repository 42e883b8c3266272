package ports

import (
	"net/netip"

	"github.com/moby/moby/api/types/container"
)

// Address is a container's address on a network whose ID is in reachable, as rules have it; not valid if it has none.
func Address(s *container.NetworkSettingsSummary, reachable map[string]bool) netip.Addr {
	return targetIP(s, reachable)
}

// Name is a container's own name, without a slash.
func Name(c container.Summary) string { return nameOf(c) }
