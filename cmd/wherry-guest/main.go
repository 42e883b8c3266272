//go:build linux

package main

import (
	"context"
	"errors"
	"io"
	"net"
	"os"

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
	agent := pid1.New(pid1.Config{
		Version: version, Join: join, Folders: folders,
		Handlers: func(g control.Guest, log hclog.Logger) map[link.Port]pid1.Handler { return handlers(g, log, folders) },
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
func handlers(g control.Guest, log hclog.Logger, folders chan<- struct{}) map[link.Port]pid1.Handler {
	server := control.NewServer(control.Config{Guest: g, Logger: log})
	shares := guest.New(guest.Config{Dir: "/run/wherry/shares", Logger: log})
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
