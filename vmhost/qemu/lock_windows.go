package qemu

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
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
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	if err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, new(windows.Overlapped)); err != nil {
		_ = f.Close()
		if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
			err = errLocked
		}
		return nil, err
	}
	return f, nil
}
