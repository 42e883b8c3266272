package qemu

import "os"

// monitorSocket leaves it to QEMU to listen on QMP's socket: nothing can be inherited.
func monitorSocket(path string) (address string, inherit *os.File, err error) {
	return "path=" + escape(path), nil, nil
}
