package process

import "context"

// A Process is a hold on one running program, which need not be a child. As long as it is not closed, it means that
// program and never another one that was given its number later.
type Process struct {
	pid int
	// handle is what the operating system offers for that.
	handle *handle
}

// Open takes hold of the process pid; if there is none, the error is os.ErrProcessDone. A number that was read from
// somewhere may have been given to another program since: check what it came from once more after Open.
func Open(pid int) (*Process, error) {
	h, err := openHandle(pid)
	if err != nil {
		return nil, err
	}
	return &Process{pid: pid, handle: h}, nil
}

// PID is the number of the process, also after its end.
func (p *Process) PID() int { return p.pid }

// Wait blocks until the process ended (nil) or ctx did. It does not reap a child.
func (p *Process) Wait(ctx context.Context) error { return p.handle.wait(ctx) }

// Kill ends the process at once. That it has already ended is no error.
func (p *Process) Kill() error { return p.handle.kill() }

// Close lets go of the process, which is left as it is. Nothing else may be called after it or while it runs.
func (p *Process) Close() error { return p.handle.close() }
