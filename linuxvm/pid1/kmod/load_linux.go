package kmod

import (
	"os"

	"golang.org/x/sys/unix"
)

// Load loads one module with its parameters (as on a modprobe line); one that is there already is no error.
func Load(path, params string) error {
	if path == BuiltIn {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.FinitModule(int(f.Fd()), params, 0); err != nil && err != unix.EEXIST {
		return &os.PathError{Op: "load module", Path: path, Err: err}
	}
	return nil
}
