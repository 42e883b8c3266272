package ui

import (
	"context"
	"sync"
)

// pump is the only way from other goroutines to the UI goroutine. Functions run in the order they were posted.
type pump struct {
	do func(func()) // hands a function to the UI goroutine, without waiting
	// after is called on the UI goroutine when posted functions have run.
	after func()

	mu    sync.Mutex
	queue []func()
	due   bool

	work sync.WaitGroup
	ctx  context.Context // ends with the window
}

// post runs f on the UI goroutine soon.
func (p *pump) post(f func()) {
	p.mu.Lock()
	p.queue = append(p.queue, f)
	due := p.due
	p.due = true
	p.mu.Unlock()
	if !due {
		p.do(p.drain)
	}
}

func (p *pump) drain() {
	p.mu.Lock()
	q := p.queue
	p.queue, p.due = nil, false
	p.mu.Unlock()
	for _, f := range q {
		f()
	}
	p.after()
}

// run does work beside the UI and then done on it, unless it was cancelled before.
func (p *pump) run(work func(context.Context) error, done func(error)) context.CancelFunc {
	ctx, cancel := context.WithCancel(p.ctx)
	p.work.Go(func() {
		err := work(ctx)
		if ctx.Err() != nil {
			cancel()
			return
		}
		p.post(func() {
			if ctx.Err() == nil {
				done(err)
			}
			cancel()
		})
	})
	return cancel
}
