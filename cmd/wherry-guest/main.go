//go:build linux

package main

import (
	"context"
	"net"
	"os"

	"github.com/hashicorp/go-hclog"

	"github.com/wherry-app/wherry/forwarder/pipe"
	"github.com/wherry-app/wherry/linuxvm/control"
	"github.com/wherry-app/wherry/linuxvm/link"
	"github.com/wherry-app/wherry/linuxvm/pid1"
	"github.com/wherry-app/wherry/linuxvm/tunnel"
)

// version is set when the agent is linked.
var version = "dev"

func main() {
	if os.Getpid() != 1 {
		os.Stderr.WriteString("wherry-guest " + version + " is process 1 of Wherry's virtual machine and of no use elsewhere\n")
		os.Exit(2)
	}
	agent := pid1.New(pid1.Config{Version: version, Join: join, Handlers: handlers})
	err := agent.Run()
	os.Stderr.WriteString("wherry-guest: " + err.Error() + "\n")
	os.Exit(1) // of process 1: the kernel panics, and the virtual machine ends
}

func join(ctx context.Context, a, b net.Conn) error {
	_, err := pipe.Join(ctx, a, b)
	return err
}

func handlers(g control.Guest, log hclog.Logger) map[link.Port]pid1.Handler {
	server := control.NewServer(control.Config{Guest: g, Logger: log})
	return map[link.Port]pid1.Handler{
		link.PortControl: server.Serve,
		link.PortTunnel:  tunnel.Handler(tunnel.Config{Join: join, Logger: log}),
	}
}
