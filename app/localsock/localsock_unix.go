//go:build unix

package localsock

import (
	"context"
	"fmt"
	"net"

	"github.com/docker/go-connections/sockets"
)

// Listen listens on an address, for the owner only. A socket file left by a dead process is replaced; whoever calls it
// must own the state directory, so that no living one can be there.
func Listen(address string) (net.Listener, error) {
	l, err := sockets.NewUnixSocketWithOpts(address, sockets.WithChmod(0o600))
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return l, nil
}

// Dial connects to an address that Listen listens on.
func Dial(ctx context.Context, address string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "unix", address)
}
