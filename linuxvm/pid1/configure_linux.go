package pid1

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wherry-app/wherry/linuxvm/control"
)

// dockerDir is where dockerd's configuration is kept; /etc/docker leads there.
const dockerDir = dataDir + "/wherry/docker"

// docker is what is needed to configure dockerd.
type docker struct {
	mu   sync.Mutex    // of one configuration at a time
	data chan struct{} // closed when the data disk is mounted
}

var _ control.DockerConfigurer = (*Agent)(nil)

// ConfigureDocker implements control.DockerConfigurer.
func (a *Agent) ConfigureDocker(ctx context.Context, c control.DockerConfig) (restarted bool, err error) {
	a.docker.mu.Lock()
	defer a.docker.mu.Unlock()
	select {
	case <-a.docker.data:
	case <-a.shutdown:
		return false, errors.New("configure docker: the guest is powering off")
	case <-ctx.Done():
		return false, ctx.Err()
	}
	daemon, ca, err := dockerFiles{dockerDir}.apply(c)
	if err != nil {
		return false, err
	}
	a.log.Debug("docker's configuration", "daemon_changed", daemon, "authorities_changed", ca)
	pid, ready := a.dockerdNow()
	switch {
	case pid == 0: // it will read it when it starts
		return false, nil
	case ca: // which it reads only once
		return true, a.restartDockerd(ctx, pid)
	case !daemon:
		return false, nil
	}
	if !ready { // it may have read its file already, and would not survive the signal yet
		if pid, err = a.awaitDockerd(ctx, 0); err != nil {
			return false, err
		}
	}
	if err := unix.Kill(pid, unix.SIGHUP); err != nil {
		return false, fmt.Errorf("reload dockerd: %w", err)
	}
	return false, nil
}

// dockerdNow is dockerd's process, 0 if there is none, and whether it is ready.
func (a *Agent) dockerdNow() (pid int, ready bool) {
	status, _ := a.board.snapshot()
	for _, s := range status.Services {
		if s.Name == control.ServiceDockerd {
			return s.PID, s.State == control.ServiceReady
		}
	}
	return 0, false
}

// restartDockerd ends dockerd, which is process old, and returns when it is ready again.
func (a *Agent) restartDockerd(ctx context.Context, old int) error {
	a.quiet.mu.Lock()
	defer a.quiet.mu.Unlock()
	select {
	case a.quiet.renew <- renewal{kill: make(chan struct{})}:
	case <-ctx.Done():
		return ctx.Err()
	}
	_, err := a.awaitDockerd(ctx, old)
	return err
}

// awaitDockerd waits until a dockerd other than process old is ready.
func (a *Agent) awaitDockerd(ctx context.Context, old int) (pid int, err error) {
	enough := errors.New("it is ready")
	err = a.board.watch(ctx, time.Minute, func(control.Status) error {
		var ready bool
		if pid, ready = a.dockerdNow(); ready && pid != old {
			return enough
		}
		return nil
	})
	if errors.Is(err, enough) {
		return pid, nil
	}
	return 0, fmt.Errorf("wait for dockerd: %w", err)
}
