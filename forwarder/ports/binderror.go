package ports

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
)

// BindError says that an address of the host could not be taken.
type BindError struct {
	Proto string
	Addr  netip.AddrPort
	// Owner names who has it, if that is known, for example "nginx (process 1234)".
	Owner string
	// Reserved is the range of ports that the system itself keeps, if the port is in one.
	Reserved Range
	// Free is a port near by that could be taken instead, 0 if none was looked for or found.
	Free uint16
	Err  error
}

// errTaken is the cause of a BindError for a port that a rule of another container has.
var errTaken = errors.New("address is in use by another container")

func (e *BindError) taken() bool { return inUse(e.Err) || errors.Is(e.Err, errTaken) }

func (e *BindError) Error() string {
	switch {
	case e.Reserved != Range{}:
		return fmt.Sprintf("port %s/%s is in the range %s that the system has reserved", e.Addr, e.Proto, e.Reserved)
	case e.Owner != "":
		return fmt.Sprintf("port %s/%s is in use by %s", e.Addr, e.Proto, e.Owner)
	case e.taken():
		return fmt.Sprintf("port %s/%s is in use by another program", e.Addr, e.Proto)
	}
	return fmt.Sprintf("listen on %s/%s: %v", e.Addr, e.Proto, e.Err)
}

func (e *BindError) Unwrap() error { return e.Err }

// freeTries is how many ports are tried for one that is free.
const freeTries = 100

// freeNear is a port above that of b which is free at its address, 0 if there is none near.
func freeNear(b binding, proto string) uint16 {
	for port := int(b.addr.Port()) + 1; port <= min(int(b.addr.Port())+freeTries, 65535); port++ {
		addr := netip.AddrPortFrom(b.addr.Addr(), uint16(port)).String()
		var c io.Closer
		var err error
		if proto == "udp" {
			c, err = net.ListenPacket(b.network, addr)
		} else {
			c, err = net.Listen(b.network, addr)
		}
		if err == nil {
			c.Close()
			return uint16(port)
		}
	}
	return 0
}

// Hint names the next action.
func (e *BindError) Hint() string {
	switch {
	case e.Reserved != Range{}:
		return fmt.Sprintf("publish the container's port as %s", e.another())
	case e.taken():
		who := e.Owner
		if who == "" {
			who = "the program that listens there"
		}
		return fmt.Sprintf("stop %s, or publish the container's port as %s", who, e.another())
	case errors.Is(e.Err, fs.ErrPermission):
		return fmt.Sprintf("this user may not open port %d: publish the container's port as one above 1023", e.Addr.Port())
	case notLocal(e.Err):
		return fmt.Sprintf("%s is no address of this host: publish on one that is, or on none", e.Addr.Addr())
	}
	return "publish the container's port on another address or port"
}

// another names a port to take instead.
func (e *BindError) another() string {
	if e.Free != 0 {
		return fmt.Sprintf("%d, which is free, and not %d", e.Free, e.Addr.Port())
	}
	return fmt.Sprintf("another one than %d", e.Addr.Port())
}
