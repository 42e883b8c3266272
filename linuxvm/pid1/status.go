package pid1

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/wherry-app/wherry/linuxvm/control"
)

// board holds the guest's Status. Watchers see the newest one; a slow watcher misses those between.
type board struct {
	// clock is the time since the kernel's start.
	clock func() time.Duration

	mu      sync.Mutex
	status  control.Status
	changed chan struct{} // closed and replaced at each change
}

func newBoard(clock func() time.Duration, first control.Status) *board {
	return &board{clock: clock, status: first, changed: make(chan struct{})}
}

// update changes the status and wakes the watchers.
func (b *board) update(f func(*control.Status)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f(&b.status)
	close(b.changed)
	b.changed = make(chan struct{})
}

// snapshot returns a copy of the status, and a channel that is closed when there is a newer one.
func (b *board) snapshot() (control.Status, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.status
	s.Stages = slices.Clone(s.Stages)
	s.Services = slices.Clone(s.Services)
	s.Uptime = b.clock()
	return s, b.changed
}

// watch calls f with the status now, after each change and every so often, until ctx ends or f fails.
func (b *board) watch(ctx context.Context, every time.Duration, f func(control.Status) error) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		s, changed := b.snapshot()
		if err := f(s); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// stage notes that a step of the boot begins and returns what to call at its end.
func (b *board) stage(name string) (end func()) {
	b.addStage(name, b.clock(), 0)
	return func() {
		b.update(func(s *control.Status) {
			for i := range s.Stages {
				if s.Stages[i].Name == name && s.Stages[i].End == 0 {
					s.Stages[i].End = b.clock()
				}
			}
		})
	}
}

// addStage notes a step of the boot.
func (b *board) addStage(name string, start, end time.Duration) {
	b.update(func(s *control.Status) {
		s.Stages = append(s.Stages, control.Stage{Name: name, Start: start, End: end})
	})
}

// service notes how a service is.
func (b *board) service(v control.Service) {
	b.update(func(s *control.Status) {
		for i := range s.Services {
			if s.Services[i].Name == v.Name {
				s.Services[i] = v
				return
			}
		}
		s.Services = append(s.Services, v)
	})
}

// problem notes why the boot cannot go on.
func (b *board) problem(p control.Problem) {
	b.update(func(s *control.Status) { s.Problem = &p })
}

// parseCPUStat reads the processor time out of a control group's cpu.stat.
func parseCPUStat(text string) time.Duration {
	for line := range strings.Lines(text) {
		if v, ok := strings.CutPrefix(line, "usage_usec "); ok {
			n, _ := strconv.ParseInt(strings.TrimSpace(v), 10, 64)
			return time.Duration(n) * time.Microsecond
		}
	}
	return 0
}
