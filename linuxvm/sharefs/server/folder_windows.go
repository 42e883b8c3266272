package server

import (
	"errors"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/windows"
)

// errNoData says that there is no such extended attribute.
const errNoData = syscall.ENODATA

// infoOf leaves the number of a file to identify, but for links, which get one of their name and birth.
func infoOf(fi fs.FileInfo) info {
	i := plainInfo(fi)
	i.mode |= 0o755
	if i.is(typeFile) {
		i.mode &^= 0o022
	}
	if d, ok := fi.Sys().(*syscall.Win32FileAttributeData); ok {
		i.birth = d.CreationTime.Nanoseconds()
		i.atime = d.LastAccessTime.Nanoseconds()
	}
	if i.is(typeLink) {
		h := fnv.New64a()
		_, _ = h.Write([]byte(fi.Name()))
		i.ino = h.Sum64() ^ uint64(i.birth)
	}
	return i
}

// identify fills in which file an open one is.
func identify(f *os.File, i *info) error {
	var d windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(windows.Handle(f.Fd()), &d); err != nil {
		return err
	}
	i.dev, i.ino, i.nlink = uint64(d.VolumeSerialNumber), uint64(d.FileIndexHigh)<<32|uint64(d.FileIndexLow), d.NumberOfLinks
	i.birth = d.CreationTime.Nanoseconds()
	return nil
}

func renameBetween(a *os.Root, name string, b *os.Root, toName string) error {
	if a == b {
		return a.Rename(name, toName)
	}
	return os.Rename(filepath.Join(a.Name(), name), filepath.Join(b.Name(), toName))
}

func linkBetween(a *os.Root, name string, b *os.Root, toName string) error {
	if a == b {
		return a.Link(name, toName)
	}
	return os.Link(filepath.Join(a.Name(), name), filepath.Join(b.Name(), toName))
}

// number is the Linux error number of one of this system's.
func number(e syscall.Errno) uint16 {
	for linux, those := range map[uint16][]error{
		enoent:  {windows.ERROR_FILE_NOT_FOUND, windows.ERROR_PATH_NOT_FOUND, syscall.ENOENT},
		eacces:  {windows.ERROR_ACCESS_DENIED, windows.ERROR_SHARING_VIOLATION, syscall.EACCES},
		eexist:  {windows.ERROR_FILE_EXISTS, windows.ERROR_ALREADY_EXISTS, syscall.EEXIST},
		20:      {windows.ERROR_DIRECTORY, syscall.ENOTDIR},
		21:      {syscall.EISDIR},
		18:      {windows.ERROR_NOT_SAME_DEVICE, syscall.EXDEV},
		28:      {windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL, syscall.ENOSPC},
		30:      {syscall.EROFS},
		36:      {windows.ERROR_FILENAME_EXCED_RANGE},
		38:      {syscall.ENOSYS},
		39:      {windows.ERROR_DIR_NOT_EMPTY, syscall.ENOTEMPTY},
		61:      {syscall.ENODATA},
		95:      {syscall.ENOTSUP},
		eperm:   {windows.ERROR_PRIVILEGE_NOT_HELD, syscall.EPERM},
		einval:  {windows.ERROR_INVALID_NAME, windows.ERROR_INVALID_PARAMETER, syscall.EINVAL},
		etimout: {syscall.ETIMEDOUT},
	} {
		for _, one := range those {
			if errors.Is(e, one) {
				return linux
			}
		}
	}
	return eio
}
