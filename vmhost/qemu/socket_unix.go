//go:build unix

package qemu

import (
	"fmt"
	"net"
	"os"
)

// monitorSocket listens on QMP's socket for QEMU, which inherits it as its descriptor 3. So a client can connect before
// QEMU runs and need not try again and again. The caller closes the file once QEMU has been started.
func monitorSocket(path string) (address string, inherit *os.File, err error) {
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return "", nil, fmt.Errorf("listen for QEMU: %w", err)
	}
	listener.SetUnlinkOnClose(false)
	defer listener.Close()
	inherit, err = listener.File()
	if err != nil {
		return "", nil, fmt.Errorf("listen for QEMU: %w", err)
	}
	return "fd=3", inherit, nil
}
