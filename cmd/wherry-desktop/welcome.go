package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/moby/moby/client"

	"github.com/wherry-app/wherry/app/home"
	"github.com/wherry-app/wherry/app/welcome"
	archive "github.com/wherry-app/wherry/assets/welcome"
)

// runWelcome runs the welcome container on the docker at socket. Its archive lies in the first of dirs that exists.
func runWelcome(ctx context.Context, socket string, dirs []string) (string, error) {
	cli, err := client.New(client.WithHost(socket))
	if err != nil {
		return "", fmt.Errorf("open docker at %s: %w", socket, err)
	}
	defer cli.Close()
	file := archive.Archive
	for _, d := range dirs {
		if fileExists(d) {
			file = filepath.Join(d, archive.Archive)
			break
		}
	}
	return welcome.Run(ctx, welcome.Config{Docker: cli, Archive: file})
}

// welcomeDirs are the places of the guest image, which the archive lies beside.
func welcomeDirs(h home.Dir, asked string) []string {
	if asked == "" {
		asked = os.Getenv("WHERRY_GUEST")
	}
	if asked != "" {
		return []string{asked}
	}
	name := "guest-" + runtime.GOARCH
	dirs := []string{h.Guest(runtime.GOARCH)}
	if self, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(self); err == nil {
			self = real
		}
		root := filepath.Dir(filepath.Dir(self))
		dirs = append(dirs, filepath.Join(root, "share", "wherry", name), filepath.Join(root, "dist", name))
	}
	return dirs
}
