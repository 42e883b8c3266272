package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/api"
	"github.com/wherry-app/wherry/vmhost/process"
)

func (c *cli) daemonRestartCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "restart",
		Short: "Replace the daemon by one of this version; containers go on meanwhile",
		Long: "Replace the daemon by one of this program's version. The VM goes on running, with all containers in it, and the new\n" +
			"daemon takes it over; only connections between the host and containers break.",
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.replaceDaemon(cmd.Context()) },
	}
}

// leaveTime is how long a daemon may take to leave before it is ended.
const leaveTime = 10 * time.Second

// replaceDaemon ends the daemon without its VM and lets a new one take that over.
func (c *cli) replaceDaemon(ctx context.Context) error {
	snap, err := c.snapshot(ctx)
	switch {
	case errors.Is(err, api.ErrNoDaemon):
		fmt.Fprintln(c.err, "no daemon runs; the next command that needs one starts it")
		return nil
	case isHung(err):
		return c.replaceHung(ctx)
	case err != nil:
		return err
	case snap.State.Busy():
		return app.Errorf("try again in a moment", "the engine is %s", snap.State)
	case snap.Driver != "" && snap.Driver != "qemu":
		return app.Errorf("run `wherry stop`, then `wherry start`", "a VM of the driver %s ends with its daemon", snap.Driver)
	}
	old, err := process.Open(snap.Daemon.PID)
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("find the daemon: %w", err)
	}
	if old != nil {
		defer old.Close()
		if err := c.endDaemon(ctx, old, snap); err != nil {
			return err
		}
	}
	if snap.State == app.StateStopped || snap.State == app.StateFailed {
		fmt.Fprintln(c.err, "the daemon has ended; the next command that needs one starts it")
		return nil
	}
	self, err := program()
	if err != nil {
		return err
	}
	client, err := api.Launch(ctx, c.home, self)
	if err != nil {
		return err
	}
	show := newProgress(c.err)
	if snap.State == app.StateRunning {
		if err := show.while(ctx, client, client.Start); err != nil {
			return err
		}
	}
	show.say("the daemon is " + version())
	return nil
}

// endDaemon makes a daemon leave, one way or the other: QEMU outlives it in any case.
func (c *cli) endDaemon(ctx context.Context, old *process.Process, snap app.Snapshot) error {
	ctx, cancel := context.WithTimeout(ctx, leaveTime)
	defer cancel()
	err := c.client.Leave(ctx)
	if err == nil {
		err = old.Wait(ctx)
	}
	if err == nil {
		return nil
	}
	if now, again := c.snapshot(ctx); again == nil && now.State.Busy() {
		return app.Errorf("try again in a moment", "the engine is %s", now.State)
	}
	// An older daemon, or one that hangs.
	if err := old.Kill(); err != nil {
		return fmt.Errorf("end the daemon (process %d): %w", snap.Daemon.PID, err)
	}
	return old.Wait(context.WithoutCancel(ctx))
}

// sameVersion says when a daemon of another version runs, and offers to replace it where somebody can answer.
func (c *cli) sameVersion(ctx context.Context, offer bool) error {
	snap, err := c.snapshot(ctx)
	if err != nil || snap.Daemon.Version == version() {
		return nil //nolint:nilerr // no daemon has no version, and what is wrong with one is told by what comes next
	}
	fmt.Fprintf(c.err, "the daemon is version %s, this program is %s", snap.Daemon.Version, version())
	_, in := isTerminal(c.in)
	_, out := isTerminal(c.err)
	if !offer || !in || !out || snap.State.Busy() {
		fmt.Fprintln(c.err, ": run `wherry daemon restart`; containers go on meanwhile")
		return nil
	}
	fmt.Fprint(c.err, ". Replace it now? Containers go on meanwhile. [Y/n] ")
	answer, err := bufio.NewReader(c.in).ReadString('\n')
	if err != nil {
		fmt.Fprintln(c.err)
	}
	if a := strings.ToLower(strings.TrimSpace(answer)); a == "" && err == nil || a == "y" || a == "yes" {
		return c.replaceDaemon(ctx)
	}
	return nil
}
