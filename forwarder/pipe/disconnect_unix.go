//go:build unix

package pipe

import (
	"errors"
	"syscall"
)

// disconnected tells whether err is what a system call says of a connection that is gone.
func disconnected(err error) bool {
	return errors.Is(err, syscall.ENOTCONN) || errors.Is(err, syscall.EPIPE)
}
