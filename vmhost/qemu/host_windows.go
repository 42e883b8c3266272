package qemu

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/wherry-app/wherry/vmhost"
	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// nativeAccels are this system's hardware accelerators, the best first.
var nativeAccels = []string{"whpx"}

func installDirs() []string {
	return []string{filepath.Join(os.Getenv("ProgramFiles"), "qemu")}
}

func installCommand(vmhost.Arch) string { return "winget install SoftwareFreedomConservancy.QEMU" }

// accelDevice is nil if the system offers the accelerator.
func accelDevice(string) error {
	if err := windows.NewLazySystemDLL("WinHvPlatform.dll").Load(); err != nil {
		return hinted(fmt.Errorf("%w: %w", vmhost.ErrUnsupported, err),
			"Turn on the Windows feature 'Windows Hypervisor Platform' and restart")
	}
	return nil
}

// brokenHostCPU says whether the accelerator's CPU model "host" is known not to work on this host.
func brokenHostCPU() bool { return false }

// hostBoot names the running system and its boot.
func hostBoot() string {
	const counter = `SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management\PrefetchParameters`
	v := windows.RtlGetVersion()
	var boot uint64
	if key, err := registry.OpenKey(registry.LOCAL_MACHINE, counter, registry.QUERY_VALUE); err == nil {
		boot, _, _ = key.GetIntegerValue("BootId")
		_ = key.Close()
	}
	return fmt.Sprintf("%d.%d.%d boot %d", v.MajorVersion, v.MinorVersion, v.BuildNumber, boot)
}

// hostCPU names what of the host a guest can see: its processor and the version of the system.
func hostCPU() string {
	v := windows.RtlGetVersion()
	return fmt.Sprintf("%s, %d.%d.%d", os.Getenv("PROCESSOR_IDENTIFIER"), v.MajorVersion, v.MinorVersion, v.BuildNumber)
}

// tied has only the window to hide: a probe that loses its parent ends by itself when its loop is done.
func tied() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: windows.CREATE_NO_WINDOW}
}
