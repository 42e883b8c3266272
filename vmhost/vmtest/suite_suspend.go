package vmtest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/wherry-app/wherry/vmhost"
	"github.com/wherry-app/wherry/vmhost/vmtest/echo"
)

// suspendable is the Spec of a machine with a disk, and where its state goes.
func (s *suite) suspendable(t *testing.T) (vmhost.Spec, vmhost.State) {
	t.Helper()
	spec := s.Spec(t)
	home := filepath.Dir(spec.Dir)
	disk := filepath.Join(home, "disk, one")
	mustWrite(t, disk, make([]byte, 1<<20))
	spec.Disks = []vmhost.Disk{{ID: "one", Path: disk}}
	return spec, vmhost.State{File: filepath.Join(home, "state, one"), Binding: "image one"}
}

func (s *suite) suspend(t *testing.T, m vmhost.Machine, st vmhost.State) {
	t.Helper()
	if err := m.(vmhost.Suspender).Suspend(t.Context(), st); err != nil {
		t.Fatalf("suspend: %v", err)
	}
	wantDone(t, m, nil)
	info, err := os.Stat(st.File)
	if err != nil {
		t.Fatal(err)
	}
	if group := info.Mode().Perm() & 0o077; group != 0 && filepath.Separator == '/' {
		t.Errorf("state can be read by others: %v", info.Mode())
	}
}

// resume makes a machine of a state and starts it; it is killed at the end of the test.
func (s *suite) resume(t *testing.T, spec vmhost.Spec, st vmhost.State) (vmhost.Machine, error) {
	t.Helper()
	m, err := s.Driver.(vmhost.Resumer).Resume(t.Context(), spec, st)
	if err != nil {
		t.Fatalf("resume: %v", err)
	}
	s.stopLater(t, m)
	_, err = m.Start(t.Context())
	if err != nil && !errors.Is(m.Err(), err) {
		t.Errorf("Err() = %v, want %v", m.Err(), err)
	}
	return m, err
}

func testSuspend(t *testing.T, s *suite) {
	if _, ok := s.Driver.(vmhost.Resumer); !ok {
		return // it cannot do that
	}
	spec, st := s.suspendable(t)
	mustWrite(t, st.File, []byte("an old file"))
	m, _ := s.start(t, spec)
	s.openLink(t, m).want(t, echo.Greeting(1))
	for session := 2; session <= 3; session++ {
		s.suspend(t, m, st)
		s.wantNothingLeft(t, spec)
		if err := m.(vmhost.Suspender).Suspend(t.Context(), st); !errors.Is(err, vmhost.ErrNotRunning) {
			t.Errorf("second Suspend() = %v, want ErrNotRunning", err)
		}
		var err error
		if m, err = s.resume(t, spec, st); err != nil {
			t.Fatalf("start: %v", err)
		}
		wantNoFile(t, st.File)
		host := s.openLink(t, m)
		host.want(t, echo.Greeting(session)) // it was not born again, and noticed that its host had gone
		host.wantEcho(t, "still there")
		host.wantBulk(t, 1<<20)
	}
	if err := m.Stop(t.Context(), vmhost.StopKill); err != nil {
		t.Fatal(err)
	}
	if _, err := s.resume(t, spec, st); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Start() without a state = %v, want ErrNotExist", err)
	}
	s.wantNothingLeft(t, spec)
}

// testUselessState tries each way in which a state may not belong to a machine, and then that it was fine before.
func testUselessState(t *testing.T, s *suite) {
	if _, ok := s.Driver.(vmhost.Resumer); !ok {
		return // it cannot do that
	}
	spec, st := s.suspendable(t)
	m, _ := s.start(t, spec)
	s.suspend(t, m, st)
	good, err := os.ReadFile(st.File)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, spec vmhost.Spec, st vmhost.State, want error) {
		t.Helper()
		if _, err := s.resume(t, spec, st); !errors.Is(err, want) {
			t.Errorf("%s: Start() = %v, want %v", what, err, want)
		}
		wantNoFile(t, st.File)
		s.wantNothingLeft(t, spec)
		mustWrite(t, st.File, good)
	}
	refused("other binding", spec, vmhost.State{File: st.File, Binding: "image two"}, vmhost.ErrStateMismatch)
	other := spec
	other.CPUs++
	refused("other spec", other, st, vmhost.ErrStateMismatch)
	for _, size := range []int{0, 5, len(good) / 2, len(good) - 1} {
		mustWrite(t, st.File, good[:size])
		refused(fmt.Sprintf("cut to %d bytes", size), spec, st, vmhost.ErrStateDamaged)
	}
	for _, at := range []int{0, len(good) / 2, len(good) - 1} {
		mustWrite(t, st.File, good)
		flip(t, st.File, at)
		refused(fmt.Sprintf("changed at %d", at), spec, st, vmhost.ErrStateDamaged)
	}
	disk := spec.Disks[0].Path
	before, err := os.Stat(disk)
	if err != nil {
		t.Fatal(err)
	}
	flip(t, disk, 1000)
	setModified(t, disk, before.ModTime().Add(time.Second)) // at the latest
	refused("disk was written", spec, st, vmhost.ErrStateMismatch)
	setModified(t, disk, before.ModTime())

	m, err = s.resume(t, spec, st)
	if err != nil {
		t.Fatalf("none of that has touched the state: %v", err)
	}
	if err := m.Stop(t.Context(), vmhost.StopKill); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, st.File, good)
	setModified(t, disk, before.ModTime())
	refused("used twice", spec, st, vmhost.ErrStateMismatch)
}

