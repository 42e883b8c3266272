package statefile

import (
	"fmt"
	"os"
)

// Mark is a text that changes when the file at path is written, replaced or resized. After a crash of the host it may be
// that of an earlier content, so a state must not outlive the next write by other means than its mark.
func Mark(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d bytes of %d", info.Size(), info.ModTime().UnixNano()), nil
}
