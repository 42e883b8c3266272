package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/api"
	"github.com/wherry-app/wherry/app/engine"
)

func (c *cli) settingsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "settings",
		Short: "Show or change settings",
		Args:  args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			s, err := c.settings()
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(c.out, 0, 4, 2, ' ', 0)
			for _, k := range app.Keys() {
				fmt.Fprintf(w, "%s\t%s\t%s\n", k.Name, k.Get(s), k.Help)
			}
			return w.Flush()
		},
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "get KEY",
		Short: "Print one setting",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := c.settings()
			if err != nil {
				return err
			}
			for _, k := range app.Keys() {
				if k.Name == args[0] {
					_, err := fmt.Fprintln(c.out, k.Get(s))
					return err
				}
			}
			return app.Errorf("use one of: "+strings.Join(app.KeyNames(), ", "), "unknown setting %q", args[0])
		},
	}, &cobra.Command{
		Use:   "set KEY VALUE",
		Short: "Change one setting",
		Args:  args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.change(cmd.Context(), map[string]string{args[0]: args[1]})
		},
	})
	return cmd
}

func (c *cli) settings() (app.Settings, error) {
	return c.home.LoadSettings(app.DefaultSettings(hostFacts()))
}

// change saves settings, through the daemon if there is one.
func (c *cli) change(ctx context.Context, changes map[string]string) error {
	res, err := c.client.Set(ctx, changes)
	if errors.Is(err, api.ErrNoDaemon) {
		res, err = engine.ChangeSettings(c.home, hostFacts(), changes)
		res.NeedRestart = nil
	}
	if err == nil && len(res.NeedRestart) > 0 {
		fmt.Fprintf(c.err, "%s: taken up by `wherry restart`\n", strings.Join(res.NeedRestart, ", "))
	}
	return err
}

func (c *cli) resetCommand() *cobra.Command {
	var yes, keep bool
	cmd := &cobra.Command{
		Use:   "reset",
		Short: "Delete all images, containers and volumes, and the settings",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			what := "This deletes all images, containers and volumes of Wherry in " + c.home.Root()
			if !keep {
				what += ", and the settings"
			}
			if !yes && !c.agreed(what+":", c.loss(cmd.Context())) {
				return errors.New("nothing was changed")
			}
			self, err := program()
			if err != nil {
				return err
			}
			client, err := api.Launch(cmd.Context(), c.home, self)
			if err != nil {
				return err
			}
			if err := client.Reset(cmd.Context(), keep); err != nil {
				return err
			}
			fmt.Fprintln(c.err, "reset: the next start begins with an empty engine")
			return nil
		},
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	cmd.Flags().BoolVar(&keep, "keep-settings", false, "delete the engine's data only")
	return cmd
}
