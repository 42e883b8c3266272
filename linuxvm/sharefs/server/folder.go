package server

import "os"

// info is what a system says of a file, in Linux's terms.
type info struct {
	dev, ino     uint64
	birth        int64 // ns since 1970, 0 if unknown
	size, blocks uint64
	atime, mtime int64
	ctime        int64
	mode, nlink  uint32
	uid, gid     uint32
	rdev         uint32
}

// Linux's types of files.
const (
	typeMask   = 0o170000
	typeFolder = 0o040000
	typeFile   = 0o100000
	typeLink   = 0o120000
)

func (i *info) is(typ uint32) bool { return i.mode&typeMask == typ }

// A folder is an open folder of the host. All names are single ones, and no link is followed. Errors hold a syscall.Errno
// where the system said one.
type folder interface {
	// self is the folder itself.
	self() (info, error)
	stat(name string) (info, error)
	// sub opens a folder in this one.
	sub(name string) (folder, error)
	// names are all but "." and "..".
	names() ([]string, error)
	// open opens a regular file.
	open(name string, write bool) (*os.File, error)
	// create makes a regular file that must not exist.
	create(name string, mode uint32) (*os.File, error)
	mkdir(name string, mode uint32) error
	// mknod makes a pipe or a socket; not all systems can.
	mknod(name string, mode, rdev uint32) error
	symlink(target, name string) error
	readlink(name string) (string, error)
	remove(name string, isFolder bool) error
	// rename takes the flags of renameat2.
	rename(name string, to folder, toName string, flags uint32) error
	link(name string, to folder, toName string) error
	chmod(name string, mode uint32) error
	// utimes sets times in ns since 1970; nil leaves one as it is.
	utimes(name string, atime, mtime *int64) error
	// The extended attributes of a file, of the folder itself if the name is empty.
	getxattr(name, attr string) ([]byte, error)
	listxattr(name string) ([]byte, error)
	setxattr(name, attr string, value []byte, flags int) error
	removexattr(name, attr string) error
	close()
}
