package vmhost

import (
	"context"
	"errors"
)

var (
	// ErrHeld means that the machine's process was stopped from outside, as by a job control signal, and can go on.
	ErrHeld = errors.New("its process was stopped by a signal")
	// ErrNoAnswer means that the hypervisor itself does not answer.
	ErrNoAnswer = errors.New("its hypervisor does not answer")
)

// A Checker is a Machine that can say, of one whose guest does not answer, whether its processors run.
type Checker interface {
	// Check is nil if the processors run. Else it says why not: ErrHeld, ErrNoAnswer (then, when ctx ends, at the latest),
	// ErrNotRunning, or a word of the hypervisor's.
	Check(ctx context.Context) error
	// Unhold lets a machine go on whose process was stopped (ErrHeld). On any other it does nothing.
	Unhold() error
}
