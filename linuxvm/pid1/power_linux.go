package pid1

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// containerdGrace is how long containerd may take to end.
	containerdGrace = 3 * time.Second
	// killGrace is how long killed processes may take to be gone.
	killGrace = 2 * time.Second
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
	a.children.awaitNone(killGrace)
	unix.Sync()
	unmountBelow(dataDir)
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
}

// unmountBelow unmounts what is mounted at dir and below, the last first. What stays mounted is read-only then, if the
// kernel allows that: it has been synced anyway.
func unmountBelow(dir string) {
	table, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return
	}
	lines := strings.Split(string(table), "\n")
	for _, line := range slices.Backward(lines) {
		f := strings.Fields(line)
		if len(f) < 2 || f[1] != dir && !strings.HasPrefix(f[1], dir+"/") {
			continue
		}
		if unix.Unmount(f[1], 0) != nil {
			_ = unix.Mount("", f[1], "", unix.MS_REMOUNT|unix.MS_RDONLY, "")
		}
	}
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
