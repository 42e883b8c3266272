package doctor

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"

	hostmemory "github.com/pbnjay/memory"
	"golang.org/x/sys/windows"
)

// availableMemory is what is free, in bytes.
func availableMemory() int64 { return int64(hostmemory.FreeMemory()) }

func firstPort() int { return 1 }

// reservedPorts are the ranges that Windows (Hyper-V, as a rule) keeps for itself.
func reservedPorts(ctx context.Context) []string {
	cmd := exec.CommandContext(ctx, "netsh", "interface", "ipv4", "show", "excludedportrange", "protocol=tcp")
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NO_WINDOW}
	out, err := cmd.Output()
	if err != nil {
		return nil
	}
	return parseReserved(string(out))
}

// networkFilesystem names a path on another computer.
func networkFilesystem(path string) string {
	if strings.HasPrefix(path, `\\`) {
		return "a network share"
	}
	return ""
}

func systemEngines() []string {
	var found []string
	for _, e := range []struct{ name, path string }{
		{"Docker Desktop", `\\.\pipe\dockerDesktopLinuxEngine`}, {"Docker", `\\.\pipe\docker_engine`}, {"Podman", `\\.\pipe\podman-machine-default`},
	} {
		if _, err := os.Stat(e.path); err == nil {
			found = append(found, e.name+" ("+e.path+")")
		}
	}
	return found
}

// hostOS is the name of this system.
const hostOS = "windows"
