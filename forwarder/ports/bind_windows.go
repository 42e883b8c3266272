package ports

import (
	"errors"

	"golang.org/x/sys/windows"
)

// inUse tells whether err says that somebody else has the address; Windows also says "no access" for that.
func inUse(err error) bool {
	return errors.Is(err, windows.WSAEADDRINUSE) || errors.Is(err, windows.WSAEACCES)
}

// notLocal tells whether err says that the address is not one of this host.
func notLocal(err error) bool {
	return errors.Is(err, windows.WSAEADDRNOTAVAIL) || errors.Is(err, windows.WSAEAFNOSUPPORT)
}
