//go:build unix

package process

import (
	"os/exec"
	"syscall"
)

// Detach makes cmd start a program that outlives this one: in a session of its own, without a terminal, out of reach of
// the signals that a terminal sends. Where its input and output go is up to the caller; a pipe would tie it to us.
func Detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
}
