package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/api"
	"github.com/wherry-app/wherry/app/home"
)

// Exit codes, a part of the command line's contract.
const (
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole program but for its exit.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	c := &cli{in: in, out: out, err: errOut}
	root := c.rootCommand()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintln(errOut, "wherry: "+oneLine(err))
	var usage usageError
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}

// oneLine is an error with its hint, as the user reads it.
func oneLine(err error) string {
	if errors.Is(err, context.Canceled) {
		return "interrupted"
	}
	info := app.InfoOf(err)
	if info.Hint == "" {
		return info.Message
	}
	return info.Message + " — " + info.Hint
}

// usageError is a command line that was not understood.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// Hint names the help.
func (e usageError) Hint() string { return "see `wherry --help`" }

// cli is what the commands share.
type cli struct {
	in       io.Reader
	out, err io.Writer
	home     home.Dir
	client   *api.Client
}

// open finds the state directory; it looks at nothing in it.
func (c *cli) open() (err error) {
	if c.home, err = home.Default(); err != nil {
		return err
	}
	c.client = api.NewClient(c.home)
	return nil
}

func (c *cli) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "wherry",
		Short:         "Run Linux containers on this computer",
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.open(); err != nil {
				return err
			}
			if err := c.home.Check(); err != nil {
				return err
			}
			return c.notHung(cmd)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("there is no command %q", args[0])}
			}
			return cmd.Help()
		},
		Args: cobra.ArbitraryArgs,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(
		c.startCommand(), c.stopCommand(), c.restartCommand(), c.statusCommand(), c.envCommand(), c.portsCommand(),
		c.logsCommand(), c.shellCommand(), c.settingsCommand(), c.resetCommand(), c.rescueCommand(), c.welcomeCommand(), c.versionCommand(),
		c.daemonCommand(), c.doctorCommand(), c.diagnoseCommand(), c.uninstallCommand(),
		c.contextCommand(), c.linkSocketCommand(), c.namesCommand(), c.shareCommand(),
	)
	return root
}

// args makes a wrong number of arguments a usage error.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}

// isTerminal says whether a stream of ours is a terminal, and which.
func isTerminal(stream any) (int, bool) {
	f, ok := stream.(*os.File)
	if !ok {
		return 0, false
	}
	fd := int(f.Fd())
	return fd, term.IsTerminal(fd)
}
