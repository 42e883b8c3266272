package vmhost

import (
	"context"
	"errors"
)

var (
	// ErrStateMismatch means that a saved state belongs to another machine than the one to be resumed: another Spec,
	// Binding, hypervisor or host, disks that were written since, or a state that was used before.
	ErrStateMismatch = errors.New("saved state belongs to another machine")
	// ErrStateDamaged means that the file of a saved state is cut short or changed.
	ErrStateDamaged = errors.New("saved state is damaged")
)

// A State says where a suspended machine is and what it belongs to.
type State struct {
	// File holds all of the guest's memory, so only its owner can read it. It is in a folder that exists.
	File string
	// Binding names what the machine was made with beyond the Spec's values, for example the identity of the guest's image.
	// A machine is resumed only with the Binding with which it was suspended.
	Binding string
}

// A Suspender is a Machine that can end with its state kept in a file.
type Suspender interface {
	// Suspend ends a running machine; it returns when the state is safe on the disk and the machine gone, with an Err of
	// nil. An earlier File is replaced. The channels are closed before, so that the guest knows that its host went away;
	// it notices nothing else. To save and load faster, free its memory before.
	//
	// After an error the machine goes on (unless Stop or a crash ended it meanwhile: ErrNotRunning), with its channels
	// closed or not, and there is no new file. When this process dies meanwhile, an Adopter finds the machine and lets it
	// go on; a file that was complete by then is refused from then on.
	Suspend(ctx context.Context, s State) error
}

// A Resumer is a Driver that makes machines of what Suspender left.
type Resumer interface {
	// Resume makes a machine without starting it, as Create does. Its Start goes on where the suspended one was, and the
	// guest sees that the host's end of each channel went away.
	//
	// A state is used at most once: Start removes the file before the processors run. It does so too when the error is
	// ErrStateMismatch or ErrStateDamaged; the caller then creates another machine, which boots. After any other error the
	// state can still be used if the file is there. That no file is there is fs.ErrNotExist. Once any machine was started
	// in the Spec's Dir, or one of its disks was written, the state is not accepted any more.
	Resume(ctx context.Context, s Spec, st State) (Machine, error)
}
