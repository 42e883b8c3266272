package ui

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"github.com/hashicorp/go-hclog"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/ui/dock"
	"github.com/wherry-app/wherry/ui/kit"
	"github.com/wherry-app/wherry/ui/look"
	"github.com/wherry-app/wherry/ui/model"
	"github.com/wherry-app/wherry/ui/pages"
)

// Config is what the window is made of.
type Config struct {
	App     fyne.App
	Service app.Service
	// Launch starts a daemon where none runs; nil at once if one does.
	Launch func(context.Context) error
	// Welcome runs the welcome container on the docker at socket and returns its address.
	Welcome func(ctx context.Context, socket string) (url string, err error)
	Host    app.Host
	Prefs   *Prefs
	// Examiner knows this computer.
	Examiner pages.Examiner
	// OpenURL shows a page in the browser; nil lets the toolkit do it.
	OpenURL func(string) error
	// Quitting is called before the toolkit ends; nil calls nothing.
	Quitting func()
	// Tray says whether this desktop shows tray icons.
	Tray bool
	// StatsEvery is the time between two readings of containers' figures; 0 is the default.
	StatsEvery time.Duration
	Log        hclog.Logger
}

// Window is the app's window with all that is behind it.
type Window struct {
	cfg    Config
	win    fyne.Window
	pump   *pump
	feed   *feed
	docker *dock.Source
	latest atomic.Pointer[model.State]
	fresh  atomic.Bool

	rail    *rail
	header  *header
	body    *fyne.Container
	pages   map[model.Page]pages.Page
	current model.Page
	shown   model.State
	history *model.History
	tray    *tray
	search  *palette
	stopper context.CancelFunc // cancels the start that goes on
	asked   string             // the engine's last action asked for here
	rested  app.State          // the engine's last state in which it was not busy
	quit    bool
	hidden  bool // the window was closed, the tray icon is still there
	told    bool // that closing does not quit
}

// New makes the window. Nothing is read or started before Run.
func New(cfg Config, do func(func())) *Window {
	if cfg.Log == nil {
		cfg.Log = hclog.NewNullLogger()
	}
	w := &Window{cfg: cfg, pages: map[model.Page]pages.Page{}, history: model.NewHistory(5*time.Minute, 3*time.Second)}
	w.pump = &pump{do: do, ctx: context.Background(), after: w.relayout}
	w.docker = dock.New(dock.Config{Publish: func(l model.Lists) { w.feed.change(func(s *model.State) { s.Docker = l }) }, StatsEvery: cfg.StatsEvery, Log: cfg.Log.Named("dock")})
	w.feed = &feed{service: cfg.Service, launch: cfg.Launch, docker: w.docker, publish: w.publish}
	w.applyTheme()
	cfg.Prefs.changed = w.applyTheme
	cfg.App.SetIcon(look.AppIcon())
	w.win = cfg.App.NewWindow("Wherry")
	w.win.SetMaster()
	w.win.SetPadded(false)
	w.build()
	return w
}

func (w *Window) applyTheme() { w.cfg.App.Settings().SetTheme(look.New(w.cfg.Prefs.Theme())) }

func (w *Window) build() {
	w.rail = newRail(func(p model.Page) { w.navigate(p, "") }, func() { w.search.open() })
	w.header = newHeader(w.engine)
	w.body = container.NewStack()
	w.search = newPalette(w)
	content := container.NewBorder(w.header.box, nil, nil, nil, w.body)
	w.win.SetContent(container.New(&shell{w}, w.rail.box, content))
	width, height := w.cfg.Prefs.Size()
	if width < 400 || height < 300 {
		width, height = 1180, 760
	}
	w.win.Resize(fyne.NewSize(width, height))
	w.shortcuts()
	w.win.SetCloseIntercept(w.closed)
	w.cfg.App.Lifecycle().SetOnEnteredForeground(func() { w.pace(true) })
	w.cfg.App.Lifecycle().SetOnExitedForeground(func() { w.pace(false) })
	w.show(model.State{Now: time.Now()})
	w.navigate(model.PageHome, "")
}

// Run shows the window and returns when it was closed and all work has ended.
func (w *Window) Run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	w.start(ctx)
	if w.cfg.Tray {
		w.tray = newTray(w)
	}
	w.win.ShowAndRun()
	cancel()
	w.pump.work.Wait()
}

// start begins to follow the daemon and docker until ctx ends.
func (w *Window) start(ctx context.Context) {
	w.pump.ctx = ctx
	w.pump.work.Go(func() { w.feed.watch(ctx) })
	w.pump.work.Go(func() { w.feed.tick(ctx) })
	w.pump.work.Go(func() { w.docker.Run(ctx) })
	stop := context.AfterFunc(ctx, func() { w.pump.post(w.end) })
	w.pump.work.Go(func() { <-ctx.Done(); stop() })
}

