package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wherry-app/wherry/cmd/wherry-bench/lab"
)

// Where the guest's dockerd is found.
const (
	dockerdPIDFile = "/run/docker.pid"
	dockerdSocket  = "/run/docker.sock"
)

// restartDockerd ends dockerd, which the guest's agent then starts again, and returns the time from the new process's
// start, known to 10 ms, until it answers a request. It runs in the guest.
func restartDockerd(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	old, err := dockerdPID()
	if err != nil {
		return 0, err
	}
	if err := endProcess(old); err != nil {
		return 0, err
	}
	if err := answers(ctx); err != nil {
		return 0, err
	}
	ready, err := sinceBoot()
	if err != nil {
		return 0, err
	}
	pid, err := dockerdPID()
	if err != nil {
		return 0, err
	}
	if pid == old {
		return 0, errors.New("dockerd was not restarted")
	}
	started, err := lab.StartedAt(pid)
	return ready - started, err
}

func dockerdPID() (int, error) {
	text, err := os.ReadFile(dockerdPIDFile)
	if err != nil {
		return 0, fmt.Errorf("find dockerd: %w", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("find dockerd: %w", err)
	}
	return pid, nil
}

// endProcess asks a process to end and returns when it has.
func endProcess(pid int) error {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return fmt.Errorf("open process %d: %w", pid, err)
	}
	defer unix.Close(fd)
	if err := unix.PidfdSendSignal(fd, unix.SIGTERM, nil, 0); err != nil {
		return fmt.Errorf("end process %d: %w", pid, err)
	}
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(fds, int(time.Minute/time.Millisecond))
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return fmt.Errorf("wait for process %d: %w", pid, err)
		case n == 0:
			return fmt.Errorf("process %d does not end", pid)
		default:
			return nil
		}
	}
}

// answers returns when dockerd answers. Its socket can be connected to soon after its start, and the answer comes once it
// is ready, so little is used up by waiting.
func answers(ctx context.Context) error {
	c := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", dockerdSocket)
	}}}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://dockerd/_ping", nil)
		if err != nil {
			return err
		}
		if res, err := c.Do(req); err == nil {
			_, err = io.Copy(io.Discard, res.Body)
			return errors.Join(err, res.Body.Close())
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for dockerd: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

func sinceBoot() (time.Duration, error) {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return 0, fmt.Errorf("read clock: %w", err)
	}
	return time.Duration(ts.Nano()), nil
}
