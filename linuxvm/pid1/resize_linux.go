package pid1

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ext4IocResizeFS is EXT4_IOC_RESIZE_FS: _IOW('f', 16, __u64).
const ext4IocResizeFS = 1<<30 | 8<<16 | 'f'<<8 | 16

// resizeExt4 lets the mounted file system that root is in grow to a number of blocks.
func resizeExt4(root *os.File, blocks uint64) error {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, root.Fd(), ext4IocResizeFS, uintptr(unsafe.Pointer(&blocks)))
	if errno != 0 {
		return errno
	}
	return nil
}