// publish takes a state from any goroutine; only the newest one is shown.
func (w *Window) publish(s model.State) {
	w.latest.Store(&s)
	if w.fresh.CompareAndSwap(false, true) {
		w.pump.post(func() {
			w.fresh.Store(false)
			w.show(*w.latest.Load())
		})
	}
}

// relayout fits what has changed into the window.
func (w *Window) relayout() {
	kit.Relayout(w.header.box)
	if p := w.pages[w.current]; p != nil {
		kit.Relayout(p.Content())
	}
}

// show brings a state to all that shows it.
func (w *Window) show(s model.State) {
	before := w.shown
	w.shown = s
	w.history.Add(s)
	w.header.show(s)
	if p := w.pages[w.current]; p != nil {
		p.Show(s)
	}
	if w.tray != nil {
		w.tray.show(model.TrayOf(s))
	}
	if n, ok := model.NoticeOf(before, s, w.rested, w.asked); ok {
		w.notify(n.Title, n.Body)
	}
	if !s.Engine.State.Busy() {
		w.rested = s.Engine.State
	}
	w.watch(before.Docker.Containers, s.Docker.Containers)
}

// watch asks for the figures of what runs.
func (w *Window) watch(before, now []model.Container) {
	ids := func(cs []model.Container) (out []string) {
		for _, c := range cs {
			if c.State == "running" {
				out = append(out, c.ID)
			}
		}
		return out
	}
	if fresh := ids(now); !slices.Equal(fresh, ids(before)) {
		w.docker.Watch(fresh)
	}
}

func (w *Window) env() pages.Env {
	return pages.Env{Go: w.pump.run, Post: w.pump.post, Window: w.win, OpenURL: w.openURL, Copy: w.cfg.App.Clipboard().SetContent, Navigate: w.navigate, Notify: w.notify, Engine: w.engine}
}

// page makes a page when it is first wanted.
func (w *Window) page(name model.Page) pages.Page {
	if p := w.pages[name]; p != nil {
		return p
	}
	env := w.env()
	var p pages.Page
	switch name {
	case model.PageContainers:
		p = pages.NewContainers(env, w.docker, w.docker, w.cfg.Service, w.runDialog)
	case model.PageImages:
		p = pages.NewImages(env, w.docker, w.runDialog)
	case model.PageVolumes:
		p = pages.NewVolumes(env, w.docker, w.docker)
	case model.PageNetworks:
		p = pages.NewNetworks(env, w.docker)
	case model.PageSettings:
		p = pages.NewSettings(env, w.cfg.Service, w.cfg.Prefs, w.cfg.Host)
	case model.PageHelp:
		p = pages.NewHelp(env, w.cfg.Service, w.cfg.Examiner)
	default:
		p = pages.NewHome(env, w, w.history)
	}
	w.pages[name] = p
	w.body.Add(p.Content())
	return p
}

// navigate opens a page, and on it what key names.
func (w *Window) navigate(name model.Page, key string) {
	p := w.page(name)
	if name != w.current {
		w.win.Canvas().Unfocus() // what is hidden must not take keys
	}
	w.current = name
	for _, other := range w.pages {
		kit.Visible(other.Content(), other == p)
	}
	w.rail.selectPage(name)
	w.header.title.SetText(string(name))
	p.Show(w.shown)
	p.Open(key)
	w.relayout()
}

func (w *Window) runDialog(image string) {
	pages.Run(w.env(), w.docker, func() model.State { return w.shown }, image)
}

// Welcome implements pages.Welcomer.
func (w *Window) Welcome(ctx context.Context) (string, error) {
	s := w.latest.Load()
	if s == nil || s.Engine.Docker.Socket == "" {
		return "", app.Errorf("Start the engine first.", "docker does not answer")
	}
	return w.cfg.Welcome(ctx, s.Engine.Docker.Socket)
}

func (w *Window) openURL(s string) {
	open := w.cfg.OpenURL
	if open == nil {
		open = func(s string) error {
			u, err := url.Parse(s)
			if err != nil {
				return fmt.Errorf("open %q: %w", s, err)
			}
			return w.cfg.App.OpenURL(u)
		}
	}
	w.pump.run(func(context.Context) error { return open(s) }, func(err error) {
		if err != nil {
			w.cfg.App.Clipboard().SetContent(s)
			w.notify("No browser opened", "The address is on the clipboard: "+s)
		}
	})
}

func (w *Window) notify(title, body string) {
	w.cfg.App.SendNotification(fyne.NewNotification(title, body))
}

