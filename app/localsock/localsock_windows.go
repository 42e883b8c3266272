package localsock

import (
	"context"
	"fmt"
	"net"

	"github.com/Microsoft/go-winio"
)

// ownerOnly gives the pipe to its owner, administrators and the system, in the security descriptor definition language.
const ownerOnly = "D:P(A;;GA;;;OW)(A;;GA;;;BA)(A;;GA;;;SY)"

// Listen listens on a named pipe, for the owner only. Message mode is what makes CloseWrite work.
func Listen(address string) (net.Listener, error) {
	l, err := winio.ListenPipe(address, &winio.PipeConfig{SecurityDescriptor: ownerOnly, MessageMode: true, InputBufferSize: 64 << 10, OutputBufferSize: 64 << 10})
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return l, nil
}

// Dial connects to an address that Listen listens on.
func Dial(ctx context.Context, address string) (net.Conn, error) {
	return winio.DialPipeContext(ctx, address)
}
