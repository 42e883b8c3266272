package main

import (
	"fmt"
	"os"
	"os/exec"
)

const exeSuffix = ".exe"

// endSignals ask the window to close.
func endSignals() []os.Signal { return []os.Signal{os.Interrupt} }

// drivers that the engine has on this system.
func drivers() []string { return []string{"qemu"} }

// displayMissing is nil: Windows has a display.
func displayMissing() error { return nil }

// trayShown is true: Windows has a notification area.
func trayShown() bool { return true }

// runProgram starts a program with one argument and does not wait for it to end.
func runProgram(prog, arg string) error {
	cmd := exec.Command(prog, arg)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", prog, err)
	}
	return cmd.Process.Release()
}
