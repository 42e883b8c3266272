package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/api"
	"github.com/wherry-app/wherry/app/engine"
)

func (c *cli) startCommand() *cobra.Command {
	var foreground, timings bool
	changes := map[string]*string{"cpus": new(string), "memory": new(string), "disk": new(string)}
	cmd := &cobra.Command{
		Use:   "start",
		Short: "Start the engine and wait until docker answers",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.saveFlags(cmd, changes); err != nil {
				return err
			}
			if foreground {
				return c.runForeground(cmd.Context())
			}
			if err := c.start(cmd.Context()); err != nil {
				return err
			}
			if timings {
				snap, err := c.client.Snapshot(cmd.Context())
				if err != nil {
					return err
				}
				printTimings(c.out, snap.Stages)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(changes["cpus"], "cpus", "", "processors of the VM; kept for later starts")
	f.StringVar(changes["memory"], "memory", "", "most memory the VM may use, for example 4GiB; kept for later starts")
	f.StringVar(changes["disk"], "disk", "", "size of the data disk, for example 64GiB; kept for later starts")
	f.BoolVar(&foreground, "foreground", false, "run the engine in this process until it is interrupted")
	f.BoolVar(&timings, "timings", false, "show where the time of the start went")
	return cmd
}

// saveFlags makes settings of the flags that were given.
func (c *cli) saveFlags(cmd *cobra.Command, flags map[string]*string) error {
	changes := map[string]string{}
	for name, v := range flags {
		if cmd.Flags().Changed(name) {
			changes[name] = *v
		}
	}
	if len(changes) == 0 {
		return nil
	}
	return c.change(cmd.Context(), changes)
}

// start starts the engine with progress shown, and the daemon before it if none runs. An interrupt undoes the start.
func (c *cli) start(ctx context.Context) error {
	if err := c.sameVersion(ctx, true); err != nil {
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
	show := newProgress(c.err)
	err = show.while(ctx, client, client.Start)
	if ctx.Err() != nil {
		show.say("interrupted: ending the start")
		return errors.Join(ctx.Err(), c.settle())
	}
	if err != nil {
		return err
	}
	show.say(fmt.Sprintf("docker answers on %s", c.home.DockerHost()))
	return nil
}

// settle waits until an interrupted engine rests, so that nothing is half done when we return.
func (c *cli) settle() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	rests := errors.New("rests")
	err := c.client.Watch(ctx, func(s app.Snapshot) error {
		if s.State.Busy() {
			return nil
		}
		return rests
	})
	if errors.Is(err, rests) || errors.Is(err, api.ErrNoDaemon) {
		return nil
	}
	return err
}

// runForeground is the daemon and a start in one process; it ends when it is interrupted or the engine does.
func (c *cli) runForeground(ctx context.Context) error {
	d, err := newDaemon(c.home, c.err, false)
	if err != nil {
		return err
	}
	show := newProgress(c.err)
	return d.run(ctx, func(ctx context.Context, e *engine.Engine) error {
		if err := show.while(ctx, e, e.Start); err != nil {
			return err
		}
		show.say(fmt.Sprintf("docker answers on %s; interrupt to stop", c.home.DockerHost()))
		return e.Watch(ctx, func(s app.Snapshot) error {
			if s.State == app.StateFailed {
				return s.LastError.AsError()
			}
			return nil
		})
	})
}
