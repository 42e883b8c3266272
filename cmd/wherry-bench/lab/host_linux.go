package lab

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wherry-app/wherry/cmd/wherry-bench/report"
)

// Machine describes this host; what is not known of it stays empty.
func Machine(ctx context.Context) report.Machine {
	m := report.Machine{OS: runtime.GOOS, Arch: runtime.GOARCH, Cores: runtime.NumCPU(), Processor: processor()}
	var uts unix.Utsname
	if unix.Uname(&uts) == nil {
		m.Kernel = unix.ByteSliceToString(uts.Release[:])
	}
	if sizes, err := kilobytes("/proc/meminfo"); err == nil {
		m.MemoryBytes = sizes["MemTotal"]
	}
	qemu := map[string]string{"amd64": "qemu-system-x86_64", "arm64": "qemu-system-aarch64"}[runtime.GOARCH]
	if line := firstLine(ctx, qemu, "--version"); line != "" {
		m.QEMU = strings.TrimPrefix(line, "QEMU emulator version ")
	}
	m.Commit = firstLine(ctx, "git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")
	return m
}

func firstLine(ctx context.Context, program string, args ...string) string {
	out, err := exec.CommandContext(ctx, program, args...).Output()
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return line
}

func processor() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, _ := strings.Cut(lines.Text(), ":"); strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// Quiet waits until the host's processors have rested for a second but for what is tolerable, in percent, or the limit
// is over, and returns how busy they were last.
func Quiet(ctx context.Context, tolerable float64, limit time.Duration) (float64, error) {
	const look = time.Second
	end := time.Now().Add(limit)
	for {
		before, err := BusyTime()
		if err != nil {
			return 0, err
		}
		begun := time.Now()
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(look):
		}
		after, err := BusyTime()
		if err != nil {
			return 0, err
		}
		busy := Share(after-before, time.Since(begun))
		if busy <= tolerable || time.Now().After(end) {
			return busy, nil
		}
	}
}

// Share is processor time as a part of all that the host's processors had in a time, in percent.
func Share(used, elapsed time.Duration) float64 {
	return min(max(100*float64(used)/float64(elapsed)/float64(runtime.NumCPU()), 0), 100)
}

// BusyTime is how long all the host's processors together have worked since its boot.
func BusyTime() (time.Duration, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, fmt.Errorf("look at processors: %w", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	const idle, waiting, guest = 3, 4, 8 // the time of guests is counted as user's, too
	var ticks int64
	for i, word := range strings.Fields(line)[1:] {
		n, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("look at processors: %w", err)
		}
		if i != idle && i != waiting && i < guest {
			ticks += n
		}
	}
	return time.Duration(ticks) * clockTick, nil
}
