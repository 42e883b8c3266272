package space

import (
	"fmt"
	"io/fs"

	"golang.org/x/sys/windows"
)

// Of is the room on the disk that holds path, which has to exist.
func Of(path string) (Space, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return Space{}, fmt.Errorf("measure the disk of %s: %w", path, err)
	}
	var free, total uint64
	if err := windows.GetDiskFreeSpaceEx(name, &free, &total, nil); err != nil {
		return Space{}, fmt.Errorf("measure the disk of %s: %w", path, err)
	}
	return Space{Free: int64(free), Total: int64(total)}, nil
}

// Allocated is what a file takes on the disk at most, in bytes.
func Allocated(st fs.FileInfo) int64 { return st.Size() }
