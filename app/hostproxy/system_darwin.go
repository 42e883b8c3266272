package hostproxy

import (
	"context"
	"os/exec"
)

// System reads macOS's settings of the network.
func System(ctx context.Context) Proxies {
	out, err := exec.CommandContext(ctx, "/usr/sbin/scutil", "--proxy").Output()
	if err != nil {
		return Proxies{}
	}
	return parseScutil(string(out))
}
