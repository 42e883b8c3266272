package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/api"
	"github.com/wherry-app/wherry/app/engine"
)

// answerTime is how long the daemon may take to say how it is, before it counts as hung.
const answerTime = 1500 * time.Millisecond

func (c *cli) statusCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show how the engine is",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			snap, err := c.truth(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.out, snap)
			}
			if snap.Daemon.PID != 0 {
				_ = c.sameVersion(cmd.Context(), false) // only says so
			}
			return printStatus(c.out, snap)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "for programs: see docs/state.md for the fields")
	return cmd
}

// snapshot asks the daemon, and does not wait long for it.
func (c *cli) snapshot(ctx context.Context) (app.Snapshot, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, answerTime, errors.New("no answer"))
	defer cancel()
	snap, err := c.client.Snapshot(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = hungError{app.Errorf("run `wherry daemon restart`: containers go on meanwhile", "the daemon (process %d) does not answer", c.home.OwnerPID())}
	}
	return snap, err
}

// truth is how the engine is, found out from what lives: the daemon if there is one, else the VM without one.
func (c *cli) truth(ctx context.Context) (app.Snapshot, error) {
	snap, err := c.snapshot(ctx)
	if !errors.Is(err, api.ErrNoDaemon) {
		return snap, err
	}
	locked, err := c.home.Locked()
	if err != nil {
		return app.Snapshot{}, err
	}
	if locked {
		return app.Snapshot{}, app.Errorf("try again, or end it with `wherry stop --force`", "the daemon (process %d) is starting, ending, or hangs", c.home.OwnerPID())
	}
	snap = app.Snapshot{State: app.StateStopped, Docker: app.Docker{Socket: c.home.DockerHost()}, Ports: []app.Port{}, LastError: engine.LastError(c.home.Root())}
	switch {
	case snap.LastError != nil:
		snap.State = app.StateFailed
	case engine.Suspended(c.home):
		snap.State = app.StateSuspended
	}
	if info, err := engine.FindVM(ctx, c.drivers(nil), c.home.VM()); err == nil {
		snap.State, snap.VM.PID, snap.Accel = app.StateFailed, info.PID, info.Accel
		snap.LastError = app.InfoOf(app.Errorf("run `wherry start` to take it over, or `wherry stop`", "the daemon is gone; its VM (process %d) still runs", info.PID))
	}
	return snap, nil
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func printStatus(out io.Writer, s app.Snapshot) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	state := string(s.State)
	if s.Stage != "" {
		state += ": " + s.Stage + stageTime(s)
	}
	fmt.Fprintf(w, "Engine\t%s\n", state)
	if !s.Since.IsZero() {
		fmt.Fprintf(w, "Since\t%s ago\n", time.Since(s.Since).Round(time.Second))
	}
	if s.State == app.StateSuspended {
		fmt.Fprintf(w, "Wakes on\t%s\n", wakes(s))
	}
	if s.Docker.Version != "" {
		fmt.Fprintf(w, "Docker\t%s on %s\n", s.Docker.Version, s.Docker.Socket)
	}
	if s.VM.CPUs > 0 {
		fmt.Fprintf(w, "VM\t%s with %s, %d CPUs, process %d\n", s.Driver, s.Accel, s.VM.CPUs, s.VM.PID)
		printResources(w, s.VM)
	}
	for _, p := range s.Ports {
		fmt.Fprintf(w, "Port\t%s\n", portLine(p))
	}
	if e := s.Paused; e != nil {
		fmt.Fprintf(w, "Paused\t%s\n\t%s\n", e.Message, e.Hint)
	}
	if e := s.Trouble; e != nil {
		fmt.Fprintf(w, "Trouble\t%s\n\t%s\n", e.Message, e.Hint)
	}
	if e := s.LastError; e != nil {
		fmt.Fprintf(w, "Error\t%s\n", e.Message)
		if e.Hint != "" {
			fmt.Fprintf(w, "\t%s\n", e.Hint)
		}
	}
	for _, e := range s.Warnings {
		fmt.Fprintf(w, "Warning\t%s\n", oneLine(&app.Error{Err: e.AsError(), Next: e.Hint}))
	}
	return w.Flush()
}

// stageTime says since when a stage goes on, and how long it may.
func stageTime(s app.Snapshot) string {
	if s.StageSince.IsZero() {
		return ""
	}
	text := fmt.Sprintf(" (for %s", time.Since(s.StageSince).Round(time.Second))
	if s.StageSeconds > 0 {
		text += fmt.Sprintf(" of at most %s", time.Duration(s.StageSeconds*float64(time.Second)).Round(time.Second))
	}
	return text + ")"
}

// wakes says what lets a suspended engine go on.
func wakes(s app.Snapshot) string {
	switch {
	case s.Daemon.PID == 0:
		return "`wherry start`"
	case len(s.Ports) == 0:
		return "a client of " + s.Docker.Socket + ", `wherry start`"
	}
	return "a client of " + s.Docker.Socket + " or of a port, `wherry start`"
}

// portLine is a port as people read it.
func portLine(p app.Port) string {
	s := fmt.Sprintf("%s -> %s:%d/%s", p.HostAddress, p.Container, p.ContainerPort, p.Proto)
	if p.Error != "" {
		s += "  (" + p.Error
		if p.Hint != "" {
			s += "; " + p.Hint
		}
		s += ")"
	}
	return s
}
