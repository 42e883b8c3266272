package process

import (
	"bytes"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Held says whether the process was stopped by a signal and waits for SIGCONT.
func (p *Process) Held() bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid))
	if err != nil {
		return false
	}
	f := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	return len(f) > 0 && string(f[0]) == "T"
}

// Unhold lets a process go on that was stopped by a signal.
func (p *Process) Unhold() error { return unix.Kill(p.pid, unix.SIGCONT) }
