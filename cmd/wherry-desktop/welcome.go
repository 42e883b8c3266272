package main

import (
	"context"
	"fmt"

	"github.com/moby/moby/client"

	"github.com/wherry-app/wherry/app/welcome"
)

// runWelcome runs the welcome container, made of an archive, on the docker at socket.
func runWelcome(ctx context.Context, socket, archive string) (string, error) {
	docker, err := client.New(client.WithHost(socket))
	if err != nil {
		return "", fmt.Errorf("open docker at %s: %w", socket, err)
	}
	defer docker.Close()
	return welcome.Run(ctx, welcome.Config{Docker: docker, Archive: archive})
}
