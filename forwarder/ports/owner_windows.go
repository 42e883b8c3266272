package ports

import (
	"context"
	"fmt"
	"net/netip"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/windows"
)

// ownerOf names the process that holds addr, or is empty when this user cannot see which; and the range that Windows
// (Hyper-V and its like) has reserved, if addr's port is in one.
func ownerOf(proto string, addr netip.AddrPort) (string, Range) {
	family := "ipv4"
	table := proto
	if addr.Addr().Is6() {
		family, table = "ipv6", proto+"v6"
	}
	if pid := netstatOwner(ask("netstat", "-ano", "-p", table), proto, addr); pid != 0 {
		return processOwner(programOf(pid), fmt.Sprint(pid)), Range{}
	}
	return "", excludedRange(ask("netsh", "interface", family, "show", "excludedportrange", "protocol="+proto), addr.Port())
}

// ask runs one of the system's programs, without a window, and returns what it prints.
func ask(name string, args ...string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	dir, err := windows.GetSystemDirectory()
	if err != nil {
		return ""
	}
	cmd := exec.CommandContext(ctx, filepath.Join(dir, name+".exe"), args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{HideWindow: true, CreationFlags: windows.CREATE_NO_WINDOW}
	out, err := cmd.Output()
	if err != nil {
		return ""
	}
	return string(out)
}

// programOf is the name of a process's program, empty if this user cannot see it.
func programOf(pid uint32) string {
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, pid)
	if err != nil {
		return ""
	}
	defer func() { _ = windows.CloseHandle(h) }()
	buf := make([]uint16, windows.MAX_LONG_PATH)
	n := uint32(len(buf))
	if windows.QueryFullProcessImageName(h, 0, &buf[0], &n) != nil {
		return ""
	}
	return filepath.Base(windows.UTF16ToString(buf[:n]))
}
