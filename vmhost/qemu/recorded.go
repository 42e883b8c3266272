package qemu

import (
	"context"
	"fmt"

	"github.com/wherry-app/wherry/vmhost"
)

var _ vmhost.Recorder = (*Driver)(nil)

// Recorded is the Spec of the machine that runs in dir; see vmhost.Recorder.
func (d *Driver) Recorded(ctx context.Context, dir string) (vmhost.Spec, error) {
	f := filesIn(dir)
	pid, err := f.owner(ctx)
	if err != nil {
		return vmhost.Spec{}, fmt.Errorf("look for a machine in %q: %w", dir, err)
	}
	if pid == 0 {
		return vmhost.Spec{}, fmt.Errorf("%w: %q", vmhost.ErrNoMachine, dir)
	}
	r, err := readRecord(f.record)
	return r.Spec, err
}
