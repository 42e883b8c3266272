package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"github.com/wherry-app/wherry/app/localsock"
	appwelcome "github.com/wherry-app/wherry/app/welcome"
	"github.com/wherry-app/wherry/assets/welcome"
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
	return appwelcome.Run(ctx, appwelcome.Config{Docker: docker, Archive: welcomeArchive(imageDirs(c.home, string(vmhost.HostArch()))), Port: port})
}

// welcomeArchive is the welcome image beside the guest image.
func welcomeArchive(dirs []string) string {
	for _, dir := range dirs {
		if _, err := os.Stat(dir); err == nil {
			return filepath.Join(dir, welcome.Archive)
		}
	}
	return welcome.Archive
}
