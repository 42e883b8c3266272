package qemu

import (
	"fmt"
	"syscall"

	"github.com/wherry-app/wherry/vmhost"
	"golang.org/x/sys/unix"
)

// nativeAccels are this system's hardware accelerators, the best first.
var nativeAccels = []string{"hvf"}

func installDirs() []string { return []string{"/opt/homebrew/bin", "/usr/local/bin", "/opt/local/bin"} }

func installCommand(vmhost.Arch) string { return "brew install qemu" }

// accelDevice is nil if the system offers the accelerator.
func accelDevice(string) error {
	if on, err := unix.SysctlUint32("kern.hv_support"); err != nil || on == 0 {
		return hinted(fmt.Errorf("%w: kern.hv_support is off", vmhost.ErrUnsupported), "Use the accelerator tcg on this Mac")
	}
	return nil
}

// brokenHostCPU says whether the accelerator's CPU model "host" is known not to work on this host: it does not with SME
// (Apple M4 and later) in several versions of macOS and QEMU.
func brokenHostCPU() bool {
	sme, err := unix.SysctlUint32("hw.optional.arm.FEAT_SME")
	return err == nil && sme == 1
}

// hostBoot names the running kernel and its boot.
func hostBoot() string {
	build, _ := unix.Sysctl("kern.osversion")
	id, _ := unix.Sysctl("kern.bootsessionuuid")
	return build + " " + id
}

// hostCPU names what of the host a guest can see: its processor and the version of the system.
func hostCPU() string {
	cpu, _ := unix.Sysctl("machdep.cpu.brand_string")
	build, _ := unix.Sysctl("kern.osversion")
	return cpu + ", " + build
}

// tied has nothing to offer here: a probe that loses its parent ends by itself when its loop is done.
func tied() *syscall.SysProcAttr { return nil }
