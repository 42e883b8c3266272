package link

import (
	"context"
	"net"
)

// A Port is a service inside the guest.
type Port uint16

// The guest's services.
const (
	// PortControl speaks gRPC: lima's GuestService and Wherry's own (linuxvm/control).
	PortControl Port = 1
	// PortDocker is dockerd's API socket, as a raw stream.
	PortDocker Port = 2
	// PortTunnel connects to an address in the guest (linuxvm/tunnel).
	PortTunnel Port = 3
	// PortShell runs a program in the guest, on a terminal or not (linuxvm/control, Shell).
	PortShell Port = 4
	// PortFiles is the guest's side of shared folders (linuxvm/sharefs): on its streams the guest asks and the host answers.
	PortFiles Port = 5
)

// A Dialer opens streams to the guest's ports.
type Dialer interface {
	// Dial opens a stream to a port. It waits for the link while that reconnects, until ctx ends.
	Dial(ctx context.Context, p Port) (Conn, error)
}

// A Conn is one stream. Beside net.Conn it can be closed one way and be reset.
type Conn interface {
	net.Conn
	// CloseWrite says that nothing more will be written; reading goes on.
	CloseWrite() error
	// Reset drops the stream both ways at once; the peer's calls fail with ECONNRESET-like errors.
	Reset() error
}