// testFailedSuspend checks that a machine goes on that could not be suspended.
func testFailedSuspend(t *testing.T, s *suite) {
	if _, ok := s.Driver.(vmhost.Resumer); !ok {
		return // it cannot do that
	}
	spec, st := s.suspendable(t)
	m := s.create(t, spec)
	if err := m.(vmhost.Suspender).Suspend(t.Context(), st); !errors.Is(err, vmhost.ErrNotRunning) {
		t.Errorf("Suspend() before Start = %v, want ErrNotRunning", err)
	}
	if _, err := m.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.started(t, m)
	session := 0
	fails := func(ctx context.Context, st vmhost.State, want error) {
		t.Helper()
		if err := m.(vmhost.Suspender).Suspend(ctx, st); !errors.Is(err, want) {
			t.Fatalf("Suspend() = %v, want %v", err, want)
		}
		entries, err := filepath.Glob(filepath.Join(filepath.Dir(spec.Dir), "state*"))
		if err != nil || len(entries) > 0 {
			t.Errorf("files are left: %q, %v", entries, err)
		}
		session++
		host := s.openLink(t, m)
		host.want(t, echo.Greeting(session))
		host.wantEcho(t, "goes on")
		host.close(t) // since it depends on the error whether Suspend closes it
	}
	nowhere := st
	nowhere.File = filepath.Join(filepath.Dir(spec.Dir), "none", "state")
	fails(t.Context(), nowhere, fs.ErrNotExist)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	fails(cancelled, st, context.Canceled)
	s.suspend(t, m, st)
	if _, err := s.resume(t, spec, st); err != nil {
		t.Errorf("start: %v", err)
	}
}

// testStoppedSuspend checks that either the state is kept or the machine is stopped.
func testStoppedSuspend(t *testing.T, s *suite) {
	if _, ok := s.Driver.(vmhost.Resumer); !ok {
		return // it cannot do that
	}
	spec, st := s.suspendable(t)
	for _, after := range []time.Duration{0, 3 * time.Millisecond, 30 * time.Millisecond, 100 * time.Millisecond} {
		m, _ := s.start(t, spec)
		suspended := make(chan error, 1)
		go func() { suspended <- m.(vmhost.Suspender).Suspend(t.Context(), st) }()
		time.Sleep(after) // so that Stop comes at different moments
		if err := m.Stop(t.Context(), vmhost.StopKill); err != nil {
			t.Errorf("Stop() while it suspends = %v", err)
		}
		err := <-suspended
		if err != nil && !errors.Is(err, vmhost.ErrNotRunning) {
			t.Errorf("Suspend() stopped after %v = %v, want ErrNotRunning", after, err)
		}
		wantDone(t, m, nil)
		s.wantNothingLeft(t, spec)
		if err != nil {
			wantNoFile(t, st.File)
		} else if err := os.Remove(st.File); err != nil {
			t.Errorf("suspended machine: %v", err)
		}
	}
	s.start(t, spec)
}

func mustWrite(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// flip changes one byte of a file.
func flip(t *testing.T, path string, at int) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b [1]byte
	if _, err := f.ReadAt(b[:], int64(at)); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 1
	if _, err := f.WriteAt(b[:], int64(at)); err != nil {
		t.Fatal(err)
	}
}

func setModified(t *testing.T, path string, when time.Time) {
	t.Helper()
	if err := os.Chtimes(path, when, when); err != nil {
		t.Fatal(err)
	}
}

func wantNoFile(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("file %q: %v, want none", path, err)
	}
}
