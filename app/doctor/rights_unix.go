//go:build unix

package doctor

import (
	"io/fs"
	"os"
	"syscall"
)

// rights are a file's.
func rights(st fs.FileInfo) fs.FileMode { return st.Mode() }

// foreign says whether a file belongs to another user.
func foreign(st fs.FileInfo) bool {
	sys, ok := st.Sys().(*syscall.Stat_t)
	return ok && int(sys.Uid) != os.Geteuid()
}
