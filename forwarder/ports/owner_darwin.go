package ports

import (
	"context"
	"fmt"
	"net/netip"
	"os/exec"
	"strings"
	"time"
)

// ownerOf names the process that holds addr, or is empty when this user cannot see which. macOS reserves no range.
func ownerOf(proto string, addr netip.AddrPort) (string, Range) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	args := []string{"-nP", "-F", "pc", fmt.Sprintf("-i%s:%d", strings.ToUpper(proto), addr.Port())}
	if proto == "tcp" {
		args = append(args, "-sTCP:LISTEN")
	}
	out, err := exec.CommandContext(ctx, "/usr/sbin/lsof", args...).Output()
	if err != nil {
		return "", Range{}
	}
	return lsofOwner(string(out)), Range{}
}
