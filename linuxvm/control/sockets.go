package control

import (
	"context"
	"errors"
	"net/netip"

	"google.golang.org/grpc"
)

// Socket is one on which a container waits for clients: a listening TCP socket, or a UDP socket that is bound and not
// connected.
type Socket struct {
	// Proto is "tcp" or "udp".
	Proto string `json:"proto"`
	// Addr is what it is bound to.
	Addr netip.AddrPort `json:"addr"`
	// Container is the whole ID of the container that has it.
	Container string `json:"container"`
	// Program is the name of a process that has it, at most 15 bytes; empty if none could be seen.
	Program string `json:"program,omitempty"`
}

// A SocketWatcher is a Guest that knows the sockets of containers.
type SocketWatcher interface {
	// WatchSockets calls f with the sockets of the containers on the guest's own network (docker's "host"), first the
	// present ones and then all after each change, until ctx ends or f returns an error, which it returns. Those of the
	// guest's own programs are not among them, nor UDP sockets on a port out of the range that clients get.
	WatchSockets(ctx context.Context, f func([]Socket) error) error
	// Sockets are those in the network of a running container, given by its whole ID, whoever in it has them.
	Sockets(ctx context.Context, container string) ([]Socket, error)
}

// The messages of a SocketWatcher's calls, in JSON.
type (
	watchSocketsRequest struct{}
	socketsRequest      struct {
		Container string `json:"container"`
	}
	socketsReply struct {
		Sockets []Socket `json:"sockets"`
	}
)

func (g *guestServer) watchSockets(stream grpc.ServerStream) error {
	w, ok := g.guest.(SocketWatcher)
	if !ok {
		return toStatus(errors.ErrUnsupported)
	}
	return toStatus(w.WatchSockets(stream.Context(), func(s []Socket) error { return stream.SendMsg(&socketsReply{s}) }))
}

func (g *guestServer) sockets(ctx context.Context, r socketsRequest) (*socketsReply, error) {
	w, ok := g.guest.(SocketWatcher)
	if !ok {
		return nil, toStatus(errors.ErrUnsupported)
	}
	s, err := w.Sockets(ctx, r.Container)
	return &socketsReply{s}, toStatus(err)
}

// WatchSockets implements SocketWatcher; errors.ErrUnsupported if the agent does not.
func (c *Client) WatchSockets(ctx context.Context, f func([]Socket) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.stream(ctx, methodWatchSockets, &watchSocketsRequest{})
	if err != nil {
		return err
	}
	for {
		var r socketsReply
		if err := stream.RecvMsg(&r); err != nil {
			return ending(ctx, err)
		}
		if err := f(r.Sockets); err != nil {
			return err
		}
	}
}

// Sockets implements SocketWatcher; errors.ErrUnsupported if the agent does not.
func (c *Client) Sockets(ctx context.Context, container string) ([]Socket, error) {
	var r socketsReply
	if err := c.conn.Invoke(ctx, methodSockets, &socketsRequest{container}, &r); err != nil {
		return nil, fromStatus(ctx, err)
	}
	return r.Sockets, nil
}
