package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/api"
	"github.com/wherry-app/wherry/app/autostart"
	"github.com/wherry-app/wherry/app/dockercontext"
	"github.com/wherry-app/wherry/app/engine"
	"github.com/wherry-app/wherry/app/nametrust"
	"github.com/wherry-app/wherry/app/socketlink"
)

func (c *cli) uninstallCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "uninstall",
		Short: "Remove everything that Wherry has made on this computer",
		Long: "Stop the engine and remove its images, containers and volumes, the settings and logs, the start at login, docker's context\n" +
			"wherry, the link in the place of docker's socket and the trust in Wherry's certificates. The programs stay.",
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			what := "This removes all that Wherry keeps in " + c.home.Root() + ", settings included:"
			if !yes && !c.agreed(what, c.loss(cmd.Context())) {
				return errors.New("nothing was changed")
			}
			return c.uninstall(cmd.Context())
		},
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

// uninstall goes on after a step that failed, and returns all that did.
func (c *cli) uninstall(ctx context.Context) error {
	self, err := program()
	if err != nil {
		return err
	}
	if err := c.endEverything(ctx); err != nil {
		return err // what runs keeps using the folder
	}
	err = errors.Join(
		step("remove the start at login", autostart.For(self, c.home).Set(false)),
		step("remove docker's context", c.removeContext()),
		step("remove the link of docker's socket", c.removeLink(ctx)),
		step("remove the trust in certificates", nametrust.Untrust(engine.CADir(c.home))),
	)
	left, removeErr := c.home.RemoveAll()
	if err = errors.Join(err, removeErr); err != nil {
		return app.Errorf("see to what it names, then run `wherry uninstall` again", "not everything could be removed: %w", err)
	}
	if len(left) > 0 {
		fmt.Fprintf(c.err, "left in %s, since it is not Wherry's: %s\n", c.home.Root(), strings.Join(left, ", "))
	}
	fmt.Fprintf(c.err, "removed. What remains to delete is the program: %s\n", self)
	return nil
}

func step(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// endTime is how long a daemon may take to end.
const endTime = 10 * time.Second

// endEverything ends the engine at once, and the daemon.
func (c *cli) endEverything(ctx context.Context) error {
	if err := c.stopForce(ctx); err != nil && !errors.Is(err, api.ErrNoDaemon) {
		return err
	}
	ask, cancel := context.WithTimeout(ctx, endTime)
	defer cancel()
	if err := c.client.Quit(ask); err != nil && !errors.Is(err, api.ErrNoDaemon) {
		fmt.Fprintln(c.err, "the daemon does not answer; it is ended")
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		locked, err := c.home.Locked()
		if err != nil || !locked {
			return err
		}
		select {
		case <-tick.C:
		case <-ask.Done():
			return killOwner(context.WithoutCancel(ctx), c.home.OwnerPID())
		}
	}
}

// removeContext removes docker's context, if it leads to this engine.
func (c *cli) removeContext() error {
	dir, err := dockercontext.DefaultDir()
	if err != nil {
		return nil //nolint:nilerr // a user without a home has no docker contexts
	}
	store := dockercontext.Open(dir)
	st, err := store.Status()
	if err != nil || st.Host != c.home.DockerHost() {
		return err
	}
	return store.Remove()
}

// removeLink removes the link in the place of docker's socket, if it leads to this engine.
func (c *cli) removeLink(ctx context.Context) error {
	_, terminal := isTerminal(c.in)
	return socketlink.Unlink(ctx, socketlink.NewAsker(terminal, c.in, c.err, c.err), socketlink.Path, c.home.DockerSocket())
}
