package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/engine"
	"github.com/wherry-app/wherry/app/home"
)

func (c *cli) rescueCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rescue [COMMAND [ARG…]]",
		Short: "Open a shell in the VM even if its data disk is damaged",
		Long: "Boot the VM without docker being waited for, open a shell in it (or run COMMAND), and stop the VM when that ends.\n" +
			"The data disk is /dev/vdb; it is mounted on /var/lib if it can be.",
		RunE: func(cmd *cobra.Command, args []string) error { return c.rescue(cmd.Context(), args) },
	}
	cmd.Flags().SetInterspersed(false) // the command's own flags
	return cmd
}

// rescue is an engine in this process for as long as the shell is open.
func (c *cli) rescue(ctx context.Context, args []string) error {
	d, err := newDaemon(c.home, c.err, true)
	if errors.Is(err, home.ErrLocked) {
		return app.Errorf("run `wherry stop` first", "the engine is in use")
	}
	if err != nil {
		return err
	}
	show := newProgress(c.err)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	return d.run(ctx, func(ctx context.Context, e *engine.Engine) error {
		defer cancel()
		if err := show.while(ctx, e, e.Start); err != nil {
			return err
		}
		return c.attach(ctx, e, args)
	})
}
