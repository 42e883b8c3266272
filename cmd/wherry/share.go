package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/wherry-app/wherry/app"
)

func (c *cli) shareCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "share",
		Short: "Show or change which folders of this computer containers may bind",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := c.shares(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.out, list)
			}
			if len(list) == 0 {
				fmt.Fprintln(c.err, "no folders are shared: use `wherry share add PATH`")
			}
			return printShares(c.out, list)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "for programs")
	cmd.AddCommand(c.shareAddCommand(), c.shareRemoveCommand())
	return cmd
}

func (c *cli) shareAddCommand() *cobra.Command {
	var readOnly bool
	cmd := &cobra.Command{
		Use:   "add PATH",
		Short: "Let containers bind a folder of this computer, and what is in it; at once",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.settings()
			if err != nil {
				return err
			}
			share := app.Share{ReadOnly: readOnly}
			if share.Path, err = filepath.Abs(args[0]); err != nil {
				return fmt.Errorf("find the folder: %w", err)
			}
			if have, ok := covering(s.ShareList(), share); ok {
				fmt.Fprintf(c.err, "%s is shared already, with %s\n", share.Path, have)
				return nil
			}
			return c.change(cmd.Context(), map[string]string{"shares": s.AddShare(share)})
		},
	}
	cmd.Flags().BoolVar(&readOnly, "read-only", false, "containers may only read")
	return cmd
}

// covering is the share that a new one would add nothing to, if there is one and the folder is there.
func covering(list []app.Share, add app.Share) (app.Share, bool) {
	if st, err := os.Stat(add.Path); err != nil || !st.IsDir() {
		return app.Share{}, false
	}
	i := slices.IndexFunc(list, func(have app.Share) bool { return have.ReadOnly == add.ReadOnly && have.Covers(add.Path) })
	if i < 0 {
		return app.Share{}, false
	}
	return list[i], true
}

func (c *cli) shareRemoveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "remove PATH",
		Short: "Take a shared folder away from containers, also from those that use it",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.settings()
			if err != nil {
				return err
			}
			path, err := filepath.Abs(args[0])
			if err != nil {
				return fmt.Errorf("find the folder: %w", err)
			}
			left, ok := s.RemoveShare(path)
			if !ok {
				return app.Errorf("see `wherry share` for those that are", "%s is not a shared folder", path)
			}
			return c.change(cmd.Context(), map[string]string{"shares": left})
		},
	}
}

// shares are the folders that are set, and how they are if the engine runs.
func (c *cli) shares(ctx context.Context) ([]app.ShareState, error) {
	s, err := c.settings()
	if err != nil {
		return nil, err
	}
	var live []app.ShareState
	if snap, err := c.truth(ctx); err == nil && snap.State == app.StateRunning {
		live = snap.Shares
	}
	list := []app.ShareState{}
	for _, share := range s.ShareList() {
		i := slices.IndexFunc(live, func(l app.ShareState) bool { return l.Path == share.Path })
		if i >= 0 {
			list = append(list, live[i])
			continue
		}
		state := app.ShareState{Path: share.Path, ReadOnly: share.ReadOnly}
		if _, err := os.Stat(share.Path); err != nil {
			var why *os.PathError
			errors.As(err, &why)
			info := app.InfoOf(app.Errorf("make the folder, or use `wherry share remove`", "%w", why.Err))
			state.Error, state.Hint = info.Message, info.Hint
		}
		list = append(list, state)
	}
	return list, nil
}

func printShares(out io.Writer, list []app.ShareState) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	for _, s := range list {
		mode, state := "read and write", "shared when the engine runs"
		if s.ReadOnly {
			mode = "read only"
		}
		switch {
		case s.Error != "" && s.Hint != "":
			state = s.Error + " — " + s.Hint
		case s.Error != "":
			state = s.Error
		case s.Ready:
			state = "ready (" + s.Driver + ")"
		case s.Driver != "":
			state = "waiting for the guest"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", s.Path, mode, state)
	}
	return w.Flush()
}
