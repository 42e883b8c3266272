//go:build unix

package qemu

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/wherry-app/wherry/vmhost"
	"github.com/wherry-app/wherry/vmhost/process"
	"golang.org/x/sys/unix"
)

func TestKillFrozenQEMU(t *testing.T) {
	m := newTestMachine(t, testDriver(t), testSpec(t))
	if err := unix.Kill(mustStart(t, m).PID, unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	if err := m.Stop(t.Context(), vmhost.StopKill); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begin); took > quitTimeout+time.Second {
		t.Errorf("Stop() of a frozen QEMU took %v", took)
	}
	if m.Err() != nil {
		t.Errorf("Err() = %v", m.Err())
	}
}

// TestStarterIsKilled kills the process that starts a machine at more and more moments, until it is done before that.
// Whatever it leaves is found and can be discarded, and then another machine starts in the same folder.
func TestStarterIsKilled(t *testing.T) {
	d, s := testDriver(t), testSpec(t)
	mustStart(t, newTestMachine(t, d, testSpec(t))) // so that it is known which accelerator works
	found := 0
	for after := 2 * time.Millisecond; after < 5*time.Second; after += 2*time.Millisecond + after/10 {
		done := killStarter(t, s, after)
		info, err := d.Find(t.Context(), s.Dir)
		if err == nil {
			found++
		} else if !errors.Is(err, vmhost.ErrNoMachine) {
			t.Fatalf("killed after %v: Find() = %v", after, err)
		}
		if err := d.Discard(t.Context(), s.Dir); err != nil {
			t.Fatalf("killed after %v: Discard() = %v", after, err)
		}
		if info.PID != 0 && !ended(t, info.PID) {
			t.Fatalf("killed after %v: QEMU %d is left", after, info.PID)
		}
		wantOnly(t, s.Dir, "lock", "qemu.log")
		if done {
			break
		}
	}
	if found == 0 {
		t.Error("no starter left a QEMU")
	}
	t.Logf("%d starters left a QEMU", found)
	mustStart(t, newTestMachine(t, d, s))
	wantNoOtherQEMU(t, s.Dir)
}

// killStarter kills a process some time after it began to start a machine, and says whether that had started.
func killStarter(t *testing.T, s vmhost.Spec, after time.Duration) (done bool) {
	t.Helper()
	cmd := orphanCommand(t, s)
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	var printed bytes.Buffer
	cmd.Stdout = &printed
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(said).ReadString('\n'); line != "starting\n" {
		t.Errorf("starter says %q, %v", line, err)
	}
	time.Sleep(after) // the moment under test
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	return printed.Len() > 0
}

// ended says whether a process has ended, reaped or not.
func ended(t *testing.T, pid int) bool {
	t.Helper()
	p, err := process.Open(pid)
	if err != nil {
		return errors.Is(err, os.ErrProcessDone)
	}
	defer p.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	return p.Wait(ctx) == nil
}

// wantNoOtherQEMU checks that exactly one process works in a machine's folder.
func wantNoOtherQEMU(t *testing.T, dir string) {
	t.Helper()
	cwds, err := os.ReadDir("/proc")
	if err != nil {
		return // no Linux
	}
	var pids []string
	for _, entry := range cwds {
		if cwd, err := os.Readlink(fmt.Sprintf("/proc/%s/cwd", entry.Name())); err == nil && cwd == dir {
			pids = append(pids, entry.Name())
		}
	}
	if len(pids) != 1 {
		t.Errorf("processes %v work in the machine's folder, want one", pids)
	}
}
