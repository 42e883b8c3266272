package vmhost

import "context"

// A Pause says why a machine does not run though nobody stopped it: the host could not read or write one of its disks.
// The guest waits for that, so nothing is lost. The zero value is a machine that runs.
type Pause struct {
	// Disk is the ID of the disk.
	Disk string
	// Err is why; ErrHostFull if there is no space. It is nil if the machine runs.
	Err error
}

// A Pauser is a Machine that pauses when its disks cannot be read or written.
type Pauser interface {
	// Pauses returns a channel that gets the present Pause and then each newer one; the newest wins when the receiver is
	// slow. The caller must call cancel when it has seen enough; that does not close the channel, nor does the machine's end.
	Pauses() (pauses <-chan Pause, cancel func())
	// Continue lets a paused machine do again what failed; where that fails again, it pauses again. On a machine that runs
	// it does nothing.
	Continue(ctx context.Context) error
}
