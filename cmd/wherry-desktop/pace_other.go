//go:build !linux

package main

import "fyne.io/fyne/v2"

// pacer does nothing on this system.
type pacer struct{}

// do hands a function to the UI goroutine and returns at once.
func (*pacer) do(f func()) { fyne.Do(f) }

func (*pacer) run(fyne.App) {}
func (*pacer) end()         {}
