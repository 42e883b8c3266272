package engine_test

import (
	"os"
	"strings"
	"testing"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/engine"
)

func TestSuspendSavesAndStartGoesOn(t *testing.T) {
	w := newWorld(t)
	w.run()
	if err := w.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.engine.Stop(t.Context(), app.StopSuspend); err != nil {
		t.Fatal(err)
	}
	if s, err := w.engine.Snapshot(t.Context()); err != nil || s.State != app.StateSuspended || s.VM.PID != 0 || !engine.Suspended(w.home) {
		t.Errorf("%+v, %v", s, err)
	}
	if err := w.engine.Stop(t.Context(), app.StopClean); err != nil || !engine.Suspended(w.home) {
		t.Errorf("a stop of a suspended engine: %v", err)
	}
	if err := w.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := getPing(t, w); got != "1.45" {
		t.Errorf("docker says %q", got)
	}
	if s, err := w.engine.Snapshot(t.Context()); err != nil || len(s.Warnings) > 0 || engine.Suspended(w.home) {
		t.Errorf("%+v, %v", s.Warnings, err)
	}
	if w.guest.shutdowns() != 0 {
		t.Error("the guest was shut down")
	}
}

func TestForceGivesUpWhatWasSaved(t *testing.T) {
	w := newWorld(t)
	w.run()
	if err := w.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.engine.Stop(t.Context(), app.StopSuspend); err != nil {
		t.Fatal(err)
	}
	if err := w.engine.Stop(t.Context(), app.StopForce); err != nil || engine.Suspended(w.home) {
		t.Errorf("%v, saved %v", err, engine.Suspended(w.home))
	}
	w.until("stopped", is(app.StateStopped))
}

func TestSavedMachineThatCannotBeUsedIsBooted(t *testing.T) {
	w := newWorld(t)
	w.run()
	if err := w.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.engine.Stop(t.Context(), app.StopSuspend); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(w.home.SavedState(), 3); err != nil {
		t.Fatal(err)
	}
	if err := w.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, err := w.engine.Snapshot(t.Context())
	if err != nil || s.State != app.StateRunning || len(s.Warnings) != 1 || !strings.Contains(s.Warnings[0].Message, "booted") {
		t.Errorf("%s, %+v, %v", s.State, s.Warnings, err)
	}
}
