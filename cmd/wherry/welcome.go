package main

import (
	"context"
	"fmt"
	"net"

	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"github.com/wherry-app/wherry/app/localsock"
	"github.com/wherry-app/wherry/app/welcome"
	"github.com/wherry-app/wherry/vmhost"
)

func (c *cli) welcomeCommand() *cobra.Command {
	var port uint16
	cmd := &cobra.Command{
		Use:   "welcome",
		Short: "Start the engine and run a first container that answers in the browser",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			if err := c.start(ctx); err != nil {
				return err
			}
			url, err := c.welcome(ctx, port)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.out, "\nYour first container answers on %s\n\nTry next:\n  export DOCKER_HOST=%s\n  docker ps\n", url, c.home.DockerHost())
			return nil
		},
	}
	cmd.Flags().Uint16Var(&port, "port", 0, "port on this computer (default: 8080, or the next free one)")
	return cmd
}

func (c *cli) welcome(ctx context.Context, port uint16) (string, error) {
	docker, err := client.New(client.WithHost("tcp://wherry:1"), client.WithDialContext(func(ctx context.Context, _, _ string) (net.Conn, error) {
		return localsock.Dial(ctx, c.home.DockerSocket())
	}))
	if err != nil {
		return "", fmt.Errorf("make docker client: %w", err)
	}
	defer docker.Close()
	return welcome.Run(ctx, welcome.Config{Docker: docker, Archive: welcome.Archive(c.home, string(vmhost.HostArch())), Port: port})
}
