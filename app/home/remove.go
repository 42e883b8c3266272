package home

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// ours are the names of everything that Wherry makes in a state directory, as patterns.
func ours() []string {
	return []string{
		"settings.json", "data.img*", "vm", "vm.*", "lock", "daemon.*", "docker.sock", "*.sock", "last-error.json", "running.json",
		"cache", "logs", "guest-*", "images", "images.json", "ca", "names", "snapshots", ".write-test-*", ".tmp-*",
	}
}

// RemoveAll removes everything that Wherry has made in the directory, and the directory itself if that was all. It returns
// the names of what is left, which others have put there. Nobody may use the directory.
func (d Dir) RemoveAll() (left []string, err error) {
	entries, err := os.ReadDir(d.root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("remove state directory: %w", err)
	}
	for _, e := range entries {
		mine := slices.ContainsFunc(ours(), func(pattern string) bool {
			ok, err := filepath.Match(pattern, e.Name())
			return ok && err == nil
		})
		if !mine {
			left = append(left, e.Name())
			continue
		}
		if err := os.RemoveAll(d.path(e.Name())); err != nil {
			return left, fmt.Errorf("remove state directory: %w", err)
		}
	}
	if len(left) == 0 {
		err = os.Remove(d.root)
	}
	return left, err
}

// Images is the folder of guest images that are kept because they have booted.
func (d Dir) Images() string { return d.path("images") }
