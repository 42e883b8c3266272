package qemu

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/wherry-app/wherry/vmhost"
	"golang.org/x/sys/unix"
)

// nativeAccels are this system's hardware accelerators, the best first.
var nativeAccels = []string{"kvm"}

func installDirs() []string { return []string{"/usr/bin", "/usr/local/bin"} }

func installCommand(arch vmhost.Arch) string {
	if arch == vmhost.ARM64 {
		return "sudo apt install qemu-system-arm"
	}
	return "sudo apt install qemu-system-x86"
}

// accelDevice is nil if the accelerator's device can be opened.
func accelDevice(string) error {
	device, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return hinted(fmt.Errorf("%w: %w", vmhost.ErrUnsupported, err),
			"Join the group that may use KVM, for example with: sudo usermod -aG kvm $USER, and log in again")
	case err != nil:
		return hinted(fmt.Errorf("%w: %w", vmhost.ErrUnsupported, err),
			"Turn on virtualization in the firmware's settings, or in those of the machine that this one runs in")
	}
	return device.Close()
}

// brokenHostCPU says whether the accelerator's CPU model "host" is known not to work on this host.
func brokenHostCPU() bool { return false }

// hostBoot names the running kernel and its boot.
func hostBoot() string {
	var name unix.Utsname
	_ = unix.Uname(&name)
	id, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return unix.ByteSliceToString(name.Release[:]) + " " + strings.TrimSpace(string(id))
}

// hostCPU names what of the host a guest can see: its processor and the version of the kernel.
func hostCPU() string {
	var name unix.Utsname
	_ = unix.Uname(&name)
	text, _ := os.ReadFile("/proc/cpuinfo")
	first, _, _ := strings.Cut(string(text), "\n\n")
	seen := []string{unix.ByteSliceToString(name.Release[:])}
	for line := range strings.Lines(first) {
		key, value, _ := strings.Cut(line, ":")
		switch strings.TrimSpace(key) {
		case "model name", "stepping", "microcode", "flags", "CPU implementer", "CPU part", "CPU revision", "Features":
			seen = append(seen, strings.TrimSpace(value))
		}
	}
	return strings.Join(seen, ", ")
}

// tied makes a program end with the thread that starts it, which the caller keeps alive.
func tied() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
