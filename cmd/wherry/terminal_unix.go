//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/wherry-app/wherry/app"
)

// defaultShell is what `wherry env` speaks unless told otherwise.
const defaultShell = "bash"

// watchWindow tells the window's size each time it changes, until stop is called.
func watchWindow(fd int) (sizes <-chan app.Size, stop func()) {
	changed := make(chan os.Signal, 1)
	signal.Notify(changed, syscall.SIGWINCH)
	out, done := make(chan app.Size), make(chan struct{})
	go func() {
		defer close(out)
		for {
			select {
			case <-changed:
			case <-done:
				return
			}
			select {
			case out <- windowSize(fd):
			case <-done:
				return
			}
		}
	}()
	return out, func() { signal.Stop(changed); close(done) }
}
