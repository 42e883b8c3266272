package doctor

import (
	"context"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// availableMemory is what new programs can have without swapping, in bytes; 0 if it is not known.
func availableMemory() int64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "MemAvailable:"); ok {
			n, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return n << 10
		}
	}
	return 0
}

// firstPort is the lowest port that programs of this user may listen on.
func firstPort() int {
	if os.Geteuid() == 0 {
		return 1
	}
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_unprivileged_port_start")
	if err != nil {
		return 0
	}
	n, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return n
}

func reservedPorts(context.Context) []string {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_reserved_ports")
	if s := strings.TrimSpace(string(text)); err == nil && s != "" {
		return strings.Split(s, ",")
	}
	return nil
}

// networkFilesystem names the filesystem of a path if it lies on another computer.
func networkFilesystem(path string) string {
	var st unix.Statfs_t
	if unix.Statfs(path, &st) != nil {
		return ""
	}
	switch uint32(st.Type) {
	case unix.NFS_SUPER_MAGIC:
		return "NFS"
	case 0xff534d42, unix.SMB2_SUPER_MAGIC: // CIFS, SMB
		return "SMB"
	case unix.V9FS_MAGIC:
		return "9p"
	}
	return ""
}

func systemEngines() []string { return nil }

// hostOS is the name of this system.
const hostOS = "linux"
