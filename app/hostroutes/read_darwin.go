package hostroutes

import (
	"context"
	"fmt"
	"net/netip"
	"os/exec"
	"time"
)

// Read returns the networks that this host has routes to, but for the default one.
func Read() ([]netip.Prefix, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "/usr/sbin/netstat", "-rn", "-f", "inet").Output()
	if err != nil {
		return nil, fmt.Errorf("read the host's routes: %w", err)
	}
	return parseNetstat(string(out)), nil
}
