package main

import (
	"sync"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"
	"github.com/go-gl/glfw/v3.3/glfw"
)

// pacer keeps the toolkit from looking for events sixty times a second when nothing happens. Between two looks it lets the
// toolkit's own goroutine sleep until the X server has something for it, until do is called, or for quietWait: what the
// toolkit does by itself (a blinking cursor, its own timers) is at most so much late then. While somebody uses the mouse or
// the keyboard it stays out of the way.
type pacer struct {
	posts   atomic.Uint64 // calls of do
	waiting atomic.Bool
	mu      sync.Mutex // held while the toolkit is told to wake up, which must not be after its end
	ended   bool
	seen    uint64 // of the UI goroutine alone
}

const (
	quietWait  = 250 * time.Millisecond
	afterFrame = 40 * time.Millisecond // two of the toolkit's looks: it draws what has changed
	afterInput = time.Second           // for what follows a click or a key: animations, more of them
)

// do hands a function to the UI goroutine and returns at once.
func (p *pacer) do(f func()) {
	p.posts.Add(1)
	fyne.Do(f)
	if !p.waiting.Load() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ended {
		glfw.PostEmptyEvent()
	}
}

// run begins to pace the toolkit once it runs.
func (p *pacer) run(a fyne.App) {
	a.Lifecycle().SetOnStarted(func() { p.later(afterInput) })
}

// end stops pacing. It is called before the toolkit ends; calls after the first do nothing.
func (p *pacer) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ended && p.waiting.Load() {
		glfw.PostEmptyEvent()
	}
	p.ended = true
}

func (p *pacer) over() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}

func (p *pacer) later(d time.Duration) {
	time.AfterFunc(d, func() {
		if !p.over() {
			fyne.Do(p.step)
		}
	})
}

// step sleeps on the UI goroutine if there is nothing to do.
func (p *pacer) step() {
	if p.over() {
		return
	}
	hold := afterFrame
	p.waiting.Store(true) // from here on do wakes the toolkit up
	if p.posts.Load() == p.seen {
		began := time.Now()
		glfw.WaitEventsTimeout(quietWait.Seconds())
		if time.Since(began) < quietWait*9/10 && p.posts.Load() == p.seen {
			hold = afterInput
		}
	}
	p.waiting.Store(false)
	p.seen = p.posts.Load()
	p.later(hold)
}
