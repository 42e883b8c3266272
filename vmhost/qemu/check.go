package qemu

import (
	"context"
	"errors"
	"fmt"

	"github.com/wherry-app/wherry/vmhost"
)

var _ vmhost.Checker = (*Machine)(nil)

// Check says whether the processors run; see vmhost.Checker.
func (m *Machine) Check(ctx context.Context) error {
	m.mu.Lock()
	run := m.run
	m.mu.Unlock()
	if run == nil {
		return vmhost.ErrNotRunning
	}
	if run.process.Held() {
		return fmt.Errorf("QEMU (process %d): %w", run.process.PID(), vmhost.ErrHeld)
	}
	status, err := run.status(ctx)
	switch {
	case errors.Is(err, errMonitorGone):
		return vmhost.ErrNotRunning
	case err != nil:
		return fmt.Errorf("QEMU (process %d): %w", run.process.PID(), vmhost.ErrNoAnswer)
	case status != "running":
		return fmt.Errorf("QEMU (process %d) says that it is %q", run.process.PID(), status)
	}
	return nil
}

// Unhold lets a stopped process go on; see vmhost.Checker.
func (m *Machine) Unhold() error {
	m.mu.Lock()
	run := m.run
	m.mu.Unlock()
	if run == nil || !run.process.Held() {
		return nil
	}
	return run.process.Unhold()
}
