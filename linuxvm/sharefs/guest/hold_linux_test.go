package guest_test

import (
	"os"
	"os/exec"
	"testing"
)

// TestProgram runs WHERRY_PROGRAM, a shell command, in the mounted folder, for trying things out by hand.
func TestProgram(t *testing.T) {
	program := os.Getenv("WHERRY_PROGRAM")
	if program == "" {
		t.Skip("WHERRY_PROGRAM says no program to run in a shared folder")
	}
	l := startLoop(t)
	cmd := exec.CommandContext(t.Context(), "sh", "-c", program)
	cmd.Dir, cmd.Stdout, cmd.Stderr = l.mounted, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), "HOST="+l.host)
	if err := cmd.Run(); err != nil {
		t.Error(err)
	}
}
