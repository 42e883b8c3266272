package pid1

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// containerdGrace is how long containerd may take to end.
	containerdGrace = 3 * time.Second
	// orphanGrace is how long containers may take to stop in a guest that has lost its host.
	orphanGrace = 30 * time.Second
)

// Shutdown implements control.Guest.
func (a *Agent) Shutdown(_ context.Context, grace time.Duration) error {
	a.ask.Do(func() {
		a.log.Info("shutdown", "grace", grace)
		after(grace, a.deadline)
		close(a.shutdown)
	})
	return nil
}

// after closes a channel after a time, unless stop is called before.
func after(d time.Duration, c chan struct{}) (stop func()) {
	t := time.AfterFunc(d, func() { close(c) })
	return func() { t.Stop() }
}

// powerOff ends what still runs, writes the disks out and switches the machine off.
func (a *Agent) powerOff() {
	for _, l := range a.logs {
		_ = l.close()
	}
	signalAll(unix.SIGKILL)
	unix.Sync()
	for range 50 {
		err := unix.Unmount(dataDir, 0)
		if err != unix.EBUSY {
			break
		}
		// The last processes are still on their way out: there is no event for when the kernel has let go of a mount.
		time.Sleep(10 * time.Millisecond)
	}
	if err := unix.Mount("", dataDir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err == nil {
		unix.Sync()
	}
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
}

// signalAll signals all processes but the kernel's and this one.
func signalAll(sig syscall.Signal) {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil || pid == 1 {
			continue
		}
		if cmdline, err := os.ReadFile(dir + "/cmdline"); err == nil && len(cmdline) > 0 {
			_ = unix.Kill(pid, sig)
		}
	}
}

// serviceAttr puts a service in a session of its own.
func serviceAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }
