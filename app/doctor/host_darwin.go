package doctor

import (
	"context"

	hostmemory "github.com/pbnjay/memory"
	"golang.org/x/sys/unix"
)

// availableMemory is what is free, in bytes.
func availableMemory() int64 { return int64(hostmemory.FreeMemory()) }

// firstPort is 1: since macOS 10.14 every user may listen on low ports of all addresses.
func firstPort() int { return 1 }

func reservedPorts(context.Context) []string { return nil }

// networkFilesystem names the filesystem of a path if it lies on another computer.
func networkFilesystem(path string) string {
	var st unix.Statfs_t
	if unix.Statfs(path, &st) != nil || st.Flags&unix.MNT_LOCAL != 0 {
		return ""
	}
	return unix.ByteSliceToString(st.Fstypename[:])
}

func systemEngines() []string { return nil }

// hostOS is the name of this system.
const hostOS = "darwin"
