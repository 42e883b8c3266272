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
	end := time.Now().Add(limit)
	for {
		busy0, all0, err := processors()
		if err != nil {
			return 0, err
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(time.Second):
		}
		busy1, all1, err := processors()
		if err != nil {
			return 0, err
		}
		busy := 100 * float64(busy1-busy0) / float64(max(all1-all0, 1))
		if busy <= tolerable || time.Now().After(end) {
			return busy, nil
		}
	}
}

// processors are the ticks that all processors were busy, and all ticks.
func processors() (busy, all int64, err error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0, fmt.Errorf("look at processors: %w", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	const idle, waiting, guest = 3, 4, 8 // time of guests is counted as user's, too
	for i, word := range strings.Fields(line)[1:] {
		n, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			return 0, 0, fmt.Errorf("look at processors: %w", err)
		}
		if i >= guest {
			break
		}
		all += n
		if i != idle && i != waiting {
			busy += n
		}
	}
	return busy, all, nil
}
