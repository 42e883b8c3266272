package control

import (
	"context"
	"time"

	"google.golang.org/grpc"
)

// The names of our own service on the wire.
const (
	serviceName    = "wherry.v1.Guest"
	methodWatch    = "/" + serviceName + "/Watch"
	methodLogs     = "/" + serviceName + "/Logs"
	methodShutdown = "/" + serviceName + "/Shutdown"

	methodWatchSockets = "/" + serviceName + "/WatchSockets"
	methodSockets      = "/" + serviceName + "/Sockets"
)

// The messages of our own service, in JSON. Watch answers with Status.
type (
	watchRequest struct{}

	logsRequest struct {
		Service string `json:"service"`
		Follow  bool   `json:"follow,omitempty"`
	}
	logsChunk struct {
		Data []byte `json:"data"`
	}

	shutdownRequest struct {
		Grace time.Duration `json:"grace_ns"`
	}
	shutdownReply struct{}
)

// logsChunkMax is the most that one chunk of a log carries.
const logsChunkMax = 32 << 10

// serviceDesc describes our own service to gRPC, whose handlers are a *guestServer's methods.
func serviceDesc() *grpc.ServiceDesc {
	return &grpc.ServiceDesc{
		ServiceName: serviceName,
		HandlerType: (*any)(nil),
		Methods: append(quietMethods(), grpc.MethodDesc{
			MethodName: "Shutdown",
			Handler: unary(func(g *guestServer, ctx context.Context, r shutdownRequest) (any, error) {
				return &shutdownReply{}, g.shutdown(ctx, r)
			}),
		}, grpc.MethodDesc{
			MethodName: "Sockets",
			Handler:    unary(func(g *guestServer, ctx context.Context, r socketsRequest) (any, error) { return g.sockets(ctx, r) }),
		}, grpc.MethodDesc{
			MethodName: "ConfigureDocker",
			Handler: unary(func(g *guestServer, ctx context.Context, r DockerConfig) (any, error) {
				return g.configureDocker(ctx, r)
			}),
		}),
		Streams: []grpc.StreamDesc{
			{StreamName: "Watch", ServerStreams: true, Handler: func(srv any, stream grpc.ServerStream) error {
				if err := stream.RecvMsg(&watchRequest{}); err != nil {
					return err
				}
				return srv.(*guestServer).watch(stream)
			}},
			{StreamName: "Logs", ServerStreams: true, Handler: func(srv any, stream grpc.ServerStream) error {
				var req logsRequest
				if err := stream.RecvMsg(&req); err != nil {
					return err
				}
				return srv.(*guestServer).logs(req, stream)
			}},
			{StreamName: "WatchSockets", ServerStreams: true, Handler: func(srv any, stream grpc.ServerStream) error {
				if err := stream.RecvMsg(&watchSocketsRequest{}); err != nil {
					return err
				}
				return srv.(*guestServer).watchSockets(stream)
			}},
		},
	}
}
