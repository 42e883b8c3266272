package vmtest_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wherry-app/wherry/vmhost"
	"github.com/wherry-app/wherry/vmhost/vmtest"
)

func TestKnobsOfSuspend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake, spec := vmtest.NewFake(), newSpec(t)
		st := vmhost.State{File: filepath.Join(t.TempDir(), "state")}
		m, _ := start(t, fake, spec)
		fake.Set(vmtest.Knobs{SuspendDelay: time.Minute, SuspendErr: errKnob})
		suspender := m.(vmhost.Suspender)
		begin := time.Now()
		if err := suspender.Suspend(t.Context(), st); !errors.Is(err, errKnob) || time.Since(begin) != time.Minute {
			t.Errorf("Suspend() = %v after %v, want the knob's error after a minute", err, time.Since(begin))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := suspender.Suspend(ctx, st); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Suspend() = %v, want DeadlineExceeded", err)
		}
		fake.Set(vmtest.Knobs{})
		if err := suspender.Suspend(t.Context(), st); err != nil || m.Err() != nil {
			t.Fatalf("Suspend() = %v, Err() = %v", err, m.Err())
		}

		fake.Set(vmtest.Knobs{ResumeErr: errKnob})
		if _, err := resume(t, fake, spec, st).Start(t.Context()); !errors.Is(err, errKnob) {
			t.Errorf("Start() = %v, want the knob's error", err)
		}
		if _, err := os.Stat(st.File); err != nil {
			t.Errorf("state is gone after an error that says nothing of it: %v", err)
		}
		fake.Set(vmtest.Knobs{ResumeErr: vmhost.ErrStateMismatch})
		if _, err := resume(t, fake, spec, st).Start(t.Context()); !errors.Is(err, vmhost.ErrStateMismatch) {
			t.Errorf("Start() = %v, want ErrStateMismatch", err)
		}
		if _, err := os.Stat(st.File); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("state of no use is there: %v", err)
		}
	})
}

func resume(t *testing.T, fake *vmtest.Fake, s vmhost.Spec, st vmhost.State) vmhost.Machine {
	t.Helper()
	m, err := fake.Resume(t.Context(), s, st)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestPause(t *testing.T) {
	fake := vmtest.NewFake()
	m, _ := start(t, fake, newSpec(t))
	pauser := m.(vmhost.Pauser)
	pauses, cancel := pauser.Pauses()
	want := func(want error) {
		t.Helper()
		if p := <-pauses; !errors.Is(p.Err, want) {
			t.Errorf("pause = %+v, want %v", p, want)
		}
	}
	want(nil)
	fake.Pause(m, vmhost.Pause{Disk: "data", Err: errKnob})
	fake.Pause(m, vmhost.Pause{Disk: "data", Err: vmhost.ErrHostFull})
	want(vmhost.ErrHostFull) // the newest
	fake.Set(vmtest.Knobs{ContinueErr: errKnob})
	if err := pauser.Continue(t.Context()); !errors.Is(err, errKnob) {
		t.Errorf("Continue() = %v", err)
	}
	late, cancelLate := pauser.Pauses()
	defer cancelLate()
	if p := <-late; !errors.Is(p.Err, vmhost.ErrHostFull) {
		t.Errorf("late watcher sees %+v", p)
	}
	fake.Set(vmtest.Knobs{})
	if err := pauser.Continue(t.Context()); err != nil {
		t.Errorf("Continue() = %v", err)
	}
	want(nil)
	cancel()
	fake.Pause(m, vmhost.Pause{Err: errKnob})
	select {
	case p := <-pauses:
		t.Errorf("pause = %+v after cancel", p)
	default:
	}
	if err := m.Stop(t.Context(), vmhost.StopKill); err != nil {
		t.Fatal(err)
	}
	if err := pauser.Continue(t.Context()); !errors.Is(err, vmhost.ErrNotRunning) {
		t.Errorf("Continue() after the end = %v", err)
	}
}
