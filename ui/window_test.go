package ui

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/ui/fake"
	"github.com/wherry-app/wherry/ui/look"
	"github.com/wherry-app/wherry/ui/model"
)

// loop is the UI goroutine of a test: what the pump hands over runs when the test says so.
type loop struct {
	mu    sync.Mutex
	queue []func()
	more  chan struct{}
}

func (l *loop) do(f func()) {
	l.mu.Lock()
	l.queue = append(l.queue, f)
	l.mu.Unlock()
	select {
	case l.more <- struct{}{}:
	default:
	}
}

func (l *loop) drain() {
	l.mu.Lock()
	q := l.queue
	l.queue = nil
	l.mu.Unlock()
	for _, f := range q {
		f()
	}
}

// until runs the loop until f is content.
func (l *loop) until(t *testing.T, what string, f func() bool) {
	t.Helper()
	end := time.After(20 * time.Second)
	for {
		l.drain()
		if f() {
			return
		}
		select {
		case <-l.more:
		case <-end:
			t.Fatalf("no %s", what)
		}
	}
}

type rig struct {
	*Window
	loop   *loop
	engine *fake.Service
	urls   []string
}

func newRig(t *testing.T, mode look.Mode, width, height float32) *rig {
	t.Helper()
	prefs := LoadPrefs(filepath.Join(t.TempDir(), "window.json"))
	prefs.v.Theme = mode
	r := &rig{loop: &loop{more: make(chan struct{}, 1)}, engine: fake.NewService()}
	r.Window = New(Config{
		App: test.NewTempApp(t), Service: r.engine, Launch: func(context.Context) error { return nil }, Host: r.engine.Host, Prefs: prefs, Examiner: fake.Examiner{},
		OpenURL: func(s string) error { r.urls = append(r.urls, s); return nil }, StatsEvery: 100 * time.Millisecond,
	}, r.loop.do)
	r.win.Resize(fyne.NewSize(width, height))
	r.relayout()
	return r
}

// live follows a fake engine and docker until the test ends.
func (r *rig) live(t *testing.T, d *fake.Docker) {
	t.Helper()
	if d != nil {
		r.engine.Run.Docker.Socket = d.Socket
	}
	ctx, cancel := context.WithCancel(t.Context())
	r.start(ctx)
	t.Cleanup(func() {
		cancel()
		done := make(chan struct{})
		go func() { r.pump.work.Wait(); close(done) }()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			t.Error("work goes on after the window was closed")
		}
	})
}

// button finds a visible button by its word.
func button(o fyne.CanvasObject, word string) *widget.Button {
	var found *widget.Button
	walk(o, func(o fyne.CanvasObject) {
		if b, ok := o.(*widget.Button); ok && b.Text == word && found == nil {
			found = b
		}
	})
	return found
}

func walk(o fyne.CanvasObject, f func(fyne.CanvasObject)) {
	if o == nil || !o.Visible() {
		return
	}
	f(o)
	switch o := o.(type) {
	case *fyne.Container:
		for _, c := range o.Objects {
			walk(c, f)
		}
	case fyne.Widget:
		for _, c := range test.WidgetRenderer(o).Objects() {
			walk(c, f)
		}
	}
}

func TestStartAndStop(t *testing.T) {
	r := newRig(t, look.Light, 1180, 760)
	r.engine.Steps = fake.Scene("starting").Engine.Stages
	d := fake.NewDocker(t)
	d.Set(fake.Containers(), fake.Images())
	r.live(t, d)
	r.loop.until(t, "stopped engine", func() bool { return r.shown.Engine.State == app.StateStopped })
	test.Tap(button(r.win.Content(), "Start"))
	r.loop.until(t, "progress", func() bool { return len(r.shown.Engine.Stages) > 2 && r.header.button.Text == "Cancel" })
	r.loop.until(t, "containers", func() bool { return model.EngineOf(r.shown).Running && len(r.shown.Docker.Containers) == 9 })
	if r.header.button.Text != "Stop" {
		t.Errorf("the big button says %q", r.header.button.Text)
	}
	r.loop.until(t, "figures", func() bool { return len(r.shown.Docker.Stats) > 5 })
	test.Tap(r.header.button)
	r.loop.until(t, "stopped engine", func() bool { return r.shown.Engine.State == app.StateStopped && len(r.shown.Docker.Containers) == 0 })
	if calls := r.engine.Calls(); len(calls) != 2 || calls[1] != "stop clean" {
		t.Errorf("calls %q", calls)
	}
}

