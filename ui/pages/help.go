package pages

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/ui/kit"
	"github.com/wherry-app/wherry/ui/look"
	"github.com/wherry-app/wherry/ui/model"
)

// A Helper is what the help page needs of the engine.
type Helper interface {
	Logs(ctx context.Context, source app.LogSource, follow bool, w io.Writer) error
	Reset(ctx context.Context, keepSettings bool) error
}

// Help shows logs, versions, shortcuts and the way to start over.
type Help struct {
	env     Env
	service Helper
	content fyne.CanvasObject
	tabs    *kit.Tabs
	notice  *kit.Notice
	about   *widget.Label
	state   model.State
	made    map[string]fyne.CanvasObject // tabs that keep what they show
	exam    Examiner
}

// The tabs of the help page.
const (
	tabOverview  = "Overview"
	tabCheckup   = "Check-up"
	tabEngineLog = "Engine log"
	tabDaemonLog = "Daemon log"
	tabKernelLog = "Kernel log"
	tabLicences  = "Licences"
)

// NewHelp makes the page.
func NewHelp(env Env, service Helper, examiner Examiner) *Help {
	p := &Help{env: env, service: service, exam: examiner, notice: kit.NewNotice(env.Copy), about: kit.NewPara(""), made: map[string]fyne.CanvasObject{}}
	p.tabs = kit.NewTabs(p.tab, tabOverview, tabCheckup, tabEngineLog, tabDaemonLog, tabKernelLog, tabLicences)
	p.content = kit.Pad(3, container.NewBorder(p.notice.Box, nil, nil, nil, p.tabs.Box))
	p.tabs.Select(0)
	return p
}

// Content is the page.
func (p *Help) Content() fyne.CanvasObject { return p.content }

// Open shows a log by its source's name, "doctor" or "licences".
func (p *Help) Open(key string) {
	if tab, ok := map[string]string{"engine": tabEngineLog, "daemon": tabDaemonLog, "kernel": tabKernelLog, "doctor": tabCheckup, "licences": tabLicences}[key]; ok {
		p.tabs.SelectName(tab)
	}
}

// Show takes a state in.
func (p *Help) Show(s model.State) {
	p.state = s
	p.about.SetText(about(s))
}

func about(s model.State) string {
	line := func(name, value string) string {
		if value == "" {
			return ""
		}
		return name + "  " + value + "\n"
	}
	version := "development"
	if b, ok := debug.ReadBuildInfo(); ok && b.Main.Version != "" && b.Main.Version != "(devel)" {
		version = b.Main.Version
	}
	e := s.Engine
	return line("Window:", version+", "+runtime.Version()) + line("Daemon:", e.Daemon.Version) +
		line("Docker:", e.Docker.Version) + line("Docker socket:", e.Docker.Socket) + line("Machine:", e.Driver+" "+e.Accel) +
		line("Kernel:", e.VM.Kernel) + line("Image:", e.VM.Image)
}

// Shortcuts are the keys of the window, with what they do.
func Shortcuts() [][2]string {
	return [][2]string{
		{"Ctrl+K", "search containers, images, pages, settings and commands"},
		{"Ctrl+1 … Ctrl+7", "go to a page"},
		{"Ctrl+F", "search in the page"},
		{"Ctrl+N", "run a container"},
		{"Ctrl+Shift+S", "start or stop the engine"},
		{"Esc", "back, close"},
		{"Tab, Shift+Tab", "next and previous control"},
		{"Ctrl+Shift+C, V", "copy and paste in a terminal"},
		{"Ctrl+Q", "quit the window"},
	}
}

func (p *Help) tab(name string) fyne.CanvasObject {
	if o := p.made[name]; o != nil {
		return o
	}
	switch name {
	case tabOverview:
		p.made[name] = p.overview()
	case tabCheckup:
		p.made[name] = newCheckupView(p.env, p.exam).box
	case tabLicences:
		p.made[name] = newLicencesView(p.env, p.exam).box
	default:
		source := map[string]app.LogSource{tabEngineLog: app.LogEngine, tabDaemonLog: app.LogDaemon, tabKernelLog: app.LogKernel}[name]
		v := newLogsView(p.env, "wherry-"+string(source), func(ctx context.Context, out, _ io.Writer) error {
			return p.service.Logs(ctx, source, true, out)
		})
		p.made[name] = kit.PadXY(0, 1.5, v.box)
	}
	return p.made[name]
}

func (p *Help) overview() fyne.CanvasObject {
	keys := kit.VBox(0.75)
	for _, s := range Shortcuts() {
		keys.Add(container.New(kit.Columns{Cols: []kit.Column{{Width: 150}, {Share: 1}}, Gap: 12}, kit.NewText(s[0], kit.Style{Mono: true, Size: look.TextSmall}), kit.NewText(s[1], kit.Style{Color: look.Muted})))
	}
	reset := kit.Button("Start over…", "warning", p.askReset)
	reset.Importance = widget.DangerImportance
	return container.NewVScroll(kit.PadXY(0.25, 2, kit.VBox(2,
		kit.Card(kit.VBox(1, kit.Title("About this Wherry"), kit.Flush(p.about), kit.HBox(1, kit.Quiet("Copy", "copy", func() { p.env.Copy(p.about.Text) })))),
		kit.Card(container.NewBorder(nil, nil, nil, container.NewCenter(kit.Button("Check this computer", "check", func() { p.tabs.SelectName(tabCheckup) })),
			kit.VBox(0.5, kit.Title("Something does not work?"), kit.Flush(kit.NewPara("The check-up finds what is wrong with this computer or the engine, says what to do, and packs a diagnosis for somebody who helps."))))),
		kit.Card(kit.VBox(1, kit.Title("Keyboard"), keys)),
		kit.Card(container.NewBorder(nil, nil, nil, container.NewCenter(reset), kit.VBox(0.5, kit.Title("Start over"), kit.Flush(kit.NewPara("Stops the engine and removes its data disk: all images, containers and volumes."))))))))
}

func (p *Help) askReset() {
	p.env.ask("Start over?", fmt.Sprintf("Removes %s, %s and %s for good. There is no way back.", model.Plural(len(p.state.Docker.Images), "image"), model.Plural(len(p.state.Docker.Containers), "container"), model.Plural(len(p.state.Docker.Volumes), "volume")), "Remove everything", func() {
		p.env.Go(func(ctx context.Context) error { return p.service.Reset(ctx, true) }, func(err error) {
			if err != nil {
				report(p.notice, err)
				return
			}
			p.notice.Tell(model.Good, "Everything is removed. The next start makes a new disk.", "")
		})
	})
}
