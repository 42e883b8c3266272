package process

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/windows"
)

// Detach makes cmd start a program that outlives this one: in a process group of its own, without a console window, out
// of reach of Ctrl-C. Where its input and output go is up to the caller; a pipe would tie it to us.
func Detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{
		CreationFlags: windows.CREATE_NEW_PROCESS_GROUP | windows.CREATE_NO_WINDOW,
	}
}
