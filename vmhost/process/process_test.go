package process_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"testing"

	"github.com/wherry-app/wherry/vmhost/process"
)

// startChild runs this test binary again as a program that only waits, and reaps it when the test ends.
func startChild(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestChild$")
	cmd.Env = append(os.Environ(), "PROCESS_TEST_CHILD=wait")
	process.Detach(cmd)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	return cmd
}

// TestChild is no test but the program that startChild runs: it ends with its input.
func TestChild(t *testing.T) {
	if os.Getenv("PROCESS_TEST_CHILD") == "" {
		return
	}
	_, _ = os.Stdin.Read(make([]byte, 1))
	os.Exit(0)
}

func open(t *testing.T, pid int) *process.Process {
	t.Helper()
	p, err := process.Open(pid)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func TestKillEndsWait(t *testing.T) {
	child := startChild(t)
	p := open(t, child.Process.Pid)
	if p.PID() != child.Process.Pid {
		t.Errorf("PID() = %d, want %d", p.PID(), child.Process.Pid)
	}
	waited := make(chan error, 2)
	for range 2 {
		go func() { waited <- p.Wait(t.Context()) }()
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := <-waited; err != nil {
			t.Errorf("Wait() = %v", err)
		}
	}
	_ = child.Wait()
	if err := p.Kill(); err != nil {
		t.Errorf("Kill() of an ended process = %v", err)
	}
	if err := p.Wait(t.Context()); err != nil {
		t.Errorf("Wait() for an ended process = %v", err)
	}
	if _, err := process.Open(child.Process.Pid); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("Open() of an ended process = %v, want ErrProcessDone", err)
	}
}

func TestWaitEndsWithContext(t *testing.T) {
	p := open(t, startChild(t).Process.Pid)
	ctx, cancel := context.WithCancel(t.Context())
	waited := make(chan error, 1)
	go func() { waited <- p.Wait(ctx) }()
	other := make(chan error, 1)
	go func() { other <- p.Wait(t.Context()) }()
	cancel()
	if err := <-waited; !errors.Is(err, context.Canceled) {
		t.Errorf("Wait() = %v, want context.Canceled", err)
	}
	// A cancelled wait ends no other one, neither before nor after it.
	go func() { waited <- p.Wait(t.Context()) }()
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := <-waited; err != nil {
		t.Errorf("later Wait() = %v", err)
	}
	if err := <-other; err != nil {
		t.Errorf("other Wait() = %v", err)
	}
}

func TestPIDFileOwnerOfNobody(t *testing.T) {
	dir := t.TempDir()
	if pid, err := process.PIDFileOwner(dir + "/none"); pid != 0 || err != nil {
		t.Errorf("missing file: %d, %v", pid, err)
	}
	stale := dir + "/stale"
	// A number nobody has: above every system's limit.
	if err := os.WriteFile(stale, []byte("2147483646\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if pid, err := process.PIDFileOwner(stale); pid != 0 || err != nil {
		t.Errorf("stale file: %d, %v", pid, err)
	}
}
