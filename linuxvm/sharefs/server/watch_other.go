//go:build !linux

package server

import (
	"errors"
	"fmt"
)

// newWatcher has none for this system yet: the guest keeps what it sees for half a second.
func newWatcher() (watcher, error) {
	return nil, fmt.Errorf("watch folders on this system: %w", errors.ErrUnsupported)
}
