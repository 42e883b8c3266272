package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// handle is a pidfd, non-blocking so that Go's poller can wait for it.
type handle struct{ fd int }

func openHandle(pid int) (*handle, error) {
	if pid <= 0 {
		return nil, fmt.Errorf("open process %d: %w", pid, os.ErrProcessDone)
	}
	fd, err := unix.PidfdOpen(pid, unix.PIDFD_NONBLOCK)
	if errors.Is(err, unix.ESRCH) {
		return nil, fmt.Errorf("open process %d: %w", pid, os.ErrProcessDone)
	}
	if err != nil {
		return nil, fmt.Errorf("open process %d: %w", pid, err)
	}
	return &handle{fd: fd}, nil
}

func (h *handle) wait(ctx context.Context) error {
	// A descriptor of its own per waiter, since a deadline holds for all who use one.
	fd, err := unix.FcntlInt(uintptr(h.fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("duplicate pidfd: %w", err)
	}
	waiter := os.NewFile(uintptr(fd), "pidfd")
	defer waiter.Close()
	conn, err := waiter.SyscallConn()
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = waiter.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	err = conn.Read(ended)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return ctx.Err()
	}
	return err
}

// ended says whether the process behind a pidfd has ended, which makes it readable.
func ended(fd uintptr) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n == 1
}

func (h *handle) kill() error {
	err := unix.PidfdSendSignal(h.fd, unix.SIGKILL, nil, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	return err
}

func (h *handle) close() error { return unix.Close(h.fd) }
