package main

import (
	"time"

	"github.com/wherry-app/wherry/app"
)

// defaultShell is what `wherry env` speaks unless told otherwise.
const defaultShell = "powershell"

// watchWindow tells the window's size each time it changes, until stop is called. Windows has no signal for it.
func watchWindow(fd int) (sizes <-chan app.Size, stop func()) {
	out, done := make(chan app.Size), make(chan struct{})
	go func() {
		defer close(out)
		tick := time.NewTicker(250 * time.Millisecond)
		defer tick.Stop()
		last := windowSize(fd)
		for {
			select {
			case <-tick.C:
			case <-done:
				return
			}
			if size := windowSize(fd); size != last {
				last = size
				select {
				case out <- size:
				case <-done:
					return
				}
			}
		}
	}()
	return out, func() { close(done) }
}
