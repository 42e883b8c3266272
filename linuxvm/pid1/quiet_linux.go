package pid1

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wherry-app/wherry/linuxvm/control"
)

// quiet is what a guest that is saved with nothing running in it needs.
type quiet struct {
	renew chan renewal
	// on says that dockerd is to start without containers, and did since it was renewed.
	on atomic.Bool
	mu sync.Mutex // one of Quiesce and Rouse at a time
}

var (
	_ control.Quiescer = (*Agent)(nil)
	_ control.Pulser   = (*Agent)(nil)
)

// Pulse implements control.Pulser.
func (a *Agent) Pulse(context.Context) (time.Time, error) { return time.Now(), nil }

// dockerd is the service of that name.
func (a *Agent) dockerd(dataReady <-chan struct{}) *service {
	s := a.service(program{name: control.ServiceDockerd}, dataReady, func(ready bool) {
		a.board.update(func(s *control.Status) { s.DockerReady = ready })
	})
	s.renew = a.quiet.renew
	s.start = func() (*process, error) {
		p := dockerd(a.options)
		if a.quiet.on.Load() {
			p.args = append(p.args, "--restart=false")
		}
		return a.startProgram(p)
	}
	return s
}

// Quiesce implements control.Quiescer. A dockerd that ends in order leaves on the disk what the next boot needs; the one
// that is started after it changes nothing of that, and needs not be waited for when the machine goes on.
func (a *Agent) Quiesce(ctx context.Context, grace time.Duration) error {
	a.quiet.mu.Lock()
	defer a.quiet.mu.Unlock()
	before, _ := a.board.snapshot()
	old := serviceOf(before, control.ServiceDockerd)
	if old.State != control.ServiceReady {
		return fmt.Errorf("dockerd is %s", old.State)
	}
	a.log.Info("quiesce", "grace", grace)
	a.quiet.on.Store(true)
	kill := make(chan struct{})
	defer after(grace, kill)()
	select {
	case a.quiet.renew <- renewal{kill: kill}:
	case <-ctx.Done():
		a.quiet.on.Store(false)
		return ctx.Err()
	}
	err := a.board.watch(ctx, time.Hour, func(s control.Status) error {
		now := serviceOf(s, control.ServiceDockerd)
		switch {
		case now.State == control.ServiceReady && now.PID != old.PID:
			return errSettled
		case now.State == control.ServiceBackoff:
			return fmt.Errorf("dockerd does not start again: %s", now.Error)
		}
		return nil
	})
	if !errors.Is(err, errSettled) {
		return err
	}
	unix.Sync()
	return nil
}

func serviceOf(s control.Status, name string) control.Service {
	for _, v := range s.Services {
		if v.Name == name {
			return v
		}
	}
	return control.Service{Name: name, State: control.ServiceWaiting}
}

// Rouse implements control.Quiescer.
func (a *Agent) Rouse(ctx context.Context) error {
	a.quiet.mu.Lock()
	defer a.quiet.mu.Unlock()
	if !a.quiet.on.Load() {
		return nil
	}
	docker := newDockerClient()
	defer docker.close()
	containers, err := docker.resting(ctx)
	if err != nil {
		return fmt.Errorf("list containers: %w", err)
	}
	var wg sync.WaitGroup
	for _, c := range containers {
		if !c.startsAtBoot(stoppedByUser(c.dir())) {
			continue
		}
		wg.Go(func() {
			if err := docker.start(ctx, c.ID); err != nil {
				a.log.Warn("start container", "container", c.Name, "error", err)
			}
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	a.quiet.on.Store(false)
	return nil
}

// stoppedByUser says whether a user has stopped a container, which dockerd tells nobody but its own next run.
func stoppedByUser(dir string) bool {
	b, err := os.ReadFile(filepath.Join(dir, "config.v2.json"))
	return err == nil && parseStoppedByUser(b)
}
