package qemu

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/wherry-app/wherry/vmhost/process"
)

const (
	// ownerTimeout is how long the owner of a machine that was killed may take to clean up.
	ownerTimeout = time.Second
	// wakeTimeout is how long a QEMU that was just started may take until it holds its PID file.
	wakeTimeout = 5 * time.Second
)

// take makes the caller the owner of the folder until it closes the returned file.
func (f files) take() (*os.File, error) {
	lock, err := lockFile(f.lock)
	if errors.Is(err, errLocked) {
		return nil, hinted(fmt.Errorf("machine folder %q is in use: %w", f.dir, err), "Stop the other Wherry that uses this folder")
	}
	if err != nil {
		return nil, hinted(fmt.Errorf("lock machine folder: %w", err), folderHint)
	}
	return lock, nil
}

// owner is the QEMU that runs in the folder, 0 if there is none. A QEMU whose starter was killed before it held its PID
// file does hold its monitor's socket, which it inherited: whoever can connect to that waits until it speaks.
func (f files) owner(ctx context.Context) (pid int, err error) {
	pid, err = process.PIDFileOwner(f.pid)
	if err != nil || pid != 0 {
		return pid, err
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", f.monitor)
	if err != nil {
		return 0, nil // nobody has that socket
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	_ = conn.SetReadDeadline(time.Now().Add(wakeTimeout))
	_, _ = conn.Read(make([]byte, 1)) // a greeting, or the end of a QEMU that did not come up
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	return process.PIDFileOwner(f.pid)
}

// hold takes hold of the QEMU that runs in the folder; nil if there is none.
func (f files) hold(ctx context.Context) (*process.Process, error) {
	pid, err := f.owner(ctx)
	if err != nil || pid == 0 {
		return nil, err
	}
	held, err := process.Open(pid)
	if errors.Is(err, os.ErrProcessDone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if again, err := process.PIDFileOwner(f.pid); err != nil || again != pid {
		_ = held.Close()
		return nil, err
	}
	return held, nil
}

// clean removes what a machine that is gone has left. An owner that lives does that by itself; it gets a moment to do it,
// and one that hangs keeps the files, which harm nobody.
func (f files) clean(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, ownerTimeout)
	defer cancel()
	retry := time.NewTicker(ownerTimeout / 100)
	defer retry.Stop()
	for {
		lock, err := f.take()
		if err == nil {
			f.removeStale()
			return lock.Close()
		}
		if !errors.Is(err, errLocked) {
			return err
		}
		select {
		case <-retry.C:
		case <-ctx.Done():
			return nil
		}
	}
}
