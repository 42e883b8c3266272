package lab

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// clockTick is the unit of processor time in /proc, the same on all of Linux's architectures that we run on.
const clockTick = 10 * time.Millisecond

// Memory is what a process holds of the host's memory, in bytes: all of it, and with what it shares with others divided
// by their number.
type Memory struct{ Resident, Proportional int64 }

// MemoryOf measures a process.
func MemoryOf(pid int) (Memory, error) {
	sizes, err := kilobytes(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return Memory{}, fmt.Errorf("measure memory: %w", err)
	}
	return Memory{Resident: sizes["Rss"], Proportional: sizes["Pss"]}, nil
}

// kilobytes reads a file of lines such as "Rss: 12 kB", in bytes.
func kilobytes(path string) (map[string]int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sizes := map[string]int64{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		key, value, _ := strings.Cut(lines.Text(), ":")
		if n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64); err == nil {
			sizes[key] = n << 10
		}
	}
	return sizes, lines.Err()
}

// ProcessorTime is what a process has used so far, its threads included.
func ProcessorTime(pid int) (time.Duration, error) {
	fields, err := processStat(pid)
	if err != nil {
		return 0, err
	}
	return (fields[11] + fields[12]) * clockTick, nil // utime, stime
}

// StartedAt is when a process was started, since the boot of its machine.
func StartedAt(pid int) (time.Duration, error) {
	fields, err := processStat(pid)
	if err != nil {
		return 0, err
	}
	return fields[19] * clockTick, nil
}

// processStat are the fields of /proc/PID/stat behind the program's name, which may hold blanks; those that are no
// numbers are 0.
func processStat(pid int) ([]time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, fmt.Errorf("look at process: %w", err)
	}
	words := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(words) < 20 {
		return nil, fmt.Errorf("look at process %d: %d fields", pid, len(words))
	}
	fields := make([]time.Duration, len(words))
	for i, w := range words {
		if n, err := strconv.ParseInt(w, 10, 64); err == nil {
			fields[i] = time.Duration(n)
		}
	}
	return fields, nil
}
