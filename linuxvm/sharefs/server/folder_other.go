//go:build !linux

package server

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/wherry-app/wherry/linuxvm/sharefs/wire"
)

// rootFolder is a folder as an os.Root, which nothing leads out of.
type rootFolder struct{ root *os.Root }

var _ folder = (*rootFolder)(nil)

// openRoot opens a folder by its path on the host.
func openRoot(path string) (folder, error) {
	r, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	return &rootFolder{r}, nil
}

func (f *rootFolder) close() { _ = f.root.Close() }

func (f *rootFolder) self() (info, error) { return f.stat(".") }

func (f *rootFolder) stat(name string) (info, error) {
	fi, err := f.root.Lstat(name)
	if err != nil {
		return info{}, err
	}
	i := infoOf(fi)
	if i.ino != 0 || i.is(typeLink) {
		return i, nil
	}
	file, err := f.root.Open(name)
	if err != nil {
		return info{}, err
	}
	defer file.Close()
	err = identify(file, &i)
	return i, err
}

// plainInfo is what every system says of a file.
func plainInfo(fi fs.FileInfo) info {
	ns := fi.ModTime().UnixNano()
	i := info{size: uint64(fi.Size()), blocks: uint64(fi.Size()+511) / 512, atime: ns, mtime: ns, ctime: ns, nlink: 1, mode: uint32(fi.Mode().Perm())}
	switch {
	case fi.IsDir():
		i.mode |= typeFolder
	case fi.Mode()&fs.ModeSymlink != 0:
		i.mode |= typeLink
	case fi.Mode()&fs.ModeNamedPipe != 0:
		i.mode |= 0o010000
	case fi.Mode()&fs.ModeSocket != 0:
		i.mode |= 0o140000
	default:
		i.mode |= typeFile
	}
	return i
}

func statFile(f *os.File) (info, error) {
	fi, err := f.Stat()
	if err != nil {
		return info{}, err
	}
	i := infoOf(fi)
	if i.ino != 0 {
		return i, nil
	}
	err = identify(f, &i)
	return i, err
}

func (f *rootFolder) sub(name string) (folder, error) {
	if fi, err := f.root.Lstat(name); err != nil {
		return nil, err
	} else if !fi.IsDir() {
		return nil, syscall.ENOTDIR
	}
	r, err := f.root.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	return &rootFolder{r}, nil
}

func (f *rootFolder) names() ([]string, error) {
	d, err := f.root.Open(".")
	if err != nil {
		return nil, err
	}
	defer d.Close()
	list, err := d.Readdirnames(-1)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return list, err
}

func (f *rootFolder) open(name string, write bool) (*os.File, error) {
	fi, err := f.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !fi.Mode().IsRegular() {
		return nil, syscall.EINVAL
	}
	flags := os.O_RDONLY
	if write {
		flags = os.O_RDWR
	}
	return f.root.OpenFile(name, flags, 0)
}

func (f *rootFolder) create(name string, mode uint32) (*os.File, error) {
	return f.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, fileMode(mode).Perm())
}

func (f *rootFolder) mkdir(name string, mode uint32) error {
	return f.root.Mkdir(name, fileMode(mode).Perm())
}

func (f *rootFolder) mknod(string, uint32, uint32) error { return syscall.ENOSYS }

func (f *rootFolder) symlink(target, name string) error { return f.root.Symlink(target, name) }

func (f *rootFolder) readlink(name string) (string, error) { return f.root.Readlink(name) }

func (f *rootFolder) remove(name string, isFolder bool) error {
	fi, err := f.root.Lstat(name)
	switch {
	case err != nil:
		return err
	case isFolder && !fi.IsDir():
		return syscall.ENOTDIR
	case !isFolder && fi.IsDir():
		return syscall.EISDIR
	}
	return f.root.Remove(name)
}

// rename within one folder is os.Root's; between two it goes by the paths of the folders, which is as safe as the system
// makes it: there is no other call for it.
func (f *rootFolder) rename(name string, to folder, toName string, flags uint32) error {
	const noReplace = 1
	if flags&^noReplace != 0 {
		return syscall.EINVAL
	}
	dest := to.(*rootFolder)
	if flags&noReplace != 0 {
		if _, err := dest.root.Lstat(toName); err == nil {
			return syscall.EEXIST
		}
	}
	return renameBetween(f.root, name, dest.root, toName)
}

func (f *rootFolder) link(name string, to folder, toName string) error {
	return linkBetween(f.root, name, to.(*rootFolder).root, toName)
}

func (f *rootFolder) chmod(name string, mode uint32) error {
	if name == "" {
		name = "."
	}
	return f.root.Chmod(name, fileMode(mode))
}

func (f *rootFolder) utimes(name string, atime, mtime *int64) error {
	if name == "" {
		name = "."
	}
	var a, m time.Time // zero: as it is
	if atime != nil {
		a = time.Unix(0, *atime)
	}
	if mtime != nil {
		m = time.Unix(0, *mtime)
	}
	return f.root.Chtimes(name, a, m)
}

func (f *rootFolder) getxattr(string, string) ([]byte, error)    { return nil, syscall.ENOTSUP }
func (f *rootFolder) listxattr(string) ([]byte, error)           { return nil, syscall.ENOTSUP }
func (f *rootFolder) setxattr(string, string, []byte, int) error { return syscall.ENOTSUP }
func (f *rootFolder) removexattr(string, string) error           { return syscall.ENOTSUP }
func defaultHandles() int                                        { return 128 }
func syncFile(f *os.File, _ bool) error                          { return f.Sync() }
func syncFolder(*Server, *node) error                            { return nil }
func seekHole(*os.File, int64, uint32) (int64, error)            { return 0, syscall.ENOSYS }
func allocate(f *os.File, mode uint32, off, size int64) error {
	if mode != 0 {
		return syscall.ENOTSUP
	}
	fi, err := f.Stat()
	if err != nil || fi.Size() >= off+size {
		return err
	}
	return f.Truncate(off + size)
}

// room is made up: what matters of it is that there is some.
func room(folder) (wire.StatFS, error) {
	const blocks = 1 << 28
	return wire.StatFS{Blocks: blocks, Free: blocks, Avail: blocks, Files: blocks, FilesFree: blocks, BlockSize: 4096}, nil
}

// tight is always so: the guest is told of a full disk by the write that fills it.
func tight(*os.File) bool { return true }
