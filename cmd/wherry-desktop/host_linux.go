package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"github.com/godbus/dbus/v5"

	"github.com/wherry-app/wherry/app"
)

const exeSuffix = ""

// endSignals ask the window to close.
func endSignals() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM} }

// drivers that the engine has on this system.
func drivers() []string { return []string{"qemu"} }

// displayMissing says that there is no display to open a window on.
func displayMissing() error {
	if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return app.Errorf("Use the command line instead: wherry start. Over ssh, a display can be forwarded with ssh -X.", "there is no display here")
	}
	return nil
}

// trayShown asks the desktop whether something shows tray icons.
func trayShown() bool {
	conn, err := dbus.SessionBus()
	if err != nil {
		return false
	}
	var owned bool
	err = conn.BusObject().Call("org.freedesktop.DBus.NameHasOwner", 0, "org.kde.StatusNotifierWatcher").Store(&owned)
	return err == nil && owned
}

// runProgram starts a program with one argument and does not wait for it to end.
func runProgram(prog, arg string) error {
	cmd := exec.Command(prog, arg)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", prog, err)
	}
	return cmd.Process.Release()
}
