package control

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/hashicorp/go-hclog"
	"github.com/lima-vm/lima/v2/pkg/guestagent/api"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/wherry-app/wherry/linuxvm/link"
)

// Config is what a Server is made of.
type Config struct {
	// Guest answers. If it is a PortWatcher too, lima's GetInfo and GetEvents are served, else they are unimplemented.
	Guest Guest
	// Logger may be nil.
	Logger hclog.Logger
}

// Server serves a Guest on streams of the link.
type Server struct {
	guest Guest
	log   hclog.Logger
}

// NewServer makes a Server.
func NewServer(c Config) *Server {
	log := c.Logger
	if log == nil {
		log = hclog.NewNullLogger()
	}
	return &Server{guest: c.Guest, log: log.Named("control")}
}

// Serve speaks gRPC on conn until the host closes it or ctx ends, and returns when no call is left. It has the form of
// a handler of the link, and any number of conns may be served at once.
func (s *Server) Serve(ctx context.Context, conn link.Conn) {
	srv := grpc.NewServer(grpc.ForceServerCodec(codec{}), grpc.WaitForHandlers(true))
	g := &guestServer{guest: s.guest}
	srv.RegisterService(serviceDesc(), g)
	api.RegisterGuestServiceServer(srv, &limaServer{guest: s.guest})

	stop := context.AfterFunc(ctx, srv.Stop)
	defer stop()
	if err := srv.Serve(newSingleListener(conn)); err != nil && !errors.Is(err, net.ErrClosed) {
		s.log.Warn("serve control connection", "error", err)
	}
	srv.Stop()
}

// guestServer is our own service.
type guestServer struct{ guest Guest }

func (g *guestServer) watch(stream grpc.ServerStream) error {
	return toStatus(g.guest.Watch(stream.Context(), func(s Status) error { return stream.SendMsg(&s) }))
}

func (g *guestServer) logs(r logsRequest, stream grpc.ServerStream) error {
	return toStatus(g.guest.Logs(stream.Context(), r.Service, r.Follow, logsWriter{stream}))
}

func (g *guestServer) shutdown(ctx context.Context, r shutdownRequest) error {
	return toStatus(g.guest.Shutdown(ctx, r.Grace))
}

// logsWriter sends what is written to it as chunks.
type logsWriter struct{ stream grpc.ServerStream }

func (w logsWriter) Write(p []byte) (int, error) {
	for n := 0; n < len(p); n += logsChunkMax {
		if err := w.stream.SendMsg(&logsChunk{Data: p[n:min(len(p), n+logsChunkMax)]}); err != nil {
			return n, err
		}
	}
	return len(p), nil
}

// limaServer is lima's service, as far as it fits: what it would tunnel has a port of the link of its own.
type limaServer struct {
	api.UnimplementedGuestServiceServer
	guest Guest
}

func (l *limaServer) SyncTime(ctx context.Context, r *api.TimeSyncRequest) (*api.TimeSyncResponse, error) {
	off, err := l.guest.SetTime(ctx, r.GetHostTime().AsTime())
	if err != nil {
		return &api.TimeSyncResponse{Error: err.Error()}, nil
	}
	return &api.TimeSyncResponse{Adjusted: true, DriftMs: off.Milliseconds()}, nil
}

// errEnough ends a watch after its first word.
var errEnough = errors.New("enough")

func (l *limaServer) GetInfo(ctx context.Context, r *emptypb.Empty) (*api.Info, error) {
	w, ok := l.guest.(PortWatcher)
	if !ok {
		return l.UnimplementedGuestServiceServer.GetInfo(ctx, r)
	}
	info := &api.Info{}
	err := w.WatchPorts(ctx, func(ports []ListeningPort) error {
		for _, p := range ports {
			info.LocalPorts = append(info.LocalPorts, p.api())
		}
		return errEnough
	})
	if errors.Is(err, errEnough) {
		return info, nil
	}
	return nil, toStatus(err)
}

func (l *limaServer) GetEvents(r *emptypb.Empty, stream grpc.ServerStreamingServer[api.Event]) error {
	w, ok := l.guest.(PortWatcher)
	if !ok {
		return l.UnimplementedGuestServiceServer.GetEvents(r, stream)
	}
	known := make(map[ListeningPort]bool)
	first := true
	return toStatus(w.WatchPorts(stream.Context(), func(ports []ListeningPort) error {
		ev := portsEvent(known, ports)
		if !first && len(ev.AddedLocalPorts)+len(ev.RemovedLocalPorts) == 0 {
			return nil
		}
		first = false
		return stream.Send(ev)
	}))
}

// A singleListener accepts one connection, and ends when that one is closed.
type singleListener struct {
	conns chan net.Conn
	addr  net.Addr
	once  sync.Once
	done  chan struct{}
}

func newSingleListener(c net.Conn) *singleListener {
	l := &singleListener{conns: make(chan net.Conn, 1), addr: c.LocalAddr(), done: make(chan struct{})}
	l.conns <- &singleConn{Conn: c, l: l}
	return l
}

func (l *singleListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, fmt.Errorf("accept: %w", net.ErrClosed)
	}
}

func (l *singleListener) Close() error   { l.once.Do(func() { close(l.done) }); return nil }
func (l *singleListener) Addr() net.Addr { return l.addr }

// singleConn closes its listener with itself.
type singleConn struct {
	net.Conn
	l *singleListener
}

func (c *singleConn) Close() error {
	defer c.l.Close()
	return c.Conn.Close()
}
