package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/windows"
)

// clockSlack is how much later than its PID file a process may seem to have started.
const clockSlack = 2 * time.Second

// PIDFileOwner says which process holds the PID file at path: the one whose number is in it, if it runs and had been
// started when the file was written. It is 0 if the file is missing or nobody holds it.
func PIDFileOwner(path string) (pid int, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	pid, err = strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, nil // cut short: whoever wrote it is not up yet, or never was
	}
	h, err := openHandle(pid)
	if errors.Is(err, os.ErrProcessDone) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer h.close()
	var created, exited, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(h.process, &created, &exited, &kernel, &user); err != nil {
		return 0, fmt.Errorf("read start time of process %d: %w", pid, err)
	}
	if time.Unix(0, created.Nanoseconds()).After(info.ModTime().Add(clockSlack)) {
		return 0, nil // a stranger with the same number
	}
	return pid, nil
}
