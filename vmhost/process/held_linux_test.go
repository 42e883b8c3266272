package process_test

import (
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wherry-app/wherry/vmhost/process"
)

func TestHeld(t *testing.T) {
	cmd := exec.Command("cat")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Process.Kill(); _ = cmd.Wait() })
	p, err := process.Open(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if p.Held() {
		t.Error("a running process is held")
	}
	if err := unix.Kill(cmd.Process.Pid, unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	until := func(want bool) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); p.Held() != want; {
			if time.Now().After(deadline) {
				t.Fatalf("held is never %v", want)
			}
		}
	}
	until(true)
	if err := p.Unhold(); err != nil {
		t.Fatal(err)
	}
	until(false)
}
