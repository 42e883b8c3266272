package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/wherry-app/wherry/app"
)

// Bounds of what one command may take; an engine that exceeds them is broken.
const (
	startLimit = 4 * time.Minute
	stopLimit  = 2 * time.Minute
)

// fastStart is the setting that makes a stop save the machine.
const fastStart = "fast_start"

// Fresh makes the engine one that was never started, with the lab's settings.
func (l *Lab) Fresh(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stopLimit)
	defer cancel()
	if _, err := l.Wherry(ctx, nil, "reset", "--yes"); err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(l.config.Settings)) {
		if _, err := l.Wherry(ctx, nil, "settings", "set", key, l.config.Settings[key]); err != nil {
			return err
		}
	}
	if slices.Contains(app.KeyNames(), fastStart) { // or else no start but the first is one
		if _, err := l.Wherry(ctx, nil, "settings", "set", fastStart, app.Off); err != nil {
			return err
		}
	}
	l.fresh = true
	return l.quit(ctx)
}

// quit waits until no daemon has the folder, so that the next start has to start one, too. A daemon of a stopped engine
// ends by itself.
func (l *Lab) quit(ctx context.Context) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		locked, err := l.home.Locked()
		if err != nil || !locked {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("daemon %d does not end: %w", l.home.OwnerPID(), ctx.Err())
		case <-tick.C:
		}
	}
}

// Start starts the engine and returns how long that took and how it is then.
func (l *Lab) Start(ctx context.Context) (time.Duration, app.Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	begun := time.Now()
	if _, err := l.Wherry(ctx, nil, "start"); err != nil {
		return 0, app.Snapshot{}, err
	}
	took := time.Since(begun)
	snap, err := l.Status(ctx)
	return took, snap, err
}

// Stop stops the engine and returns how long that took. It then waits until its daemon is gone.
func (l *Lab) Stop(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, stopLimit)
	defer cancel()
	begun := time.Now()
	if _, err := l.Wherry(ctx, nil, "stop"); err != nil {
		return 0, err
	}
	took := time.Since(begun)
	return took, l.quit(ctx)
}

// Status is how the engine is.
func (l *Lab) Status(ctx context.Context) (app.Snapshot, error) {
	out, err := l.Wherry(ctx, nil, "status", "--json")
	if err != nil {
		return app.Snapshot{}, err
	}
	var snap app.Snapshot
	if err := json.Unmarshal([]byte(out), &snap); err != nil {
		return app.Snapshot{}, fmt.Errorf("read status: %w", err)
	}
	return snap, nil
}

// Running starts the engine if it is not running.
func (l *Lab) Running(ctx context.Context) (app.Snapshot, error) {
	if !l.fresh {
		if err := l.Fresh(ctx); err != nil {
			return app.Snapshot{}, err
		}
	}
	snap, err := l.Status(ctx)
	if err == nil && snap.State != app.StateRunning {
		_, snap, err = l.Start(ctx)
	}
	return snap, err
}

// Shell runs a program in the guest with an input and returns what it printed, errors included.
func (l *Lab) Shell(ctx context.Context, in io.Reader, args ...string) (string, error) {
	var out strings.Builder
	err := l.ShellTo(ctx, in, &out, args...)
	return out.String(), err
}

// ShellTo is Shell with the output going to out.
func (l *Lab) ShellTo(ctx context.Context, in io.Reader, out io.Writer, args ...string) error {
	if in == nil {
		in = strings.NewReader("")
	}
	return l.runTo(ctx, in, out, l.config.Program, append([]string{"shell", "--"}, args...)...)
}
