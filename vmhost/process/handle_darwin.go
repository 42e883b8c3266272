package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// handle is a kqueue that reports the end of the process. darwin has no hold on a process as such; the event comes only
// for the one that was running when the handle was opened, and what has ended is not signalled any more.
type handle struct {
	pid   int
	queue int
	ended atomic.Bool
}

// wakeIdent is the user event that ends a wait.
const wakeIdent = 1

func openHandle(pid int) (*handle, error) {
	if pid <= 0 {
		return nil, fmt.Errorf("open process %d: %w", pid, os.ErrProcessDone)
	}
	queue, err := unix.Kqueue()
	if err != nil {
		return nil, fmt.Errorf("open kqueue: %w", err)
	}
	unix.CloseOnExec(queue)
	h := &handle{pid: pid, queue: queue}
	err = h.control(
		unix.Kevent_t{Ident: uint64(pid), Filter: unix.EVFILT_PROC, Flags: unix.EV_ADD, Fflags: unix.NOTE_EXIT},
		unix.Kevent_t{Ident: wakeIdent, Filter: unix.EVFILT_USER, Flags: unix.EV_ADD | unix.EV_CLEAR},
	)
	if err != nil {
		_ = unix.Close(queue)
		if errors.Is(err, unix.ESRCH) {
			err = os.ErrProcessDone
		}
		return nil, fmt.Errorf("open process %d: %w", pid, err)
	}
	return h, nil
}

func (h *handle) wait(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = h.wake() })
	defer stop()
	for !h.ended.Load() {
		if err := ctx.Err(); err != nil {
			return err
		}
		var events [1]unix.Kevent_t
		n, err := unix.Kevent(h.queue, nil, events[:], nil)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("wait for process %d: %w", h.pid, err)
		}
		if n == 1 && events[0].Filter == unix.EVFILT_PROC {
			h.ended.Store(true)
			_ = h.wake() // the event comes once: let another waiter look
		}
	}
	_ = h.wake()
	return nil
}

func (h *handle) kill() error {
	if h.ended.Load() {
		return nil
	}
	err := unix.Kill(h.pid, unix.SIGKILL)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	return err
}

func (h *handle) wake() error {
	return h.control(unix.Kevent_t{Ident: wakeIdent, Filter: unix.EVFILT_USER, Fflags: unix.NOTE_TRIGGER})
}

func (h *handle) control(changes ...unix.Kevent_t) error {
	_, err := unix.Kevent(h.queue, changes, nil, nil)
	return err
}

func (h *handle) close() error { return unix.Close(h.queue) }
