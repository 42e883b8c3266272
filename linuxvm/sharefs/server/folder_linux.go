package server

import (
	"errors"
	"io"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// fdFolder is a folder by its descriptor.
type fdFolder struct {
	fd   int
	path string // of the descriptor in /proc, for calls that have no form with a descriptor
}

var _ folder = (*fdFolder)(nil)

// openRoot opens a folder by its path on the host.
func openRoot(path string) (folder, error) {
	return openFolder(unix.AT_FDCWD, path, 0)
}

func openFolder(at int, name string, flags int) (folder, error) {
	fd, err := again(func() (int, error) {
		return unix.Openat(at, name, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC|flags, 0)
	})
	if err != nil {
		return nil, err
	}
	return &fdFolder{fd: fd, path: "/proc/self/fd/" + strconv.Itoa(fd)}, nil
}

// again repeats what a signal interrupted.
func again[T any](f func() (T, error)) (T, error) {
	for {
		v, err := f()
		if err != unix.EINTR {
			return v, err
		}
	}
}

func (f *fdFolder) close() { _ = unix.Close(f.fd) }

func (f *fdFolder) self() (info, error) { return statAt(f.fd, "", unix.AT_EMPTY_PATH) }

func (f *fdFolder) stat(name string) (info, error) { return statAt(f.fd, name, 0) }

func statAt(fd int, name string, flags int) (info, error) {
	var st unix.Statx_t
	const want = unix.STATX_BASIC_STATS | unix.STATX_BTIME
	if err := unix.Statx(fd, name, unix.AT_SYMLINK_NOFOLLOW|unix.AT_STATX_SYNC_AS_STAT|flags, want, &st); err != nil {
		return info{}, err
	}
	ns := func(t unix.StatxTimestamp) int64 { return t.Sec*1e9 + int64(t.Nsec) }
	i := info{
		dev: unix.Mkdev(st.Dev_major, st.Dev_minor), ino: st.Ino, size: st.Size, blocks: st.Blocks,
		atime: ns(st.Atime), mtime: ns(st.Mtime), ctime: ns(st.Ctime),
		mode: uint32(st.Mode), nlink: st.Nlink, uid: st.Uid, gid: st.Gid, rdev: uint32(unix.Mkdev(st.Rdev_major, st.Rdev_minor)),
	}
	if st.Mask&unix.STATX_BTIME != 0 {
		i.birth = ns(st.Btime)
	}
	return i, nil
}

// statFile is the info of an open file.
func statFile(f *os.File) (i info, err error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return info{}, err
	}
	if ctl := conn.Control(func(fd uintptr) { i, err = statAt(int(fd), "", unix.AT_EMPTY_PATH) }); ctl != nil {
		return info{}, ctl
	}
	return i, err
}

func (f *fdFolder) sub(name string) (folder, error) { return openFolder(f.fd, name, unix.O_NOFOLLOW) }

