package pid1

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wherry-app/wherry/linuxvm/control"
)

// measureEvery is how often a watcher gets new figures of memory and disk when nothing else changes.
const measureEvery = 15 * time.Second

// Watch implements control.Guest.
func (a *Agent) Watch(ctx context.Context, f func(control.Status) error) error {
	return a.board.watch(ctx, measureEvery, func(s control.Status) error {
		measure(&s)
		return f(s)
	})
}

// SetTime implements control.Guest.
func (a *Agent) SetTime(_ context.Context, host time.Time) (time.Duration, error) {
	off := time.Since(host)
	ts := unix.NsecToTimespec(host.UnixNano())
	if err := unix.ClockSettime(unix.CLOCK_REALTIME, &ts); err != nil {
		return off, fmt.Errorf("set clock: %w", err)
	}
	a.log.Debug("clock set", "off", off)
	return off, nil
}

// Logs implements control.Guest.
func (a *Agent) Logs(ctx context.Context, service string, follow bool, w io.Writer) error {
	if service == control.ServiceKernel {
		return copyKernelLog(ctx, follow, w)
	}
	l, ok := a.logs[service]
	if !ok {
		return fmt.Errorf("no log of %q", service)
	}
	return l.copyTo(ctx, w, follow)
}

// measure fills in the figures of a status.
func measure(s *control.Status) {
	if f, err := os.Open("/proc/meminfo"); err == nil {
		info := parseMeminfo(f)
		f.Close()
		s.Memory = control.Memory{Total: info["MemTotal"], Available: info["MemAvailable"], Cache: info["Cached"]}
	}
	if b, err := os.ReadFile(containersGroup + "/memory.current"); err == nil {
		s.Memory.Containers, _ = strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	}
	s.Memory.Each = containersMemory()
	if b, err := os.ReadFile(containersGroup + "/cpu.stat"); err == nil {
		s.ContainersCPU = parseCPUStat(string(b))
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(dataDir, &fs); err == nil && fs.Type == unix.EXT4_SUPER_MAGIC {
		s.Data = control.DataDisk{
			Filesystem: "ext4", Total: int64(fs.Blocks) * fs.Bsize, Free: int64(fs.Bavail) * fs.Bsize,
		}
	}
}

// parseMeminfo reads /proc/meminfo, in bytes.
func parseMeminfo(r io.Reader) map[string]int64 {
	info := map[string]int64{}
	for lines := bufio.NewScanner(r); lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), ":")
		if f := strings.Fields(value); len(f) > 0 {
			n, _ := strconv.ParseInt(f[0], 10, 64)
			info[key] = n << 10
		}
	}
	return info
}
