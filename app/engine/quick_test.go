package engine_test

import (
	"errors"
	"io/fs"
	"os"
	"testing"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/localsock"
)

// quickWorld is stopped after a run, with a guest that can be quiesced.
func quickWorld(t *testing.T, mode app.StopMode, changes map[string]string) *world {
	t.Helper()
	w := newWorld(t)
	w.guest.quiet = true
	w.run()
	if err := w.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(changes) > 0 {
		if _, err := w.engine.Set(t.Context(), changes); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.engine.Stop(t.Context(), mode); err != nil {
		t.Fatal(err)
	}
	if s, err := w.engine.Snapshot(t.Context()); err != nil || s.State != app.StateStopped || s.VM.PID != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := localsock.Dial(t.Context(), w.home.DockerSocket()); err == nil {
		t.Error("a stopped engine listens")
	}
	return w
}

func kept(t *testing.T, w *world) bool {
	t.Helper()
	_, err := os.Stat(w.home.QuickState())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return err == nil
}

func startAgain(t *testing.T, w *world) {
	t.Helper()
	if err := w.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s, err := w.engine.Snapshot(t.Context()); err != nil || len(s.Warnings) > 0 || kept(t, w) {
		t.Errorf("%+v, %v, kept %v", s.Warnings, err, kept(t, w))
	}
	if got := getPing(t, w); got != "1.45" {
		t.Errorf("docker says %q", got)
	}
}

func TestStopSavesAndStartRousesTheContainers(t *testing.T) {
	w := quickWorld(t, app.StopClean, nil)
	if !kept(t, w) || w.guest.lain != 1 || w.guest.shutdowns() != 0 {
		t.Errorf("kept %v, lain down %d times, shut down %d times", kept(t, w), w.guest.lain, w.guest.shutdowns())
	}
	startAgain(t, w)
	if w.guest.roused != 1 {
		t.Errorf("containers were roused %d times", w.guest.roused)
	}
}

func TestStopPowersOffWhereTheNextStartHasToBoot(t *testing.T) {
	for name, c := range map[string]struct {
		mode    app.StopMode
		changes map[string]string
	}{
		"asked for":        {app.StopPowerOff, nil},
		"setting":          {app.StopClean, map[string]string{"fast_start": "off"}},
		"settings changed": {app.StopClean, map[string]string{"cpus": "3"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := quickWorld(t, c.mode, c.changes)
			if kept(t, w) || w.guest.lain != 0 || w.guest.shutdowns() != 1 {
				t.Errorf("kept %v, lain down %d times, shut down %d times", kept(t, w), w.guest.lain, w.guest.shutdowns())
			}
			startAgain(t, w)
		})
	}
}

func TestFastStartThatDoesNotMatchBoots(t *testing.T) {
	w := quickWorld(t, app.StopClean, nil)
	if _, err := w.engine.Set(t.Context(), map[string]string{"memory": "1GiB"}); err != nil {
		t.Fatal(err)
	}
	startAgain(t, w)
	if w.guest.roused != 0 {
		t.Error("the containers of a guest that booted were roused")
	}
	w.end()

	w = quickWorld(t, app.StopClean, nil)
	if err := os.Truncate(w.home.QuickState(), 3); err != nil {
		t.Fatal(err)
	}
	startAgain(t, w)
}
