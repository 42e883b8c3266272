//go:build unix

package ports

import (
	"errors"
	"syscall"
)

// inUse tells whether err says that somebody else has the address.
func inUse(err error) bool { return errors.Is(err, syscall.EADDRINUSE) }

// notLocal tells whether err says that the address is not one of this host.
func notLocal(err error) bool {
	return errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT)
}