func TestDaemonGoesAway(t *testing.T) {
	r := newRig(t, look.Light, 1180, 760)
	lost := errors.New("connection refused")
	r.feed.service = watcher(func(ctx context.Context, f func(app.Snapshot) error) error { return lost })
	r.feed.launch = func(context.Context) error { return lost }
	r.live(t, nil)
	r.loop.until(t, "error", func() bool { return r.shown.Daemon != nil })
	if e := model.EngineOf(r.shown); e.Label != "Not connected" || e.Failure.Message != "connection refused" {
		t.Errorf("%+v", e)
	}
}

type watcher func(context.Context, func(app.Snapshot) error) error

func (w watcher) Snapshot(context.Context) (app.Snapshot, error) { return app.Snapshot{}, nil }
func (w watcher) Watch(ctx context.Context, f func(app.Snapshot) error) error {
	return w(ctx, f)
}

func TestKeyboard(t *testing.T) {
	r := newRig(t, look.Light, 1180, 760)
	r.show(fake.Scene("running"))
	r.search.open()
	r.search.entry.SetText("wordpress")
	if len(r.search.hits) < 2 {
		t.Fatalf("hits %+v", r.search.hits)
	}
	r.search.entry.TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
	if r.search.current != 1 {
		t.Errorf("Down goes to %d", r.search.current)
	}
	r.search.entry.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if r.search.pop.Visible() {
		t.Error("Esc leaves the search open")
	}
	for _, p := range model.Pages() {
		r.navigate(p, "")
		if r.current != p {
			t.Errorf("%s does not open", p)
		}
		focusable := 0
		walk(r.win.Content(), func(o fyne.CanvasObject) {
			if _, ok := o.(fyne.Focusable); ok {
				focusable++
			}
		})
		if focusable < 9 {
			t.Errorf("on %s only %d things can be reached with Tab", p, focusable)
		}
	}
}

func TestPrefs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "window.json")
	p := LoadPrefs(path)
	if p.Theme() != look.System || p.StopOnQuit() {
		t.Errorf("new: %+v", p.v)
	}
	changed := 0
	p.changed = func() { changed++ }
	p.SetTheme(look.Dark)
	p.SetStopOnQuit(true)
	p.SetSize(900, 700)
	again := LoadPrefs(path)
	if w, h := again.Size(); again.Theme() != look.Dark || !again.StopOnQuit() || w != 900 || h != 700 || changed != 1 {
		t.Errorf("again: %+v, changed %d", again.v, changed)
	}
}

func TestPumpRunsInOrderAndLeavesCancelledWork(t *testing.T) {
	l := &loop{more: make(chan struct{}, 1)}
	p := &pump{do: l.do, ctx: t.Context(), after: func() {}}
	var got []int
	for i := range 100 {
		p.post(func() { got = append(got, i) })
	}
	if len(l.queue) != 1 {
		t.Errorf("100 posts cause %d calls into the UI goroutine, want 1", len(l.queue))
	}
	l.drain()
	for i, n := range got {
		if i != n {
			t.Fatalf("order %v", got)
		}
	}
	ended := make(chan struct{})
	cancel := p.run(func(ctx context.Context) error { defer close(ended); <-ctx.Done(); return nil }, func(error) { t.Error("cancelled work reports") })
	cancel()
	<-ended
	p.work.Wait()
	l.drain()
}
