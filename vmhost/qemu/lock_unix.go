//go:build unix

package qemu

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// errLocked is returned by lockFile when somebody else holds the lock.
var errLocked = errors.New("locked")

// lockFile locks the file at path until the returned file is closed or the process ends, however it ends. The lock
// excludes others of this process too, and programs that it starts do not inherit it.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = errLocked
		}
		return nil, err
	}
	return f, nil
}
