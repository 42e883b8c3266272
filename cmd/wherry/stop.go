package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/api"
	"github.com/wherry-app/wherry/app/engine"
	"github.com/wherry-app/wherry/vmhost"
	"github.com/wherry-app/wherry/vmhost/process"
)

func (c *cli) stopCommand() *cobra.Command {
	var force, suspend bool
	cmd := &cobra.Command{
		Use:   "stop",
		Short: "Stop the containers and the engine",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case force && suspend:
				return usageError{errors.New("--force and --suspend exclude each other")}
			case force:
				return c.stopForce(cmd.Context())
			case suspend:
				return c.stop(cmd.Context(), app.StopSuspend)
			}
			return c.stop(cmd.Context(), app.StopClean)
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "pull the plug, also when the daemon hangs")
	cmd.Flags().BoolVar(&suspend, "suspend", false, "save the VM with all that runs in it; the next start goes on from there")
	return cmd
}

// stop stops the engine cleanly or suspends it. A VM that runs without its daemon gets one first, to be stopped by.
func (c *cli) stop(ctx context.Context, mode app.StopMode) error {
	client, err := c.owner(ctx)
	if err != nil || client == nil {
		return err
	}
	show := newProgress(c.err)
	err = show.while(ctx, client, func(ctx context.Context) error { return client.Stop(ctx, mode) })
	if err != nil {
		return err
	}
	said := "stopped"
	if engine.Suspended(c.home) {
		said = "suspended"
	}
	show.say(said)
	return nil
}

// owner is a client of the daemon that owns the engine, nil if there is nothing to own and that has been said.
func (c *cli) owner(ctx context.Context) (*api.Client, error) {
	if _, err := c.snapshot(ctx); err == nil {
		return c.client, nil
	} else if !errors.Is(err, api.ErrNoDaemon) {
		return nil, err
	}
	if _, err := engine.FindVM(ctx, c.drivers(nil), c.home.VM()); errors.Is(err, vmhost.ErrNoMachine) {
		if engine.Suspended(c.home) {
			fmt.Fprintln(c.err, "the engine is suspended; `wherry start` goes on, `wherry stop --force` gives up what it holds")
		} else {
			fmt.Fprintln(c.err, "the engine is stopped")
		}
		return nil, nil
	}
	self, err := program()
	if err != nil {
		return nil, err
	}
	return api.Launch(ctx, c.home, self)
}

// stopForce ends the engine whatever state it is in: by the daemon if that answers, else the daemon and the VM as
// processes.
func (c *cli) stopForce(ctx context.Context) error {
	ask, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	err := c.client.Stop(ask, app.StopForce)
	if err == nil || ctx.Err() != nil {
		return errors.Join(err, ctx.Err())
	}
	locked, err := c.home.Locked()
	if err != nil {
		return err
	}
	if locked {
		if err := killOwner(ctx, c.home.OwnerPID()); err != nil {
			return err
		}
	}
	if err := os.Remove(c.home.SavedState()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the saved machine: %w", err)
	}
	return engine.DiscardVM(ctx, c.drivers(nil), c.home.VM())
}

// killOwner ends a daemon that does not answer and waits until it is gone.
func killOwner(ctx context.Context, pid int) error {
	p, err := process.Open(pid)
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find the daemon: %w", err)
	}
	defer p.Close()
	if err := p.Kill(); err != nil {
		return fmt.Errorf("end the daemon: %w", err)
	}
	return p.Wait(ctx)
}

func (c *cli) restartCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "restart",
		Short: "Stop the engine and start it again",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.stop(cmd.Context(), app.StopPowerOff); err != nil {
				return err
			}
			return c.start(cmd.Context())
		},
	}
}
