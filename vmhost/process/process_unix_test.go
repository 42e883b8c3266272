//go:build unix

package process_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/wherry-app/wherry/vmhost/process"
	"golang.org/x/sys/unix"
)

// TestLockChild is the program that TestPIDFileOwner runs: it locks a file as QEMU does and says so.
func TestLockChild(t *testing.T) {
	path := os.Getenv("PROCESS_TEST_LOCK")
	if path == "" {
		return
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	lock := unix.Flock_t{Type: unix.F_WRLCK}
	if err := unix.FcntlFlock(f.Fd(), unix.F_SETLK, &lock); err != nil {
		t.Fatal(err)
	}
	fmt.Println("locked")
	_, _ = os.Stdin.Read(make([]byte, 1))
	os.Exit(0)
}

func TestPIDFileOwner(t *testing.T) {
	path := t.TempDir() + "/pid"
	cmd := exec.Command(os.Args[0], "-test.run=^TestLockChild$")
	cmd.Env = append(os.Environ(), "PROCESS_TEST_LOCK="+path)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, _ := bufio.NewReader(out).ReadString('\n'); line != "locked\n" {
		t.Fatalf("child says %q", line)
	}
	if pid, err := process.PIDFileOwner(path); pid != cmd.Process.Pid || err != nil {
		t.Errorf("PIDFileOwner() = %d, %v, want %d", pid, err, cmd.Process.Pid)
	}
	_ = in.Close()
	_ = cmd.Wait()
	if pid, err := process.PIDFileOwner(path); pid != 0 || err != nil {
		t.Errorf("PIDFileOwner() after its end = %d, %v, want 0", pid, err)
	}
}

func TestDetachMakesASession(t *testing.T) {
	pid := startChild(t).Process.Pid
	sid, err := unix.Getsid(pid)
	if err != nil {
		t.Fatal(err)
	}
	if sid != pid {
		t.Errorf("session of the child is %d, want its own, %d", sid, pid)
	}
}
