package engine

import (
	"context"
	"sync"

	"github.com/wherry-app/wherry/app"
)

// publisher holds the newest snapshot and wakes those who wait for a newer one. Its zero value is ready for use.
type publisher struct {
	mu      sync.Mutex
	snap    app.Snapshot
	changed chan struct{} // closed at the next publish; nil if nobody waits
}

// publish makes a snapshot the newest one and numbers it.
func (p *publisher) publish(s app.Snapshot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.Seq = p.snap.Seq + 1
	p.snap = s
	if p.changed != nil {
		close(p.changed)
		p.changed = nil
	}
}

// get returns the newest snapshot and a channel that is closed when there is a newer one.
func (p *publisher) get() (app.Snapshot, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.changed == nil {
		p.changed = make(chan struct{})
	}
	return p.snap, p.changed
}

// watch calls f with the present snapshot and each newer one, until ctx ends or f fails.
func (p *publisher) watch(ctx context.Context, f func(app.Snapshot) error) error {
	for {
		snap, changed := p.get()
		if err := f(snap); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}
