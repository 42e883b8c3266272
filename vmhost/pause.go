package vmhost

import (
	"context"
	"sync"
)

// A Pause says why a machine does not run though nobody stopped it: the host could not read or write one of its disks.
// The guest waits for that, so nothing is lost. The zero value is a machine that runs.
type Pause struct {
	// Disk is the ID of the disk.
	Disk string
	// Err is why; ErrHostFull if there is no space. It is nil if the machine runs.
	Err error
}

// A Pauser is a Machine that pauses when its disks cannot be read or written.
type Pauser interface {
	// Pauses returns a channel that gets the present Pause and then each newer one; the newest wins when the receiver is
	// slow. The caller must call cancel when it has seen enough; that does not close the channel, nor does the machine's end.
	Pauses() (pauses <-chan Pause, cancel func())
	// Continue lets a paused machine do again what failed; where that fails again, it pauses again. On a machine that runs
	// it does nothing.
	Continue(ctx context.Context) error
}

// A PauseState is what a driver needs to be a Pauser: the present Pause, and who wants to know it. The zero value is that
// of a machine that runs.
type PauseState struct {
	mu       sync.Mutex
	now      Pause
	watchers map[chan Pause]struct{}
}

// Watch is Pauser.Pauses.
func (p *PauseState) Watch() (pauses <-chan Pause, cancel func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := make(chan Pause, 1)
	w <- p.now
	if p.watchers == nil {
		p.watchers = make(map[chan Pause]struct{})
	}
	p.watchers[w] = struct{}{}
	return w, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.watchers, w)
	}
}

// Set tells everybody of a newer Pause. That a machine runs which did before is no news.
func (p *PauseState) Set(now Pause) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now.Err == nil && now.Err == nil {
		return
	}
	p.now = now
	for w := range p.watchers {
		select {
		case <-w:
		default:
		}
		w <- now // has room: only this function sends, under p.mu
	}
}
