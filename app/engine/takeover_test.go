package engine_test

import (
	"errors"
	"io/fs"
	"os"
	"testing"
	"time"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/engine"
	"github.com/wherry-app/wherry/vmhost"
)

func TestNewDaemonTakesOverTheMachine(t *testing.T) {
	w := newWorld(t)
	w.run()
	if err := w.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	before, err := w.engine.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// The first daemon is as good as dead: its machine is orphaned, and nothing of it is asked any more.
	w.orphan()
	w.build(engine.Deadlines{Boot: 5 * time.Second, Docker: 5 * time.Second, Containers: 2 * time.Second, PowerOff: 2 * time.Second, Adopt: 2 * time.Second})
	w.run()
	if err := w.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, err := w.engine.Snapshot(t.Context())
	if err != nil || after.VM.PID != before.VM.PID || after.State != app.StateRunning {
		t.Errorf("was %d, is %+v, %v", before.VM.PID, after.VM, err)
	}
	if err := w.engine.Stop(t.Context(), app.StopClean); err != nil || w.guest.shutdowns() != 1 {
		t.Errorf("%v after %d shutdowns", err, w.guest.shutdowns())
	}
}

// A daemon that is killed during the very first boot leaves a machine with a disk that is still marked as fresh: the disk
// is in use and must not be made anew.
func TestTakeOverLeavesTheFreshDiskOfTheMachineAlone(t *testing.T) {
	w := newWorld(t)
	w.run()
	if err := w.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(w.home.DataDisk())
	if err != nil {
		t.Fatal(err)
	}
	write(t, w.home.DataDisk()+".fresh", nil)
	w.orphan()
	w.build(engine.DefaultDeadlines())
	w.run()
	if err := w.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(w.home.DataDisk())
	if err != nil || !os.SameFile(before, after) {
		t.Errorf("the disk was replaced under the machine, %v", err)
	}
	if _, err := os.Stat(w.home.DataDisk() + ".fresh"); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the mark is still there")
	}
}

// A stop that comes before a left-over machine is taken over still ends it, and cleanly.
func TestStopOfALeftOverMachineEndsItCleanly(t *testing.T) {
	for mode, shutdowns := range map[app.StopMode]int{app.StopClean: 1, app.StopForce: 0} {
		t.Run(string(mode), func(t *testing.T) {
			w := newWorld(t)
			w.run()
			if err := w.engine.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.orphan()
			w.build(engine.DefaultDeadlines())
			w.run()
			if err := w.engine.Stop(t.Context(), mode); err != nil {
				t.Fatal(err)
			}
			if _, err := w.fake.Find(t.Context(), w.home.VM()); !errors.Is(err, vmhost.ErrNoMachine) {
				t.Errorf("the machine still runs: %v", err)
			}
			if got := w.guest.shutdowns(); got > 1 || (mode == app.StopClean && got != shutdowns) {
				t.Errorf("%d shutdowns", got)
			}
		})
	}
}
