package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/home"
	"github.com/wherry-app/wherry/vmhost/process"
)

// Ready is the one line of JSON that a daemon prints on its standard output when it serves, or cannot.
type Ready struct {
	// Busy means that another daemon has the state directory: use that one.
	Busy  bool           `json:"busy,omitempty"`
	Error *app.ErrorInfo `json:"error,omitempty"`
}

// Launch returns a client of the daemon that owns h, starting one with the given wherry program if none answers. It
// returns as soon as the daemon serves. The daemon outlives the caller.
func Launch(ctx context.Context, h home.Dir, program string) (*Client, error) {
	c := NewClient(h)
	if c.answers(ctx) {
		return c, nil
	}
	if err := h.Prepare(); err != nil {
		return nil, err
	}
	for ctx.Err() == nil {
		ready, err := spawn(ctx, h, program)
		switch {
		case err != nil:
			return nil, err
		case ready.Error != nil:
			return nil, ready.Error.AsError()
		case !ready.Busy:
			return c, nil
		}
		// Another daemon has the lock: it is about to serve, or about to end.
		if c.answersSoon(ctx) {
			return c, nil
		}
		if locked, err := h.Locked(); err != nil || locked {
			return nil, errors.Join(err, app.Errorf("end it with `wherry stop --force`", "the daemon (process %d) does not answer", h.OwnerPID()))
		}
	}
	return nil, ctx.Err()
}

// answers says whether a daemon serves now.
func (c *Client) answers(ctx context.Context) bool {
	conn, err := c.dial(ctx)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// answersSoon gives a daemon that holds the lock a moment to open its socket.
func (c *Client) answersSoon(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if c.answers(ctx) {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
}

// spawn starts a daemon and waits for what it says of itself.
func spawn(ctx context.Context, h home.Dir, program string) (Ready, error) {
	cmd := exec.Command(program, "daemon")
	cmd.Env = append(os.Environ(), home.EnvVar+"="+h.Root())
	cmd.Dir = h.Root()
	process.Detach(cmd)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return Ready{}, fmt.Errorf("make pipe: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return Ready{}, app.Errorf("install Wherry anew", "start the daemon: %w", err)
	}
	defer context.AfterFunc(ctx, func() { _ = out.Close() })()
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		_ = cmd.Process.Kill()
		if ctx.Err() != nil {
			return Ready{}, ctx.Err()
		}
		return Ready{}, app.Errorf("see `wherry logs daemon`", "the daemon ended at its start")
	}
	var ready Ready
	if err := json.Unmarshal(line, &ready); err != nil {
		return Ready{}, fmt.Errorf("understand the daemon: %w", err)
	}
	go func() { _, _ = io.Copy(io.Discard, out); _ = cmd.Wait() }()
	return ready, nil
}
