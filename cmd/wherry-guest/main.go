//go:build linux

package main

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/wherry-app/wherry/forwarder/pipe"
	"github.com/wherry-app/wherry/linuxvm/control"
	"github.com/wherry-app/wherry/linuxvm/link"
	"github.com/wherry-app/wherry/linuxvm/pid1"
	"github.com/wherry-app/wherry/linuxvm/sharefs/guest"
	"github.com/wherry-app/wherry/linuxvm/tunnel"
)

// version is set when the agent is linked.
var version = "dev"

func main() {
	if os.Getpid() != 1 {
		os.Stderr.WriteString("wherry-guest " + version + " is process 1 of Wherry's virtual machine and of no use elsewhere\n")
		os.Exit(2)
	}
	folders := make(chan struct{})
	var shares atomic.Pointer[guest.Client]
	agent := pid1.New(pid1.Config{
		Version: version, Folders: folders,
		Join: func(ctx context.Context, host, docker net.Conn) error {
			if c, ok := host.(link.Conn); ok {
				host = &settled{Conn: c, shares: shares.Load}
			}
			return join(ctx, host, docker)
		},
		Handlers: func(g control.Guest, log hclog.Logger) map[link.Port]pid1.Handler {
			shares.Store(guest.New(guest.Config{Dir: "/run/wherry/shares", Logger: log}))
			return handlers(g, log, shares.Load(), folders)
		},
	})
	err := agent.Run()
	os.Stderr.WriteString("wherry-guest: " + err.Error() + "\n")
	os.Exit(1) // of process 1: the kernel panics, and the virtual machine ends
}

func join(ctx context.Context, a, b net.Conn) error {
	_, err := pipe.Join(ctx, a, b)
	return err
}

// handlers are what serves the ports; folders is closed when the shared folders are mounted.
func handlers(g control.Guest, log hclog.Logger, shares *guest.Client, folders chan<- struct{}) map[link.Port]pid1.Handler {
	server := control.NewServer(control.Config{Guest: g, Logger: log})
	go func() {
		<-shares.Ready()
		close(folders)
	}()
	return map[link.Port]pid1.Handler{
		link.PortControl: server.Serve,
		link.PortTunnel:  tunnel.Handler(tunnel.Config{Join: join, Logger: log}),
		link.PortFiles:   func(ctx context.Context, c link.Conn) { serveFiles(ctx, shares, c, log) },
	}
}

// serveFiles uses a stream for the shared folders while it lasts.
func serveFiles(ctx context.Context, shares *guest.Client, c link.Conn, log hclog.Logger) {
	if err := shares.Serve(ctx, c); err != nil && !errors.Is(err, io.EOF) && ctx.Err() == nil {
		log.Debug("stream of shared folders", "error", err)
	}
}

// settled is a stream on which docker answers the host: what it says of a container, its end for example, is not heard
// before what the container wrote to shared folders is on the host.
type settled struct {
	link.Conn
	shares func() *guest.Client
}

// settleLimit is how long docker's answers wait for the shared folders.
const settleLimit = 2 * time.Second

func (s *settled) Write(p []byte) (int, error) {
	if c := s.shares(); c != nil {
		c.Barrier(settleLimit)
	}
	return s.Conn.Write(p)
}