func (f *fdFolder) names() ([]string, error) {
	fd, err := again(func() (int, error) {
		return unix.Openat(f.fd, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	})
	if err != nil {
		return nil, err
	}
	d := os.NewFile(uintptr(fd), "folder")
	defer d.Close()
	list, err := d.Readdirnames(-1)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return list, err
}

// open opens files that the user may not, but as their owner could allow himself to.
func (f *fdFolder) open(name string, write bool) (*os.File, error) {
	flags := unix.O_RDONLY
	if write {
		flags = unix.O_RDWR
	}
	file, err := f.openFile(name, flags, 0)
	if err != unix.EACCES { //nolint:errorlint // it comes from the call above as it is
		return file, err
	}
	was, statErr := f.stat(name)
	if statErr != nil || !was.is(typeFile) || int(was.uid) != os.Geteuid() {
		return nil, err
	}
	if f.chmod(name, was.mode&0o7777|0o600) != nil {
		return nil, err
	}
	file, err = f.openFile(name, flags, 0)
	if undo := f.chmod(name, was.mode&0o7777); err == nil && undo != nil {
		file.Close()
		return nil, undo
	}
	return file, err
}

func (f *fdFolder) openFile(name string, flags int, mode uint32) (*os.File, error) {
	fd, err := again(func() (int, error) {
		return unix.Openat(f.fd, name, flags|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC|unix.O_NOCTTY, mode)
	})
	if err != nil {
		return nil, err
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || st.Mode&typeMask != typeFile {
		_ = unix.Close(fd)
		return nil, unix.EINVAL
	}
	_ = unix.SetNonblock(fd, false) // else the runtime would ask epoll, in vain
	return os.NewFile(uintptr(fd), name), nil
}

func (f *fdFolder) create(name string, mode uint32) (*os.File, error) {
	file, err := f.openFile(name, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL, mode&0o7777|0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Fchmod(int(file.Fd()), mode&0o7777); err != nil { // whatever the daemon's umask is
		file.Close()
		return nil, err
	}
	return file, nil
}

func (f *fdFolder) mkdir(name string, mode uint32) error {
	if err := unix.Mkdirat(f.fd, name, 0o700); err != nil {
		return err
	}
	return f.chmod(name, mode&0o7777)
}

// mknod makes no devices, as if the user might not: as root it could, and they would be the host's.
func (f *fdFolder) mknod(name string, mode, rdev uint32) error {
	if kind := mode & unix.S_IFMT; kind == unix.S_IFCHR || kind == unix.S_IFBLK {
		return unix.EPERM
	}
	if err := unix.Mknodat(f.fd, name, mode, int(rdev)); err != nil {
		return err
	}
	return f.chmod(name, mode&0o7777)
}

func (f *fdFolder) symlink(target, name string) error { return unix.Symlinkat(target, f.fd, name) }

func (f *fdFolder) readlink(name string) (string, error) {
	buf := make([]byte, 4096)
	n, err := unix.Readlinkat(f.fd, name, buf)
	return string(buf[:max(n, 0)]), err
}

func (f *fdFolder) remove(name string, isFolder bool) error {
	flags := 0
	if isFolder {
		flags = unix.AT_REMOVEDIR
	}
	return unix.Unlinkat(f.fd, name, flags)
}

func (f *fdFolder) rename(name string, to folder, toName string, flags uint32) error {
	return unix.Renameat2(f.fd, name, to.(*fdFolder).fd, toName, uint(flags))
}

func (f *fdFolder) link(name string, to folder, toName string) error {
	return unix.Linkat(f.fd, name, to.(*fdFolder).fd, toName, 0)
}

// through calls g with a path that leads to a file by its descriptor.
func (f *fdFolder) through(name string, g func(path string) error) error {
	if name == "" {
		return g(f.path)
	}
	fd, err := again(func() (int, error) {
		return unix.Openat(f.fd, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	})
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return g("/proc/self/fd/" + strconv.Itoa(fd))
}

func (f *fdFolder) chmod(name string, mode uint32) error {
	return f.through(name, func(path string) error { return unix.Chmod(path, mode&0o7777) })
}

func (f *fdFolder) utimes(name string, atime, mtime *int64) error {
	ts := [2]unix.Timespec{{Nsec: unix.UTIME_OMIT}, {Nsec: unix.UTIME_OMIT}}
	for i, t := range []*int64{atime, mtime} {
		if t != nil {
			ts[i] = timespec(*t)
		}
	}
	if name == "" {
		return unix.UtimesNanoAt(unix.AT_FDCWD, f.path, ts[:], 0)
	}
	return unix.UtimesNanoAt(f.fd, name, ts[:], unix.AT_SYMLINK_NOFOLLOW)
}

// timespec is a time before 1970 too.
func timespec(ns int64) unix.Timespec {
	sec, rest := ns/1e9, ns%1e9
	if rest < 0 {
		sec, rest = sec-1, rest+1e9
	}
	return unix.Timespec{Sec: sec, Nsec: rest}
}

// entry is a path for the calls on extended attributes that follow no last link.
func (f *fdFolder) entry(name string) string {
	if name == "" {
		return f.path + "/."
	}
	return f.path + "/" + name
}

func (f *fdFolder) getxattr(name, attr string) ([]byte, error) {
	var small [64]byte
	path := f.entry(name)
	n, err := unix.Lgetxattr(path, attr, small[:])
	if err == nil {
		return append([]byte(nil), small[:n]...), nil
	}
	if err != unix.ERANGE {
		return nil, err
	}
	buf := make([]byte, 64<<10)
	if n, err = unix.Lgetxattr(path, attr, buf); err != nil {
		return nil, err
	}
	return buf[:n], nil
}

func (f *fdFolder) listxattr(name string) ([]byte, error) {
	buf := make([]byte, 64<<10)
	n, err := unix.Llistxattr(f.entry(name), buf)
	return buf[:max(n, 0)], err
}

func (f *fdFolder) setxattr(name, attr string, value []byte, flags int) error {
	return unix.Lsetxattr(f.entry(name), attr, value, flags)
}

func (f *fdFolder) removexattr(name, attr string) error {
	return unix.Lremovexattr(f.entry(name), attr)
}
