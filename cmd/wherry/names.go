package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/engine"
	"github.com/wherry-app/wherry/app/nametrust"
)

func (c *cli) namesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "names",
		Short: "List the names under which containers answer",
		Long:  "List the names under which containers answer on this computer: http://CONTAINER.localhost and, for compose, http://SERVICE.PROJECT.localhost.",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			snap, err := c.truth(cmd.Context())
			if err != nil {
				return err
			}
			return c.printNames(snap)
		},
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "trust",
		Short: "Make this computer and its browsers trust the names' https",
		Args:  args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			dir := engine.CADir(c.home)
			fmt.Fprintln(c.err, nametrust.Explain(dir))
			return nametrust.Trust(dir)
		},
	}, &cobra.Command{
		Use:   "untrust",
		Short: "Undo trust",
		Args:  args(cobra.NoArgs),
		RunE:  func(*cobra.Command, []string) error { return nametrust.Untrust(engine.CADir(c.home)) },
	})
	return cmd
}

// printNames prints the names and where they answer.
func (c *cli) printNames(snap app.Snapshot) error {
	n := snap.Names
	switch {
	case n == nil && snap.State == app.StateRunning:
		fmt.Fprintln(c.err, "names are switched off: `wherry settings set names on`, then `wherry restart`")
		return nil
	case n == nil:
		return app.Errorf("run `wherry start` first", "the engine is not running")
	case n.Error != "":
		fmt.Fprintf(c.err, "%s — %s\n", n.Error, n.Hint)
	}
	if len(n.Hosts) == 0 {
		fmt.Fprintln(c.err, "no container has a name: run one, for example `docker run -d --name web nginx`")
	}
	w := tabwriter.NewWriter(c.out, 0, 4, 2, ' ', 0)
	for _, h := range n.Hosts {
		port := "no port known: use http://PORT." + h.Host
		if h.Port != 0 {
			port = fmt.Sprintf("port %d", h.Port)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", h.URL, h.Container, port)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if n.HTTPS != "" && nametrust.Trusted(engine.CADir(c.home)) {
		fmt.Fprintf(c.err, "https answers on %s\n", n.HTTPS)
	} else if n.HTTPS != "" {
		fmt.Fprintf(c.err, "https answers on %s; `wherry names trust` makes browsers trust it\n", n.HTTPS)
	}
	return nil
}

// sayNames says where containers answer by name, beside the list of their ports.
func (c *cli) sayNames(snap app.Snapshot) {
	if snap.Names == nil || snap.Names.HTTP == "" {
		return
	}
	port := strings.TrimPrefix(snap.Names.HTTP, "127.0.0.1")
	if port == ":80" {
		port = ""
	}
	fmt.Fprintf(c.err, "containers answer by name at http://CONTAINER.localhost%s: see `wherry names`\n", port)
}
