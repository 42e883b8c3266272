package qemu

import (
	"bufio"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wherry-app/wherry/vmhost"
	"github.com/wherry-app/wherry/vmhost/statefile"
	"github.com/wherry-app/wherry/vmhost/vmtest/echo"
)

// suspendable is a machine with a disk, and where its state goes.
func suspendable(t *testing.T) (vmhost.Spec, vmhost.State) {
	t.Helper()
	s := testSpec(t)
	home := filepath.Dir(s.Dir)
	s.Disks = []vmhost.Disk{{ID: "data", Path: filepath.Join(home, "disk, 1")}}
	if err := os.WriteFile(s.Disks[0].Path, make([]byte, mebibyte), 0o600); err != nil {
		t.Fatal(err)
	}
	return s, vmhost.State{File: filepath.Join(home, "state, 1")}
}

// wantSession opens the link and reads the guest's greeting.
func wantSession(t *testing.T, m vmhost.Machine, session int) net.Conn {
	t.Helper()
	conn, err := m.Open(t.Context(), vmhost.ChannelLink)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if line, err := bufio.NewReader(conn).ReadString('\n'); line != echo.Greeting(session)+"\n" {
		t.Fatalf("guest says %q, %v, want %q", line, err, echo.Greeting(session))
	}
	return conn
}

func mustResume(t *testing.T, s vmhost.Spec, st vmhost.State) vmhost.Machine {
	t.Helper()
	m, err := testDriver(t).Resume(t.Context(), s, st)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Stop(context.Background(), vmhost.StopKill) })
	mustStart(t, m)
	return m
}

// TestCancelledSuspend cancels at later and later moments, until it comes too late.
func TestCancelledSuspend(t *testing.T) {
	s, st := suspendable(t)
	m := newTestMachine(t, testDriver(t), s)
	mustStart(t, m)
	_ = wantSession(t, m, 1).Close()
	cancelled := 0
	for after := time.Millisecond; ; after += after / 2 {
		ctx, cancel := context.WithTimeout(t.Context(), after)
		err := m.(vmhost.Suspender).Suspend(ctx, st)
		cancel()
		if err == nil {
			break
		}
		cancelled++
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("Suspend() cancelled after %v = %v", after, err)
		}
		if status, err := m.(*Machine).run.status(t.Context()); err != nil || status != "running" {
			t.Fatalf("cancelled after %v: machine is %q, %v", after, status, err)
		}
		if left, err := filepath.Glob(st.File + "*"); err != nil || len(left) > 0 {
			t.Fatalf("cancelled after %v: %q are left", after, left)
		}
	}
	if cancelled < 3 {
		t.Errorf("only %d were cancelled", cancelled)
	}
	wantSession(t, mustResume(t, s, st), 2)
}

// TestOwnerDiesWhileItSuspends takes over a machine that was stopped for that, after which the state is not used.
func TestOwnerDiesWhileItSuspends(t *testing.T) {
	s, st := suspendable(t)
	m := newTestMachine(t, testDriver(t), s)
	mustStart(t, m)
	_ = wantSession(t, m, 1).Close()
	run := m.(*Machine).run
	if _, err := run.save(t.Context(), st); err != nil {
		t.Fatal(err)
	}
	m = adoptAgain(t, m, s)
	wantSession(t, m, 2)
	if err := m.Stop(t.Context(), vmhost.StopKill); err != nil {
		t.Fatal(err)
	}
	if m, err := testDriver(t).Resume(t.Context(), s, st); err != nil {
		t.Fatal(err)
	} else if _, err := m.Start(t.Context()); !errors.Is(err, vmhost.ErrStateMismatch) {
		t.Errorf("Start() = %v, want ErrStateMismatch", err)
	}
}

// TestStateThatQEMURefuses has the right header, but nothing that QEMU could load.
func TestStateThatQEMURefuses(t *testing.T) {
	s, st := suspendable(t)
	m := newTestMachine(t, testDriver(t), s)
	mustStart(t, m)
	if err := m.(vmhost.Suspender).Suspend(t.Context(), st); err != nil {
		t.Fatal(err)
	}
	var header stateHeader
	r, err := statefile.Open(st.File, &header)
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Close()
	w, err := statefile.Create(st.File, header)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.ReadFrom(strings.NewReader("no state of QEMU")); err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	resumed, err := testDriver(t).Resume(t.Context(), s, st)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := resumed.Start(t.Context()); !errors.Is(err, vmhost.ErrStateMismatch) {
		t.Errorf("Start() = %v, want ErrStateMismatch", err)
	}
	if _, err := os.Stat(st.File); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("useless state is there: %v", err)
	}
	wantOnly(t, s.Dir, "lock", "qemu.log", "ticket")
	mustStart(t, newTestMachine(t, testDriver(t), s))
}

// TestResumeWithALockedDisk finds out when QEMU takes the disks' locks.
func TestResumeWithALockedDisk(t *testing.T) {
	s, st := suspendable(t)
	m := newTestMachine(t, testDriver(t), s)
	mustStart(t, m)
	if err := m.(vmhost.Suspender).Suspend(t.Context(), st); err != nil {
		t.Fatal(err)
	}
	other := testSpec(t)
	other.Disks = s.Disks
	mustStart(t, newTestMachine(t, testDriver(t), other))
	resumed, err := testDriver(t).Resume(t.Context(), s, st)
	if err != nil {
		t.Fatal(err)
	}
	_, err = resumed.Start(t.Context())
	if !errors.Is(err, vmhost.ErrDiskLocked) {
		t.Fatalf("Start() = %v, want ErrDiskLocked", err)
	}
	wantHint(t, err)
}

// adoptAgain takes a machine away from its owner in this process, as if that had died, and adopts it.
func adoptAgain(t *testing.T, m vmhost.Machine, s vmhost.Spec) vmhost.Machine {
	t.Helper()
	run := m.(*Machine).run
	run.monitor.close()
	_ = run.lock.Close()
	m, err := testDriver(t).Adopt(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Stop(context.Background(), vmhost.StopKill) })
	return m
}
