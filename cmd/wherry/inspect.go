package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/api"
	"github.com/wherry-app/wherry/app/logfile"
)

func (c *cli) envCommand() *cobra.Command {
	var shell string
	cmd := &cobra.Command{
		Use:   "env",
		Short: "Print the setting that points docker at Wherry",
		Long:  "Print the setting that points docker at Wherry, for eval \"$(wherry env)\" and its kin.",
		Args:  args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			line, err := envLine(shell, c.home.DockerHost())
			if err == nil {
				_, err = fmt.Fprintln(c.out, line)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&shell, "shell", defaultShell, "bash, fish or powershell")
	return cmd
}

// envLine sets DOCKER_HOST in a shell's language.
func envLine(shell, host string) (string, error) {
	switch shell {
	case "bash", "zsh", "sh":
		return "export DOCKER_HOST='" + strings.ReplaceAll(host, "'", `'\''`) + "'", nil
	case "fish":
		return "set -gx DOCKER_HOST '" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(host) + "'", nil
	case "powershell":
		return "$Env:DOCKER_HOST = '" + strings.ReplaceAll(host, "'", "''") + "'", nil
	}
	return "", usageError{fmt.Errorf("unknown shell %q: use bash, fish or powershell", shell)}
}

func (c *cli) logsCommand() *cobra.Command {
	var follow bool
	var names []string
	for _, l := range app.LogSources() {
		names = append(names, string(l))
	}
	cmd := &cobra.Command{
		Use:       "logs [" + strings.Join(names, "|") + "]",
		Short:     "Print a log, the engine's if none is named",
		Args:      args(cobra.MaximumNArgs(1)),
		ValidArgs: names,
		RunE: func(cmd *cobra.Command, args []string) error {
			source := app.LogEngine
			if len(args) == 1 {
				source = app.LogSource(args[0])
			}
			if !slices.Contains(app.LogSources(), source) {
				return usageError{api.UnknownLog(string(source))}
			}
			err := logfile.Copy(cmd.Context(), c.home.Log(source), follow, c.out)
			if errors.Is(err, fs.ErrNotExist) {
				return app.Errorf("run `wherry start` first", "there is no %s log yet", source)
			}
			return err
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on with what is written later")
	return cmd
}

func (c *cli) shellCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "shell [COMMAND [ARG…]]",
		Short: "Open a shell in the VM",
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.shell(cmd.Context(), args)
		},
	}
	cmd.Flags().SetInterspersed(false) // the command's own flags
	return cmd
}

// shell opens a shell in the running engine's VM.
func (c *cli) shell(ctx context.Context, args []string) error {
	if _, err := c.snapshot(ctx); err != nil {
		if errors.Is(err, api.ErrNoDaemon) {
			return app.Errorf("run `wherry start` first", "the engine is not running")
		}
		return err
	}
	return c.attach(ctx, c.client, args)
}

// attach connects our terminal, or whatever our input and output are, with a program in the guest.
func (c *cli) attach(ctx context.Context, engine app.Inspector, args []string) error {
	s := app.ShellSession{Args: args, Stdin: c.in, Stdout: c.out}
	in, inTTY := isTerminal(c.in)
	out, outTTY := isTerminal(c.out)
	if !inTTY || !outTTY {
		return engine.Shell(ctx, s)
	}
	s.TTY = true
	s.Size = windowSize(out)
	old, err := term.MakeRaw(in)
	if err != nil {
		return fmt.Errorf("prepare the terminal: %w", err)
	}
	defer func() { _ = term.Restore(in, old) }()
	resize, stop := watchWindow(out)
	defer stop()
	s.Resize = resize
	return engine.Shell(ctx, s)
}

func windowSize(fd int) app.Size {
	cols, rows, err := term.GetSize(fd)
	if err != nil {
		return app.Size{Cols: 80, Rows: 24}
	}
	return app.Size{Cols: uint16(cols), Rows: uint16(rows)}
}

func (c *cli) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the versions of Wherry, its daemon and docker",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			fmt.Fprintln(c.out, "wherry", version())
			snap, err := c.snapshot(cmd.Context())
			if err != nil {
				return nil //nolint:nilerr // no daemon has no version
			}
			fmt.Fprintln(c.out, "daemon", snap.Daemon.Version)
			if snap.Docker.Version != "" {
				fmt.Fprintln(c.out, "docker", snap.Docker.Version)
			}
			return nil
		},
	}
}

// program is the path of this executable.
func program() (string, error) {
	p, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program: %w", err)
	}
	return p, nil
}
