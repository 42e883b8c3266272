package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
)

// plainName is what figures are held against: this program's other end in a process of the host, over the loopback.
const plainName = "loopback"

// plain starts the other end on the host. end ends it and returns when it has.
func (b *bench) plain(ctx context.Context) (address string, end func(), err error) {
	cmd := exec.CommandContext(ctx, b.self, "guest", "serve", "127.0.0.1:0")
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, fmt.Errorf("start the far end: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return "", nil, fmt.Errorf("start the far end: %w", err)
	}
	end = func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait() // it was signalled
	}
	address, err = bufio.NewReader(out).ReadString('\n')
	if err != nil {
		end()
		return "", nil, errors.Join(fmt.Errorf("start the far end: %w", err), ctx.Err())
	}
	return strings.TrimSpace(address), end, nil
}
