package engine_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/vmhost"
)

// TestNewDaemonTakesOverWhatIsDifferentNow: the machine goes on as it is, and the user is told.
func TestNewDaemonTakesOverWhatIsDifferentNow(t *testing.T) {
	w := newWorld(t)
	w.run()
	if err := w.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	before, err := w.engine.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.orphan()
	w.image = imageIn(t, t.TempDir(), "another")
	w.build(quick())
	w.run()
	if err := w.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	after := w.until("the warning", func(s app.Snapshot) bool { return code(s, app.WarnRestart) != nil })
	if after.VM.PID != before.VM.PID || !strings.Contains(code(after, app.WarnRestart).Message, "guest image") {
		t.Errorf("was %d, is %+v with %+v", before.VM.PID, after.VM, after.Warnings)
	}
}

// TestMachineOfANewerVersionIsLeftAlone: a start is refused, and what runs goes on.
func TestMachineOfANewerVersionIsLeftAlone(t *testing.T) {
	w := newWorld(t)
	w.run()
	if err := w.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.orphan()
	w.mu.Lock()
	w.newer = true
	w.mu.Unlock()
	w.build(quick())
	w.run()
	err := w.engine.Start(t.Context())
	if info := app.InfoOf(err); info == nil || !strings.Contains(info.Message, "newer version") || info.Hint == "" {
		t.Errorf("%+v", info)
	}
	if _, err := w.fake.Find(t.Context(), w.home.VM()); err != nil {
		t.Errorf("the machine is gone: %v", err)
	}
}

// TestPausedMachine: the user is told, and it goes on when there is room.
func TestPausedMachine(t *testing.T) {
	w := newWorld(t)
	w.run()
	if err := w.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	m := w.machine
	w.mu.Unlock()
	w.fake.Pause(m, vmhost.Pause{Disk: "wherry-data", Err: errors.Join(vmhost.ErrHostFull)})
	s := w.until("the pause", func(s app.Snapshot) bool { return s.Paused != nil })
	if !strings.Contains(s.Paused.Message, "full") || !strings.Contains(s.Paused.Hint, w.home.Root()) {
		t.Errorf("%+v", s.Paused)
	}
	w.until("its end", func(s app.Snapshot) bool { return s.Paused == nil && s.State == app.StateRunning })
}

func code(s app.Snapshot, code string) *app.ErrorInfo {
	for _, w := range s.Warnings {
		if w.Code == code {
			return &w
		}
	}
	return nil
}
