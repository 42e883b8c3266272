package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/dockercontext"
	"github.com/wherry-app/wherry/app/doctor"
	"github.com/wherry-app/wherry/linuxvm/image"
)

// errProblems makes the exit code of an examination that found some.
var errProblems = app.Errorf("see the lines marked PROBLEM and what is behind their arrows", "there are problems")

func (c *cli) doctorCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check this computer and say what to mend",
		Long:  "Check this computer and say what to mend. The exit code is 1 if something keeps the engine from working.",
		Args:  args(cobra.NoArgs),
		// Without the check of the state directory that all other commands begin with: that is one of ours.
		PersistentPreRunE: func(*cobra.Command, []string) error { return c.open() },
		RunE: func(cmd *cobra.Command, _ []string) error {
			r := doctor.Run(cmd.Context(), c.examination())
			write := func() error { return r.WriteText(c.out) }
			if asJSON {
				write = func() error { return printJSON(c.out, r) }
			}
			err := write()
			if err == nil && r.Worst() == doctor.Problem {
				err = errProblems
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "for programs: name, title, verdict, message and fix of each check")
	return cmd
}

// examination is of this host with this build's drivers.
func (c *cli) examination() doctor.Config {
	return doctor.Config{
		Home: c.home, Drivers: newDrivers(c.home.Cache(), hclog.NewNullLogger()), Host: hostFacts(), Version: version(), Daemon: c.client,
		Image: func() (*image.Image, error) { return findImage(c.home) }, Context: dockercontext.Name,
	}
}

func (c *cli) diagnoseCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "diagnose -o FILE.zip",
		Short: "Pack what somebody who helps needs, without secrets",
		Long: "Pack the doctor's report, the engine's state, settings, versions and the ends of the logs into a zip file.\n" +
			"Registry credentials, passwords, environment values and tokens are removed; look into it before you give it away.",
		Args:              args(cobra.NoArgs),
		PersistentPreRunE: func(*cobra.Command, []string) error { return c.open() },
		RunE: func(cmd *cobra.Command, _ []string) error {
			if file == "" {
				file = "wherry-" + time.Now().Format("20060102-150405") + ".zip"
			}
			if err := c.diagnose(cmd.Context(), file); err != nil {
				return err
			}
			fmt.Fprintln(c.err, "written to", file)
			return nil
		},
	}
	cmd.Flags().StringVarP(&file, "output", "o", "", "the zip file to write")
	return cmd
}

// diagnose writes the archive whole or not at all.
func (c *cli) diagnose(ctx context.Context, file string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(file), ".wherry-*.zip")
	if err != nil {
		return app.Errorf("choose a folder that you can write to", "write %s: %w", file, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	err = doctor.Archive(ctx, c.examination(), c.environments(ctx), f)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}

// environments are those of all containers, if docker answers: their values are no business of who gets the archive.
func (c *cli) environments(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	docker := c.docker(ctx)
	if docker == nil {
		return nil
	}
	defer docker.Close()
	list, err := docker.ContainerList(ctx, client.ContainerListOptions{All: true})
	if err != nil {
		return nil
	}
	var env []string
	for _, s := range list.Items {
		if one, err := docker.ContainerInspect(ctx, s.ID, client.ContainerInspectOptions{}); err == nil && one.Container.Config != nil {
			env = append(env, one.Container.Config.Env...)
		}
	}
	return env
}
