package server

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/wherry-app/wherry/linuxvm/sharefs/wire"
)

// errNoData says that there is no such extended attribute.
const errNoData = unix.ENODATA

// defaultHandles leaves most of the process's descriptors to others.
func defaultHandles() int {
	var lim unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &lim); err != nil {
		return 256
	}
	return int(min(max(lim.Cur/4, 64), 8192))
}

func syncFile(f *os.File, dataOnly bool) error {
	if dataOnly {
		return unix.Fdatasync(int(f.Fd()))
	}
	return f.Sync()
}

func syncFolder(s *Server, n *node) error {
	h, err := s.folder(n)
	if err != nil {
		return err
	}
	defer s.release(h)
	fd, err := unix.Openat(h.folder.(*fdFolder).fd, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Fsync(fd)
}

func seekHole(f *os.File, off int64, whence uint32) (int64, error) {
	return unix.Seek(int(f.Fd()), off, int(whence))
}

func allocate(f *os.File, mode uint32, off, size int64) error {
	return unix.Fallocate(int(f.Fd()), mode, off, size)
}

func room(f folder) (wire.StatFS, error) {
	var st unix.Statfs_t
	if err := unix.Fstatfs(f.(*fdFolder).fd, &st); err != nil {
		return wire.StatFS{}, err
	}
	return wire.StatFS{
		Blocks: st.Blocks, Free: st.Bfree, Avail: st.Bavail, Files: st.Files, FilesFree: st.Ffree, BlockSize: uint32(st.Bsize),
	}, nil
}

// number is a Linux error number.
func number(e syscall.Errno) uint16 { return uint16(e) }

// tightRoom is how little room, in bytes, makes a disk nearly full.
const tightRoom = 256 << 20

// tight says whether the disk that a file is on is nearly full.
func tight(f *os.File) bool {
	var st unix.Statfs_t
	return unix.Fstatfs(int(f.Fd()), &st) == nil && int64(st.Bavail)*st.Bsize < tightRoom
}
