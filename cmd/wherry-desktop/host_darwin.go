package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

const exeSuffix = ""

// endSignals ask the window to close.
func endSignals() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM} }

// drivers that the engine has on this system.
func drivers() []string { return []string{"vz", "qemu"} }

// displayMissing is nil: macOS has a display.
func displayMissing() error { return nil }

// trayShown is true: macOS has a menu bar.
func trayShown() bool { return true }

// runProgram starts a program with one argument and does not wait for it to end.
func runProgram(prog, arg string) error {
	cmd := exec.Command(prog, arg)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", prog, err)
	}
	return cmd.Process.Release()
}
