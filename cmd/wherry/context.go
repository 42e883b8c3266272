package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/wherry-app/wherry/app/dockercontext"
	"github.com/wherry-app/wherry/app/engine"
	"github.com/wherry-app/wherry/app/home"
	"github.com/wherry-app/wherry/app/socketlink"
)

func (c *cli) contextCommand() *cobra.Command {
	store := func() (*dockercontext.Store, error) {
		dir, err := dockercontext.DefaultDir()
		if err != nil {
			return nil, err
		}
		return dockercontext.Open(dir), nil
	}
	var asJSON bool
	status := func(*cobra.Command, []string) error {
		s, err := store()
		if err != nil {
			return err
		}
		st, err := s.Status()
		if err != nil {
			return err
		}
		if asJSON {
			return json.NewEncoder(c.out).Encode(st)
		}
		switch {
		case st.Host == "":
			fmt.Fprintln(c.out, "docker has no context wherry: `wherry context use` makes one")
		case st.Host != c.home.DockerHost():
			fmt.Fprintf(c.out, "the context wherry leads to %s, not to this engine\n", st.Host)
		default:
			fmt.Fprintf(c.out, "the context wherry leads to %s\n", st.Host)
		}
		fmt.Fprintf(c.out, "docker uses the context %s\n", st.Current)
		return nil
	}
	cmd := &cobra.Command{
		Use:   "context",
		Short: "Make docker, IDEs and others find Wherry by a docker context",
		Args:  args(cobra.NoArgs),
		RunE:  status,
	}
	show := &cobra.Command{Use: "status", Short: "Say where docker's contexts lead", Args: args(cobra.NoArgs), RunE: status}
	for _, f := range []*cobra.Command{cmd, show} {
		f.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	}
	cmd.AddCommand(show, &cobra.Command{
		Use:   "use",
		Short: "Write the context wherry and make docker use it",
		Args:  args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			s, err := store()
			if err != nil {
				return err
			}
			return errors.Join(s.Write(c.home.DockerHost()), s.Use(dockercontext.Name))
		},
	}, &cobra.Command{
		Use:   "remove",
		Short: "Remove the context wherry, and make docker use its default again",
		Args:  args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			s, err := store()
			if err != nil {
				return err
			}
			return s.Remove()
		},
	})
	return cmd
}

func (c *cli) linkSocketCommand() *cobra.Command {
	var remove bool
	cmd := &cobra.Command{
		Use:   "link-socket",
		Short: "Make " + socketlink.Path + " lead to Wherry, for programs that look only there",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, terminal := isTerminal(c.in)
			asker := socketlink.NewAsker(terminal, c.in, c.err, c.err)
			if remove {
				return socketlink.Unlink(cmd.Context(), asker, socketlink.Path, c.home.DockerSocket())
			}
			return socketlink.Link(cmd.Context(), asker, socketlink.Path, c.home.DockerSocket())
		},
	}
	cmd.Flags().BoolVar(&remove, "remove", false, "remove the link")
	return cmd
}

// conventions are where docker's clients look on this host.
func conventions() engine.Conventions {
	dir, err := dockercontext.DefaultDir()
	if err != nil {
		return engine.Conventions{} // a user without a home has no docker contexts
	}
	return engine.Conventions{ConfigDir: dir, Foreign: os.Getenv(home.EnvVar) != ""}
}
