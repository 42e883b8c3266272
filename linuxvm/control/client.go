package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"time"

	"github.com/lima-vm/lima/v2/pkg/guestagent/api"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/wherry-app/wherry/linuxvm/link"
)

// Client is the guest's agent as seen from the host. A call made while the link is down waits for it until ctx ends; one
// that goes on when the link breaks fails with ErrUnavailable, and the next goes over a new connection.
type Client struct {
	conn *grpc.ClientConn
}

var (
	_ Guest       = (*Client)(nil)
	_ PortWatcher = (*Client)(nil)

	_ SocketWatcher = (*Client)(nil)
)

// NewClient makes a Client that connects when it is first used.
func NewClient(d link.Dialer) *Client {
	conn, err := grpc.NewClient("passthrough:///guest",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return d.Dial(ctx, link.PortControl) }),
		grpc.WithNoProxy(),
		grpc.WithDisableServiceConfig(),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 2, Jitter: 0.2, MaxDelay: time.Second},
			MinConnectTimeout: 20 * time.Second,
		}),
		grpc.WithDefaultCallOptions(grpc.WaitForReady(true), grpc.ForceCodec(codec{})),
	)
	if err != nil {
		panic(fmt.Sprintf("control: gRPC refuses a constant target: %v", err))
	}
	return &Client{conn: conn}
}

// Close ends all calls and the connection.
func (c *Client) Close() error { return c.conn.Close() }

// Watch implements Guest.
func (c *Client) Watch(ctx context.Context, f func(Status) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.stream(ctx, methodWatch, &watchRequest{})
	if err != nil {
		return err
	}
	// The stream is always read, so that f gets the newest status and not one from a queue.
	newest := make(chan Status, 1)
	ended := make(chan error, 1)
	go func() {
		for {
			var s Status
			if err := stream.RecvMsg(&s); err != nil {
				ended <- err
				return
			}
			select {
			case <-newest:
			default:
			}
			newest <- s
		}
	}()
	for {
		select {
		case s := <-newest:
			if err := f(s); err != nil {
				cancel()
				<-ended
				return err
			}
		case err := <-ended:
			select { // what came before the end
			case s := <-newest:
				if err := f(s); err != nil {
					return err
				}
			default:
			}
			return ending(ctx, err)
		}
	}
}

// SetTime implements Guest. The answer is exact to a millisecond.
func (c *Client) SetTime(ctx context.Context, host time.Time) (time.Duration, error) {
	r, err := api.NewGuestServiceClient(c.conn).SyncTime(ctx, &api.TimeSyncRequest{HostTime: timestamppb.New(host)})
	if err != nil {
		return 0, fromStatus(ctx, err)
	}
	if r.GetError() != "" {
		return 0, errors.New(r.GetError())
	}
	return time.Duration(r.GetDriftMs()) * time.Millisecond, nil
}

// Logs implements Guest.
func (c *Client) Logs(ctx context.Context, service string, follow bool, w io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.stream(ctx, methodLogs, &logsRequest{Service: service, Follow: follow})
	if err != nil {
		return err
	}
	for {
		var chunk logsChunk
		if err := stream.RecvMsg(&chunk); err != nil {
			return ending(ctx, err)
		}
		if _, err := w.Write(chunk.Data); err != nil {
			return err
		}
	}
}

// Shutdown implements Guest.
func (c *Client) Shutdown(ctx context.Context, grace time.Duration) error {
	return fromStatus(ctx, c.conn.Invoke(ctx, methodShutdown, &shutdownRequest{Grace: grace}, &shutdownReply{}))
}

// WatchPorts implements PortWatcher; errors.ErrUnsupported if the agent does not.
func (c *Client) WatchPorts(ctx context.Context, f func([]ListeningPort) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := api.NewGuestServiceClient(c.conn).GetEvents(ctx, &emptypb.Empty{})
	if err != nil {
		return fromStatus(ctx, err)
	}
	known := make(map[ListeningPort]bool)
	for {
		ev, err := stream.Recv()
		if err != nil {
			return ending(ctx, err)
		}
		applyEvent(known, ev)
		if err := f(slices.Collect(maps.Keys(known))); err != nil {
			return err
		}
	}
}

// stream begins a call whose answers are a stream.
func (c *Client) stream(ctx context.Context, method string, request any) (grpc.ClientStream, error) {
	s, err := c.conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, method)
	if err != nil {
		return nil, fromStatus(ctx, err)
	}
	if err := s.SendMsg(request); err != nil && err != io.EOF { // EOF: the stream's own error comes with RecvMsg
		return nil, fromStatus(ctx, err)
	}
	if err := s.CloseSend(); err != nil {
		return nil, fromStatus(ctx, err)
	}
	return s, nil
}

// ending is how a stream of answers ended, given what receiving said.
func ending(ctx context.Context, err error) error {
	if err == io.EOF {
		return nil
	}
	return fromStatus(ctx, err)
}
