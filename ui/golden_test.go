package ui

import (
	"flag"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/ui/fake"
	"github.com/wherry-app/wherry/ui/kit"
	"github.com/wherry-app/wherry/ui/look"
	"github.com/wherry-app/wherry/ui/model"
)

var update = flag.Bool("update", false, "write the golden pictures anew")

// picture compares what the window shows with testdata/NAME.png. A few pixels may differ: rounding is not the same on
// every processor.
func (r *rig) picture(t *testing.T, name string) {
	t.Helper()
	r.loop.drain()
	r.relayout()
	got := r.win.Canvas().Capture()
	path := filepath.Join("testdata", name+".png")
	if *update {
		save(t, path, got)
		return
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	if n := differing(got, want); n > 0.002 {
		bad := filepath.Join("testdata", "failed", name+".png")
		save(t, bad, got)
		t.Errorf("%s: %.2f%% of the pixels differ; see %s, and -update if it is meant", name, n*100, bad)
	}
}

func save(t *testing.T, path string, img image.Image) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(f, img); err != nil {
		t.Fatal(err)
	}
}

// differing is the share of pixels that are visibly different.
func differing(a, b image.Image) float64 {
	if a.Bounds().Size() != b.Bounds().Size() {
		return 1
	}
	n := 0
	size := a.Bounds().Size()
	for y := range size.Y {
		for x := range size.X {
			r1, g1, b1, _ := a.At(x, y).RGBA()
			r2, g2, b2, _ := b.At(x, y).RGBA()
			if far(r1, r2) || far(g1, g2) || far(b1, b2) {
				n++
			}
		}
	}
	return float64(n) / float64(size.X*size.Y)
}

func far(a, b uint32) bool { return max(a, b)-min(a, b) > 0x1800 }

// past fills the charts.
func (r *rig) past() {
	for i := range 100 {
		s := fake.Scene("running")
		s.Now = s.Now.Add(time.Duration(i-100) * 3 * time.Second)
		s.Engine.VM.MemoryUsedBytes += int64(i%17) << 24
		s.Docker.Stats = fake.StatsOf(s.Docker.Containers, i)
		r.history.Add(s)
	}
}

func TestPictures(t *testing.T) {
	for _, mode := range []look.Mode{look.Light, look.Dark} {
		t.Run(string(mode), func(t *testing.T) {
			r := newRig(t, mode, 1180, 760)
			r.past()
			name := func(s string) string { return strings.ToLower(s) + "-" + string(mode) }
			for _, scene := range []string{"stopped", "starting", "asleep", "failed", "lost", "empty"} {
				r.show(fake.Scene(scene))
				r.picture(t, name("home-"+scene))
			}
			r.show(fake.Scene("running"))
			r.picture(t, name("home-running"))
			for _, p := range []model.Page{model.PageContainers, model.PageImages, model.PageVolumes, model.PageNetworks} {
				r.show(fake.Scene("running"))
				r.navigate(p, "")
				r.picture(t, name(string(p)))
				r.show(fake.Scene("empty"))
				r.picture(t, name(string(p)+"-empty"))
				r.show(fake.Scene("stopped"))
				r.picture(t, name(string(p)+"-stopped"))
			}
			r.show(fake.Scene("running"))
			r.pump.ctx = t.Context()
			r.settingsPictures(t, mode)
			r.helpPictures(t, mode)
			r.portsPicture(t, mode)
			r.runDialog("Nginx:alpine")
			r.picture(t, name("run"))
			r.win.Canvas().Overlays().Remove(r.win.Canvas().Overlays().Top())
			r.search.open()
			r.picture(t, name("search"))
		})
	}
}

// settingsPictures shows each tab of the settings, and one with changes that are right and wrong.
func (r *rig) settingsPictures(t *testing.T, mode look.Mode) {
	t.Helper()
	r.navigate(model.PageSettings, "")
	r.pump.work.Wait()
	r.loop.drain()
	p := r.pages[model.PageSettings]
	word := func(s string) string { return strings.ReplaceAll(strings.ToLower(s), " ", "-") + "-" + string(mode) }
	for _, s := range append(model.SettingsSections(), model.SettingsSection{Title: "This window"}) {
		test.Tap(button(p.Content(), s.Title))
		r.loop.drain()
		r.relayout()
		switch {
		case len(s.Keys) == 0 || s.Title == string(app.GroupResources): // the others change with the engine's settings
			r.picture(t, "settings-"+word(s.Title))
		case os.Getenv("SHOTS") != "":
			save(t, filepath.Join(os.Getenv("SHOTS"), "settings-"+word(s.Title)+".png"), r.win.Canvas().Capture())
		}
		if got := r.win.Canvas().Size(); got != fyne.NewSize(1180, 760) {
			t.Errorf("the settings %s make the window %v large", s.Title, got)
		}
	}
	test.Tap(button(p.Content(), "Resources"))
	n := 0
	walk(p.Content(), func(o fyne.CanvasObject) {
		if e, ok := o.(*kit.Entry); ok {
			e.SetText([]string{"2 processors", "12", "96GiB"}[n])
			n++
		}
	})
	r.picture(t, "settings-changed-"+string(mode))
	test.Tap(button(p.Content(), "Revert"))
}

// helpPictures shows the tabs of the help page that are no logs.
func (r *rig) helpPictures(t *testing.T, mode look.Mode) {
	t.Helper()
	r.navigate(model.PageHelp, "")
	r.picture(t, "help-"+string(mode))
	for _, key := range []string{"doctor", "licences"} {
		r.navigate(model.PageHelp, key)
		r.pump.work.Wait()
		r.picture(t, "help-"+key+"-"+string(mode))
	}
}

// portsPicture shows the ports of a container, and why one of them does not answer.
func (r *rig) portsPicture(t *testing.T, mode look.Mode) {
	t.Helper()
	for _, c := range r.shown.Docker.Containers {
		if c.Name == "shop-web-1" {
			r.navigate(model.PageContainers, c.ID)
		}
	}
	p := r.pages[model.PageContainers]
	test.Tap(button(p.Content(), "Ports"))
	test.Tap(button(p.Content(), "Does it answer?"))
	r.pump.work.Wait()
	r.picture(t, "ports-"+string(mode))
}

// TestSizes looks at the smallest and a large window, and at names that are hard to show. The odd names use the system's
// fonts, so their pictures are not compared: that nothing overlaps is.
func TestSizes(t *testing.T) {
	for _, size := range []fyne.Size{fyne.NewSize(800, 600), fyne.NewSize(2560, 1440)} {
		t.Run(fmt.Sprint(size.Width), func(t *testing.T) {
			r := newRig(t, look.Light, size.Width, size.Height)
			r.past()
			for _, scene := range []string{"running", "odd"} {
				r.show(fake.Scene(scene))
				for _, p := range []model.Page{model.PageHome, model.PageContainers, model.PageImages} {
					r.navigate(p, "")
					r.loop.drain()
					r.relayout()
					if got := r.win.Canvas().Size(); got != size {
						t.Errorf("%s with %s makes the window %v large", p, scene, got)
					}
					if dir := os.Getenv("SHOTS"); dir != "" {
						save(t, filepath.Join(dir, fmt.Sprintf("%s-%s-%.0f.png", p, scene, size.Width)), r.win.Canvas().Capture())
					}
				}
			}
			if size.Width == 800 {
				r.show(fake.Scene("running"))
				r.navigate(model.PageContainers, "")
				r.picture(t, "containers-800")
				r.navigate(model.PageHome, "")
				r.picture(t, "home-800")
			}
		})
	}
}
