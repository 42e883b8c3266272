package ui

import (
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"github.com/wherry-app/wherry/ui/fake"
	"github.com/wherry-app/wherry/ui/kit"
	"github.com/wherry-app/wherry/ui/look"
	"github.com/wherry-app/wherry/ui/model"
)

// running is a rig on a running engine with docker.
func running(t *testing.T, cs []model.Container) (*rig, *fake.Docker) {
	t.Helper()
	r := newRig(t, look.Light, 1180, 760)
	d := fake.NewDocker(t)
	d.Set(cs, fake.Images())
	r.live(t, d)
	if err := r.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.loop.until(t, "containers", func() bool { return len(r.shown.Docker.Containers) == len(cs) })
	return r, d
}

// top is what takes clicks now: a dialog, or the window.
func (r *rig) top() fyne.CanvasObject {
	if o := r.win.Canvas().Overlays().Top(); o != nil {
		return o
	}
	return r.win.Content()
}

func TestStopAndRemoveAContainer(t *testing.T) {
	r, d := running(t, fake.Containers())
	web := r.shown.Docker.Containers[0]
	state := func() string {
		for _, c := range r.shown.Docker.Containers {
			if c.ID == web.ID {
				return c.State
			}
		}
		return "gone"
	}
	r.navigate(model.PageContainers, web.ID)
	test.Tap(button(r.top(), "Stop"))
	r.loop.until(t, "stopped container", func() bool { return state() == "exited" })
	r.loop.until(t, "Start button", func() bool { b := button(r.top(), "Start"); return b != nil && !b.Disabled() })
	test.Tap(button(r.top(), "Remove"))
	if slices.Contains(d.Calls(), "DELETE /containers/"+web.ID) {
		t.Fatal("it is removed without a question")
	}
	test.Tap(button(r.top(), "Remove"))
	r.loop.until(t, "end of the container", func() bool { return state() == "gone" })
	for _, want := range []string{"POST /containers/" + web.ID + "/stop", "DELETE /containers/" + web.ID} {
		if !slices.Contains(d.Calls(), want) {
			t.Errorf("no %s in %q", want, d.Calls())
		}
	}
}

func TestRunDialog(t *testing.T) {
	r, d := running(t, append(fake.Containers(), model.Container{ID: "made", Name: "other", State: "created"}))
	r.runDialog("nginx:1.29-alpine")
	entries := func(placeholder string) (e *widget.Entry) {
		walk(r.top(), func(o fyne.CanvasObject) {
			if w, ok := o.(*widget.Entry); ok && w.PlaceHolder == placeholder {
				e = w
			}
		})
		return e
	}
	says := func(text string) bool {
		found := false
		walk(r.top(), func(o fyne.CanvasObject) {
			if l, ok := o.(*widget.Label); ok && l.Text == text {
				found = true
			}
		})
		return found
	}
	test.Type(entries("chosen by docker"), "redis")
	if !says("A container named “redis” exists already") || !button(r.top(), "Run").Disabled() {
		t.Error("a name that is taken is let through")
	}
	entries("chosen by docker").SetText("fresh")
	entries("8080:80").SetText("8080:80")
	if !says("Port 8080 is used by “shop-web-1”") {
		t.Error("a port that is taken is let through")
	}
	entries("8080:80").SetText("8090:80")
	if button(r.top(), "Run").Disabled() {
		t.Fatal("what is right cannot be run")
	}
	test.Tap(button(r.top(), "Run"))
	r.loop.until(t, "end of the dialog", func() bool { return r.win.Canvas().Overlays().Top() == nil })
	want := []string{"POST /containers/create", "POST /containers/made/start"}
	if calls := d.Calls(); !slices.Equal(calls, want) {
		t.Errorf("calls %q, want %q: the image is here and needs no pull", calls, want)
	}
	if r.current != model.PageContainers {
		t.Errorf("the window shows %s", r.current)
	}
}

// pull types a name into the pull field and presses Enter.
func (r *rig) pull(name string) {
	walk(r.top(), func(o fyne.CanvasObject) {
		if e, ok := o.(*kit.Entry); ok && e.OnSubmitted != nil {
			e.SetText(name)
			e.OnSubmitted(name)
		}
	})
}

func TestPullFails(t *testing.T) {
	r, d := running(t, nil)
	d.Pulls(`{"status":"Downloading","id":"abc","progressDetail":{"current":5,"total":10}}`, `{"errorDetail":{"message":"manifest unknown"},"error":"manifest unknown"}`)
	r.navigate(model.PageImages, "")
	r.pull("Bad Name")
	if b := button(r.top(), "Cancel"); b != nil {
		t.Error("a name that is none is pulled")
	}
	r.pull("nginx:nope")
	r.loop.until(t, "error", func() bool { return button(r.top(), "Copy details") != nil })
}
