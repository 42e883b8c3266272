package process

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// Memory is what a process holds of the host's memory now, in bytes, shared pages included.
func Memory(pid int) (int64, error) {
	out, err := exec.Command("/bin/ps", "-o", "rss=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return 0, fmt.Errorf("memory of process %d: %w", pid, err)
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("memory of process %d: %w", pid, err)
	}
	return n << 10, nil
}
