package engine_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/app/engine"
	"github.com/wherry-app/wherry/linuxvm/image"
)

// quick are deadlines for guests that do not boot.
func quick() engine.Deadlines {
	return engine.Deadlines{Boot: time.Second, Docker: 5 * time.Second, Containers: 2 * time.Second, PowerOff: 2 * time.Second, Adopt: 2 * time.Second}
}

// cycle starts and stops an engine anew, as after an upgrade, and returns how it was.
func (w *world) cycle(img *image.Image) app.Snapshot {
	w.t.Helper()
	w.image = img
	w.build(quick())
	w.run()
	if err := w.engine.Start(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	snap, err := w.engine.Snapshot(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	w.end()
	return snap
}

func imageWarning(s app.Snapshot) bool {
	for _, w := range s.Warnings {
		if w.Code == app.WarnImage && w.Hint != "" {
			return true
		}
	}
	return false
}

// TestNewImageThatDoesNotBoot: the one that booted before is taken instead, at once from the third time on, until a newer
// one comes that boots, which then is the only one that is kept.
func TestNewImageThatDoesNotBoot(t *testing.T) {
	w := newWorld(t)
	first := w.cycle(w.image)
	if imageWarning(first) {
		t.Errorf("%+v", first.Warnings)
	}
	good := w.image
	if err := os.RemoveAll(filepath.Dir(good.Path(image.Kernel))); err != nil { // as an upgrade does
		t.Fatal(err)
	}
	dead := filepath.Join(t.TempDir(), deadImage)
	if err := os.Mkdir(dead, 0o700); err != nil {
		t.Fatal(err)
	}
	bad := imageIn(t, dead, "bad")
	for i := range 3 {
		s := w.cycle(bad)
		if !imageWarning(s) || s.State != app.StateRunning {
			t.Errorf("start %d: %+v", i, s)
		}
		tries := 0
		for _, stage := range s.Stages {
			if stage.Name == "vm" {
				tries++
			}
		}
		if want := []int{2, 2, 1}[i]; tries != want {
			t.Errorf("start %d: the VM was started %d times, want %d", i, tries, want)
		}
	}
	if s := w.cycle(imageIn(t, t.TempDir(), "mended")); imageWarning(s) {
		t.Errorf("%+v", s.Warnings)
	}
	if kept, err := os.ReadDir(w.home.Images()); err != nil || len(kept) != 1 {
		t.Errorf("kept %v, %v", kept, err)
	}
}

// TestDamagedImageIsReplacedByTheOneBefore: a new image that does not verify is not booted at all.
func TestDamagedImageIsReplacedByTheOneBefore(t *testing.T) {
	w := newWorld(t)
	w.cycle(w.image)
	damaged := imageIn(t, t.TempDir(), "newer")
	write(t, damaged.Path(image.Root), []byte("ROOT.EROFS"))
	if s := w.cycle(damaged); !imageWarning(s) || s.State != app.StateRunning {
		t.Errorf("%+v", s)
	}
}
