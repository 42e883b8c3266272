//go:build unix

package space

import (
	"fmt"
	"io/fs"
	"syscall"

	"golang.org/x/sys/unix"
)

// Of is the room on the disk that holds path, which has to exist.
func Of(path string) (Space, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return Space{}, fmt.Errorf("measure the disk of %s: %w", path, err)
	}
	block := int64(st.Bsize)                                                           //nolint:unconvert // its type differs between systems
	return Space{Free: int64(st.Bavail) * block, Total: int64(st.Blocks) * block}, nil //nolint:unconvert // as above
}

// Allocated is what a file, sparse or not, takes on the disk in bytes.
func Allocated(st fs.FileInfo) int64 {
	if sys, ok := st.Sys().(*syscall.Stat_t); ok {
		return sys.Blocks * 512
	}
	return st.Size()
}
