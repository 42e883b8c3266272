package server

import (
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// errNoData says that there is no such extended attribute.
const errNoData = syscall.ENOATTR

func infoOf(fi fs.FileInfo) info {
	i := plainInfo(fi)
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		i.dev, i.ino, i.birth = uint64(st.Dev), st.Ino, st.Birthtimespec.Nano()
		i.blocks, i.nlink, i.uid, i.gid = uint64(st.Blocks), uint32(st.Nlink), st.Uid, st.Gid
		i.atime, i.mtime, i.ctime = st.Atimespec.Nano(), st.Mtimespec.Nano(), st.Ctimespec.Nano()
		i.mode = uint32(st.Mode)
	}
	return i
}

// at calls f with the descriptors of two folders.
func at(a, b *os.Root, f func(from, to int) error) error {
	from, err := a.Open(".")
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := b.Open(".")
	if err != nil {
		return err
	}
	defer to.Close()
	return f(int(from.Fd()), int(to.Fd()))
}

func renameBetween(a *os.Root, name string, b *os.Root, toName string) error {
	return at(a, b, func(from, to int) error { return unix.Renameat(from, name, to, toName) })
}

func linkBetween(a *os.Root, name string, b *os.Root, toName string) error {
	return at(a, b, func(from, to int) error { return unix.Linkat(from, name, to, toName, 0) })
}

// number is the Linux error number of one of this system's.
func number(e syscall.Errno) uint16 {
	if n, ok := map[syscall.Errno]uint16{
		syscall.EAGAIN: 11, syscall.ENAMETOOLONG: 36, syscall.ENOSYS: 38, syscall.ENOTEMPTY: 39, syscall.ELOOP: 40,
		syscall.ENOATTR: 61, syscall.EOVERFLOW: 75, syscall.ENOTSUP: 95, syscall.EOPNOTSUPP: 95, syscall.ETIMEDOUT: etimout,
		syscall.ESTALE: estale, syscall.EDQUOT: 122,
	}[e]; ok {
		return n
	}
	if e <= 34 { // older than the two systems
		return uint16(e)
	}
	return eio
}

// identify is not needed: infoOf knows.
func identify(*os.File, *info) error { return nil }
