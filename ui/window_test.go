package ui

import (
	"context"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/wherry-app/wherry/ui/fake"
	"github.com/wherry-app/wherry/ui/look"
	"github.com/wherry-app/wherry/ui/model"
)

func testWindow(t *testing.T, mode look.Mode, width, height float32) *Window {
	t.Helper()
	prefs := LoadPrefs(filepath.Join(t.TempDir(), "window.json"))
	prefs.v = prefs0(mode)
	svc := fake.NewService()
	w := New(Config{App: test.NewTempApp(t), Service: svc, Launch: func(context.Context) error { return nil }, Host: svc.Host, Prefs: prefs}, func(f func()) { f() })
	w.win.Resize(fyne.NewSize(width, height))
	t.Cleanup(func() { w.win.Close() })
	return w
}

func prefs0(mode look.Mode) prefs { return prefs{Theme: mode} }

func snap(t *testing.T, w *Window, name string) {
	t.Helper()
	w.relayout()
	dir := os.Getenv("SHOTS")
	f, err := os.Create(filepath.Join(dir, name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, w.win.Canvas().Capture()); err != nil {
		t.Fatal(err)
	}
}

func TestShots(t *testing.T) {
	for _, mode := range []look.Mode{look.Light, look.Dark} {
		w := testWindow(t, mode, 1180, 760)
		for i := range 120 {
			st := fake.Scene("running")
			st.Now = st.Now.Add(time.Duration(i-120) * 2 * time.Second)
			st.Engine.VM.MemoryUsedBytes += int64(i%17) << 24
			st.Docker.Stats = fake.StatsOf(st.Docker.Containers, i)
			w.history.Add(st)
		}
		for _, scene := range []string{"stopped", "starting", "failed", "empty", "running"} {
			w.show(fake.Scene(scene))
			snap(t, w, "home-"+scene+"-"+string(mode))
		}
		for _, p := range []model.Page{model.PageContainers, model.PageImages, model.PageVolumes, model.PageNetworks, model.PageSettings, model.PageHelp} {
			w.navigate(p, "")
			snap(t, w, string(p)+"-"+string(mode))
		}
		w.runDialog("nginx:alpine")
		snap(t, w, "run-"+string(mode))
		w.win.Canvas().Overlays().Remove(w.win.Canvas().Overlays().Top())
		w.search.open()
		snap(t, w, "palette-"+string(mode))
		w.search.pop.Hide()
		w.navigate(model.PageContainers, "")
		w.show(fake.Scene("odd"))
		snap(t, w, "odd-"+string(mode))
	}
}
