package control

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// A Quiescer is a Guest that can be saved with nothing running in it, so that going on from there is like a boot, only
// faster.
type Quiescer interface {
	// Quiesce stops the containers (each by its own stop signal and timeout, all within grace), ends dockerd in order,
	// starts it again without any container, and writes the disks out. It returns when the machine can be saved; a machine
	// that then boots from its disks instead is as after a Shutdown. After an error the guest is fit for a Shutdown only.
	Quiesce(ctx context.Context, grace time.Duration) error
	// Rouse starts the containers that a boot would have started, and returns when it has. In a guest that is not quiesced
	// it does nothing.
	Rouse(ctx context.Context) error
}

// A Pulser is a Guest that tells at once that it lives.
type Pulser interface {
	// Pulse returns the guest's clock. It says the less of it the longer the answer took.
	Pulse(ctx context.Context) (time.Time, error)
}

var (
	_ Quiescer = (*Client)(nil)
	_ Pulser   = (*Client)(nil)
)

// The names and messages of the above on the wire.
const (
	methodQuiesce = "/" + serviceName + "/Quiesce"
	methodRouse   = "/" + serviceName + "/Rouse"
	methodPulse   = "/" + serviceName + "/Pulse"
)

type (
	rouseRequest struct{}
	pulseRequest struct{}
	pulseReply   struct {
		Clock time.Time `json:"clock"`
	}
)

// Quiesce implements Quiescer; errors.ErrUnsupported if the agent does not.
func (c *Client) Quiesce(ctx context.Context, grace time.Duration) error {
	return fromStatus(ctx, c.conn.Invoke(ctx, methodQuiesce, &shutdownRequest{Grace: grace}, &shutdownReply{}))
}

// Rouse implements Quiescer; errors.ErrUnsupported if the agent does not.
func (c *Client) Rouse(ctx context.Context) error {
	return fromStatus(ctx, c.conn.Invoke(ctx, methodRouse, &rouseRequest{}, &shutdownReply{}))
}

// Pulse implements Pulser; errors.ErrUnsupported if the agent does not.
func (c *Client) Pulse(ctx context.Context) (time.Time, error) {
	var r pulseReply
	if err := c.conn.Invoke(ctx, methodPulse, &pulseRequest{}, &r); err != nil {
		return time.Time{}, fromStatus(ctx, err)
	}
	return r.Clock, nil
}

// quietMethods describes the above to gRPC.
func quietMethods() []grpc.MethodDesc {
	return []grpc.MethodDesc{
		{MethodName: "Quiesce", Handler: unary(func(g *guestServer, ctx context.Context, r shutdownRequest) (any, error) {
			q, ok := g.guest.(Quiescer)
			if !ok {
				return nil, status.Error(codes.Unimplemented, "guest cannot be quiesced")
			}
			return &shutdownReply{}, toStatus(q.Quiesce(ctx, r.Grace))
		})},
		{MethodName: "Rouse", Handler: unary(func(g *guestServer, ctx context.Context, _ rouseRequest) (any, error) {
			q, ok := g.guest.(Quiescer)
			if !ok {
				return nil, status.Error(codes.Unimplemented, "guest cannot be quiesced")
			}
			return &shutdownReply{}, toStatus(q.Rouse(ctx))
		})},
		{MethodName: "Pulse", Handler: unary(func(g *guestServer, ctx context.Context, _ pulseRequest) (any, error) {
			p, ok := g.guest.(Pulser)
			if !ok {
				return nil, status.Error(codes.Unimplemented, "guest has no pulse")
			}
			now, err := p.Pulse(ctx)
			return &pulseReply{Clock: now}, toStatus(err)
		})},
	}
}

// handler is a method's function as gRPC wants it.
type handler = func(srv any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error)

// unary makes a handler of a function of the server.
func unary[R any](f func(*guestServer, context.Context, R) (any, error)) handler {
	return func(srv any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		var req R
		if err := decode(&req); err != nil {
			return nil, err
		}
		return f(srv.(*guestServer), ctx, req)
	}
}