// engine carries out an action of the engine. The outcome is seen in the state.
func (w *Window) engine(action string) {
	s := w.cfg.Service
	w.asked = action
	var work func(context.Context) error
	switch action {
	case model.ActStart:
		work = s.Start
	case model.ActStop:
		work = func(ctx context.Context) error { return s.Stop(ctx, app.StopClean) }
	case model.ActSleep:
		work = func(ctx context.Context) error { return s.Stop(ctx, app.StopSuspend) }
	case "force":
		work = func(ctx context.Context) error { return s.Stop(ctx, app.StopForce) }
	case model.ActRestart:
		work = s.Restart
	case model.ActCancel:
		work = func(ctx context.Context) error { return s.Stop(ctx, app.StopClean) }
		if w.stopper != nil {
			w.stopper()
			w.stopper = nil
		}
	default:
		return
	}
	w.feed.change(func(st *model.State) { st.Wish = action })
	cancel := w.pump.run(func(ctx context.Context) error {
		err := w.cfg.Launch(ctx)
		if err == nil {
			err = work(ctx)
		}
		w.feed.change(func(st *model.State) {
			st.Wish = ""
			if err != nil && ctx.Err() == nil && st.Engine.LastError == nil {
				st.Engine.LastError = app.InfoOf(err)
			}
		})
		return err
	}, func(error) {})
	if action == model.ActStart || action == model.ActRestart {
		w.stopper = cancel
	}
}

// pace reads figures often while the window is used, seldom while it is only seen, and not while it is hidden.
func (w *Window) pace(used bool) {
	usual, seldom := w.docker.Paces()
	switch {
	case w.hidden:
		w.docker.Pace(0)
	case used:
		w.docker.Pace(usual)
	default:
		w.docker.Pace(seldom)
	}
}

// closed takes the window away: where there is a tray icon, the app stays there.
func (w *Window) closed() {
	if w.tray == nil {
		w.close()
		return
	}
	if !w.told {
		w.told = true
		w.notify("Wherry goes on beside the clock", "Its icon there opens the window again, and quits.")
	}
	w.hidden = true
	w.win.Hide()
	w.pace(false)
}

// open shows the window again.
func (w *Window) open() {
	w.hidden = false
	w.win.Show()
	w.win.RequestFocus()
	w.pace(true)
}

// close ends the window, and the engine with it if that is wanted.
func (w *Window) close() {
	if w.quit {
		return
	}
	w.quit = true
	size := w.win.Canvas().Size()
	w.cfg.Prefs.SetSize(size.Width, size.Height)
	if !w.cfg.Prefs.StopOnQuit() || !model.EngineOf(w.shown).Running {
		w.end()
		return
	}
	w.win.Hide()
	w.pump.run(func(ctx context.Context) error { return w.cfg.Service.Stop(ctx, app.StopClean) }, func(error) { w.end() })
}

// end makes Run return.
func (w *Window) end() {
	if w.cfg.Quitting != nil {
		w.cfg.Quitting()
	}
	w.cfg.App.Quit()
}

// shortcuts are those that pages.Shortcuts lists.
func (w *Window) shortcuts() {
	add := func(key fyne.KeyName, mod fyne.KeyModifier, f func()) {
		w.win.Canvas().AddShortcut(&desktop.CustomShortcut{KeyName: key, Modifier: mod}, func(fyne.Shortcut) { f() })
	}
	const ctrl = fyne.KeyModifierShortcutDefault
	add(fyne.KeyK, ctrl, func() { w.search.open() })
	add(fyne.KeyQ, ctrl, w.close)
	add(fyne.KeyN, ctrl, func() {
		if model.EngineOf(w.shown).Running {
			w.runDialog("")
		}
	})
	add(fyne.KeyS, ctrl|fyne.KeyModifierShift, func() {
		if e := model.EngineOf(w.shown); e.Enabled {
			w.engine(e.Action)
		}
	})
	add(fyne.KeyF, ctrl, func() {
		if f, ok := w.pages[w.current].(interface{ Focus() }); ok {
			f.Focus()
		}
	})
	for i, p := range model.Pages() {
		add(fyne.KeyName(fmt.Sprint(i+1)), ctrl, func() { w.navigate(p, "") })
	}
	w.win.Canvas().SetOnTypedKey(func(e *fyne.KeyEvent) {
		if e.Name == fyne.KeyEscape {
			w.navigate(w.current, "")
		}
	})
}

// shell lays the rail beside the page and makes it narrow in a narrow window.
type shell struct{ w *Window }

func (l *shell) Layout(objs []fyne.CanvasObject, s fyne.Size) {
	rail := railWide
	if s.Width < narrowBelow {
		rail = railNarrow
	}
	kit.Visible(l.w.rail.name, rail == railWide)
	kit.Visible(l.w.header.gauges, s.Width-rail > 800)
	objs[0].Resize(fyne.NewSize(rail, s.Height))
	objs[1].Move(fyne.NewPos(rail, 0))
	objs[1].Resize(fyne.NewSize(s.Width-rail, s.Height))
}

func (l *shell) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(720, 480) }
