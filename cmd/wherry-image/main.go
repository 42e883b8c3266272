package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"

	"github.com/wherry-app/wherry/assets/guest"
	"github.com/wherry-app/wherry/linuxvm/image/build"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := dispatch(ctx, os.Args[1:])
	switch {
	case errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, "usage: wherry-image build [-arch ARCH] [-o DIR] | wherry-image ship -o FILE DIR")
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "wherry-image:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("wrong usage")

func dispatch(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errUsage
	}
	switch args[0] {
	case "build":
		return runBuild(ctx, args[1:])
	case "ship":
		return runShip(ctx, args[1:])
	}
	return errUsage
}

func runBuild(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("build", flag.ExitOnError)
	arch := flags.String("arch", runtime.GOARCH, "the guest's `architecture`: amd64 or arm64")
	out := flags.String("o", "", "the image's `folder` (default dist/guest-ARCH)")
	cache := flags.String("cache", filepath.Join(".cache", "guest"), "`folder` for what the next build can use again")
	version := flags.String("version", "dev", "the agent's `version`")
	refresh := flags.Bool("refresh", false, "take the newest Debian packages")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 {
		return errUsage
	}
	if *out == "" {
		*out = filepath.Join("dist", "guest-"+*arch)
	}
	programs, err := os.MkdirTemp("", "wherry-image-")
	if err != nil {
		return fmt.Errorf("make temporary folder: %w", err)
	}
	defer os.RemoveAll(programs)
	c := build.Config{
		Arch: *arch, Out: *out, Cache: *cache, Lists: guest.Lists, Refresh: *refresh, AgentVersion: *version,
		Agent:    filepath.Join(programs, "wherry-guest"),
		Init:     filepath.Join(programs, "wherry-initrd"),
		Welcome:  filepath.Join(programs, "wherry-welcome"),
		Progress: func(line string) { fmt.Println(line) },
	}
	c.Progress("guest " + *arch + ": compile the agent")
	for _, file := range []string{c.Agent, c.Init, c.Welcome} {
		if err := compile(ctx, file, *arch, *version); err != nil {
			return err
		}
	}
	return build.Build(ctx, c)
}

// compile builds one of the guest's programs, always to the same bytes.
func compile(ctx context.Context, file, arch, version string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false",
		"-ldflags=-s -w -buildid= -X main.version="+version, "-o", file,
		"github.com/wherry-app/wherry/cmd/"+filepath.Base(file))
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0", "GOFLAGS=")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("compile %s: %w", filepath.Base(file), err)
	}
	return nil
}

func runShip(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("ship", flag.ExitOnError)
	out := flags.String("o", "", "the `file` to write")
	if err := flags.Parse(args); err != nil || flags.NArg() != 1 || *out == "" {
		return errUsage
	}
	size, err := build.Ship(ctx, *out, flags.Arg(0))
	if err != nil {
		return err
	}
	fmt.Printf("%s: %.1f MB\n", *out, float64(size)/1e6)
	return nil
}
