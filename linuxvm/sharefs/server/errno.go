package server

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// Linux's numbers of the errors that are told apart everywhere.
const (
	eperm   = 1
	enoent  = 2
	eio     = 5
	eacces  = 13
	eexist  = 17
	einval  = 22
	eproto  = 71
	etimout = 110
	estale  = 116
)

// errStale says that a node is not where it was; the guest looks for it again.
var errStale = errors.New("file is not where it was")

// errno is the Linux error number of an error.
func errno(err error) uint16 {
	var e syscall.Errno
	switch {
	case errors.Is(err, errStale):
		return estale
	case errors.As(err, &e):
		return number(e)
	case errors.Is(err, fs.ErrNotExist):
		return enoent
	case errors.Is(err, fs.ErrExist):
		return eexist
	case errors.Is(err, fs.ErrPermission):
		return eacces
	case errors.Is(err, os.ErrInvalid):
		return einval
	}
	return eio
}

// fileMode is Linux's permissions in Go's terms.
func fileMode(mode uint32) fs.FileMode {
	m := fs.FileMode(mode & 0o777)
	for bit, with := range map[uint32]fs.FileMode{0o4000: fs.ModeSetuid, 0o2000: fs.ModeSetgid, 0o1000: fs.ModeSticky} {
		if mode&bit != 0 {
			m |= with
		}
	}
	return m
}
