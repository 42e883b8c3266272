package pipe

import (
	"errors"

	"golang.org/x/sys/windows"
)

// disconnected tells whether err is what a system call says of a connection that is gone.
func disconnected(err error) bool {
	return errors.Is(err, windows.WSAENOTCONN) || errors.Is(err, windows.WSAESHUTDOWN) ||
		errors.Is(err, windows.ERROR_NO_DATA) || errors.Is(err, windows.ERROR_BROKEN_PIPE)
}
