package pid1

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// children starts programs and reaps all processes that end, also those that were left to process 1 by their parents.
// Nothing else in the agent may start or wait for processes.
type children struct {
	mu      sync.Mutex
	waiting map[int]chan error
	// none gets a value when the last process has been reaped.
	none chan struct{}
}

func newChildren() *children {
	return &children{waiting: map[int]chan error{}, none: make(chan struct{}, 1)}
}

// start starts a program. exited gets how it ended, once.
func (c *children) start(path string, args []string, attr *os.ProcAttr) (p *os.Process, exited <-chan error, err error) {
	c.mu.Lock() // until it is known whose end to wait for
	defer c.mu.Unlock()
	p, err = os.StartProcess(path, append([]string{path}, args...), attr)
	if err != nil {
		return nil, nil, err
	}
	ch := make(chan error, 1)
	c.waiting[p.Pid] = ch
	return p, ch, nil
}

// run runs a program to its end and returns the end of its output and its exit status; err is for one that did not run or was killed.
func (c *children) run(path string, args ...string) (output string, status int, err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return "", 0, fmt.Errorf("make pipe: %w", err)
	}
	defer r.Close()
	_, exited, err := c.start(path, args, &os.ProcAttr{Env: environment(), Files: []*os.File{nil, w, w}})
	w.Close()
	if err != nil {
		return "", 0, fmt.Errorf("start %s: %w", path, err)
	}
	text := readTail(r, 300)
	err = <-exited
	var status1 exitStatus
	if asExit(err, &status1) {
		return text, int(status1), nil
	}
	return text, 0, err
}

// reap reaps until ctx ends.
func (c *children) reap(ctx context.Context) {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, unix.SIGCHLD)
	defer signal.Stop(ended)
	for {
		c.reapAll()
		select {
		case <-ended:
		case <-ctx.Done():
			return
		}
	}
}

func (c *children) reapAll() {
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, unix.WNOHANG, nil)
		if err == unix.EINTR {
			continue
		}
		if err == unix.ECHILD {
			select {
			case c.none <- struct{}{}:
			default:
			}
		}
		if err != nil || pid <= 0 {
			return
		}
		c.mu.Lock()
		ch := c.waiting[pid]
		delete(c.waiting, pid)
		c.mu.Unlock()
		if ch != nil {
			ch <- exitError(status)
		}
	}
}

// awaitNone returns when there are no processes left but the kernel's and this one, or when the time is over.
func (c *children) awaitNone(limit time.Duration) {
	select {
	case <-c.none: // of earlier
	default:
	}
	c.reapAll()
	select {
	case <-c.none:
	case <-time.After(limit):
	}
}

// exitStatus is the error of a program that ended with another status than 0.
type exitStatus int

func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func asExit(err error, to *exitStatus) bool {
	status, ok := err.(exitStatus)
	*to = status
	return ok
}

func exitError(status unix.WaitStatus) error {
	switch {
	case status.Signaled():
		return fmt.Errorf("killed by signal %d (%v)", int(status.Signal()), status.Signal())
	case status.ExitStatus() != 0:
		return exitStatus(status.ExitStatus())
	}
	return nil
}

// environment is what programs of the guest get.
func environment(more ...string) []string {
	return append([]string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8"}, more...)
}
