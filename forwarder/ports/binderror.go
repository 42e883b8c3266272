package ports

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
)

// BindError says that an address of the host could not be taken.
type BindError struct {
	Proto string
	Addr  netip.AddrPort
	// Owner names who has it, if that is known, for example "nginx (process 1234)".
	Owner string
	Err   error
}

func (e *BindError) Error() string {
	switch {
	case e.Owner != "":
		return fmt.Sprintf("port %s/%s is in use by %s", e.Addr, e.Proto, e.Owner)
	case inUse(e.Err):
		return fmt.Sprintf("port %s/%s is in use by another program", e.Addr, e.Proto)
	}
	return fmt.Sprintf("listen on %s/%s: %v", e.Addr, e.Proto, e.Err)
}

func (e *BindError) Unwrap() error { return e.Err }

// Hint names the next action.
func (e *BindError) Hint() string {
	switch {
	case inUse(e.Err):
		who := e.Owner
		if who == "" {
			who = "the program that listens there"
		}
		return fmt.Sprintf("stop %s, or publish the container's port as another one than %d", who, e.Addr.Port())
	case errors.Is(e.Err, fs.ErrPermission):
		return fmt.Sprintf("this user may not open port %d: publish the container's port as one above 1023", e.Addr.Port())
	case notLocal(e.Err):
		return fmt.Sprintf("%s is no address of this host: publish on one that is, or on none", e.Addr.Addr())
	}
	return "publish the container's port on another address or port"
}
