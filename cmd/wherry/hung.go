package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/api"
)

// hungError says that a daemon runs and does not answer.
type hungError struct{ cause *app.Error }

func (e hungError) Error() string { return e.cause.Error() }

func (e hungError) Unwrap() error { return e.cause }

func isHung(err error) bool { return errors.As(err, new(hungError)) }

// patient are the commands that ask no daemon, or see for themselves to one that does not answer.
func patient() []string {
	return []string{"daemon", "completion", "help", "version", "status", "stop", "restart", "doctor", "diagnose", "wherry"}
}

// notHung is an error if a daemon runs that does not answer, so that no command waits for it.
func (c *cli) notHung(cmd *cobra.Command) error {
	if slices.Contains(patient(), cmd.Name()) {
		return nil
	}
	if _, err := c.snapshot(cmd.Context()); isHung(err) {
		return err
	}
	return nil
}

// replaceHung ends a daemon that does not answer, and lets a new one take over what runs.
func (c *cli) replaceHung(ctx context.Context) error {
	pid := c.home.OwnerPID()
	fmt.Fprintf(c.err, "the daemon (process %d) does not answer and is ended; containers go on\n", pid)
	if err := killOwner(ctx, pid); err != nil {
		return err
	}
	self, err := program()
	if err != nil {
		return err
	}
	client, err := api.Launch(ctx, c.home, self)
	if err != nil {
		return err
	}
	snap, err := client.Snapshot(ctx)
	if err != nil || !snap.State.Busy() {
		return err // nothing ran
	}
	show := newProgress(c.err)
	if err := show.while(ctx, client, client.Start); err != nil {
		return err
	}
	show.say("the daemon is " + version())
	return nil
}
