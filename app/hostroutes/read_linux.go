package hostroutes

import (
	"fmt"
	"net/netip"
	"os"
)

// Read returns the networks that this host has routes to, but for the default one.
func Read() ([]netip.Prefix, error) {
	b, err := os.ReadFile("/proc/net/route")
	if err != nil {
		return nil, fmt.Errorf("read the host's routes: %w", err)
	}
	return parseProc(string(b)), nil
}
