package pages

import (
	"context"
	"io"
	"sort"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"github.com/wherry-app/wherry/ui/dock"
	"github.com/wherry-app/wherry/ui/kit"
	"github.com/wherry-app/wherry/ui/look"
	"github.com/wherry-app/wherry/ui/model"
)

// Inside looks into containers.
type Inside interface {
	Inspect(ctx context.Context, id string) (dock.Details, error)
	Logs(ctx context.Context, id string, tail int, follow bool, out, errs io.Writer) error
	Processes(ctx context.Context, id string) (titles []string, rows [][]string, err error)
	Open(ctx context.Context, id string, cols, rows int) (*dock.Terminal, error)
	Files
}

// The tabs of a container.
const (
	tabLogs      = "Logs"
	tabTerminal  = "Terminal"
	tabFiles     = "Files"
	tabPorts     = "Ports"
	tabStats     = "Stats"
	tabEnv       = "Environment"
	tabMounts    = "Mounts"
	tabProcesses = "Processes"
	tabInspect   = "Inspect"
)

func detailTabs() []string {
	return []string{tabLogs, tabTerminal, tabFiles, tabPorts, tabStats, tabEnv, tabMounts, tabProcesses, tabInspect}
}

// detail shows one container.
type detail struct {
	page    *Containers
	env     Env
	ct      model.Container
	content fyne.CanvasObject

	name, image *kit.Text
	badge       *kit.Badge
	ports       *portLinks
	notice      *kit.Notice
	tabs        *kit.Tabs
	buttons     map[string]*widget.Button
	pages       map[string]fyne.CanvasObject
	closers     []func()
	stats       *statsView
	term        *termTab
	portsView   *portsView
}

func newDetail(c *Containers, ct model.Container) *detail {
	d := &detail{page: c, env: c.env, ct: ct, pages: map[string]fyne.CanvasObject{}, buttons: map[string]*widget.Button{}}
	d.name = kit.NewText(ct.Name, kit.Style{Size: look.TextTitle, Bold: true, Middle: true})
	d.image = kit.Hint(ct.Image)
	d.badge = kit.NewBadge()
	d.ports = newPortLinks(c.env, 3)
	d.notice = kit.NewNotice(c.env.Copy)
	d.stats = newStatsView()
	d.portsView = newPortsView(c.env, c.tracer)
	row := kit.HBox(0.25)
	for _, b := range []struct{ act, label, icon string }{{"start", "Start", "play"}, {"stop", "Stop", "stop"}, {"restart", "Restart", "restart"}, {"pause", "Pause", "pause"}, {"unpause", "Resume", "play"}, {"kill", "Kill", "kill"}, {"remove", "Remove", "trash"}} {
		button := kit.Quiet(b.label, b.icon, func() { c.act(b.act, c.find(ct.ID)) })
		d.buttons[b.act] = button
		row.Add(button)
	}
	back := kit.Quiet("Containers", "back", c.closeDetail)
	d.tabs = kit.NewTabs(d.tab, detailTabs()...)
	title := container.NewBorder(nil, nil, nil, container.NewCenter(kit.HBox(1, kit.MinWidth(240, d.ports.box), d.badge.Box)), d.name)
	head := kit.VBox(0.5, container.NewBorder(nil, nil, back, row), title, d.image, d.notice.Box)
	d.content = kit.PadXY(3, 2, container.NewBorder(head, nil, nil, nil, kit.PadXY(0, 1, d.tabs.Box)))
	d.show(c.state)
	d.tabs.Select(0)
	return d
}

// show takes a state in. The container may be gone.
func (d *detail) show(s model.State) {
	found := false
	for _, ct := range s.Docker.Containers {
		if ct.ID == d.ct.ID {
			d.ct, found = ct, true
		}
	}
	can := model.ActionsOf(d.ct)
	word, tone := d.ct.State, model.ToneOf(d.ct)
	if d.ct.Health != "" && d.ct.State == "running" {
		word += ", " + d.ct.Health
	}
	if busy := d.page.busy[d.ct.ID]; busy != "" {
		word, tone, can = busy+"…", model.Accent, model.Actions{}
	}
	if !found {
		word, tone, can = "removed", model.Neutral, model.Actions{}
	}
	d.badge.Set(word, tone)
	d.name.SetText(d.ct.Name)
	d.image.SetText(d.ct.Image + "  ·  " + model.Uptime(d.ct, s.Now) + "  ·  " + model.ShortID(d.ct.ID))
	d.ports.set(model.Published(d.ct.Ports), model.NamesOf(s, d.ct)...)
	d.portsView.show(s, d.ct)
	for act, on := range map[string]bool{"start": can.Start, "stop": can.Stop, "restart": can.Restart, "kill": can.Kill, "remove": can.Remove, "pause": can.Pause, "unpause": can.Unpause} {
		kit.Able(d.buttons[act], on)
	}
	kit.Visible(d.buttons["pause"], d.ct.State != "paused")
	kit.Visible(d.buttons["unpause"], d.ct.State == "paused")
	kit.Visible(d.buttons["start"], !d.ct.Running())
	kit.Visible(d.buttons["stop"], d.ct.Running())
	if st, ok := s.Docker.Stats[d.ct.ID]; ok {
		d.stats.add(st)
	}
	if d.term != nil {
		d.term.running(d.ct.State == "running")
	}
}

func (d *detail) openTab(name string) {
	for i, n := range detailTabs() {
		if n == name {
			d.tabs.Select(i)
		}
	}
}

// close ends what the tabs do.
func (d *detail) close() {
	for _, f := range d.closers {
		f()
	}
}

func (d *detail) tab(name string) fyne.CanvasObject {
	if o, ok := d.pages[name]; ok && name != tabProcesses {
		if name == tabTerminal {
			d.term.focus()
		}
		return o
	}
	o := kit.PadXY(0, 1.5, d.make(name))
	d.pages[name] = o
	return o
}

func (d *detail) make(name string) fyne.CanvasObject {
	id, inside := d.ct.ID, d.page.inside
	switch name {
	case tabLogs:
		v := newLogsView(d.env, d.ct.Name, func(ctx context.Context, out, errs io.Writer) error {
			return inside.Logs(ctx, id, 2000, true, out, errs)
		})
		d.closers = append(d.closers, v.close)
		return v.box
	case tabTerminal:
		d.term = newTermTab(d.env, inside, id)
		d.term.running(d.ct.State == "running")
		d.closers = append(d.closers, d.term.close)
		return d.term.box
	case tabFiles:
		v := newFilesView(d.env, inside, d.ct)
		d.closers = append(d.closers, v.close)
		return v.box
	case tabPorts:
		return d.portsView.box
	case tabStats:
		return d.stats.box
	case tabEnv:
		return d.inspected(func(x dock.Details) fyne.CanvasObject { return d.envTable(x) })
	case tabMounts:
		return d.inspected(func(x dock.Details) fyne.CanvasObject { return mountsTable(x) })
	case tabInspect:
		return d.inspected(func(x dock.Details) fyne.CanvasObject { return jsonView(d.env, x.JSON) })
	case tabProcesses:
		return d.processes()
	}
	return container.NewWithoutLayout()
}

// inspected shows something of the container's description as soon as it is known.
func (d *detail) inspected(f func(dock.Details) fyne.CanvasObject) fyne.CanvasObject {
	box := container.NewStack(kit.Hint("Reading…"))
	var x dock.Details
	cancel := d.env.Go(func(ctx context.Context) (err error) {
		x, err = d.page.inside.Inspect(ctx, d.ct.ID)
		return err
	}, func(err error) {
		if err != nil {
			n := kit.NewNotice(d.env.Copy)
			report(n, err)
			box.Objects = []fyne.CanvasObject{container.NewVBox(n.Box)}
		} else {
			box.Objects = []fyne.CanvasObject{f(x)}
		}
		box.Refresh()
	})
	d.closers = append(d.closers, cancel)
	return box
}

func (d *detail) envTable(x dock.Details) fyne.CanvasObject {
	env := append([]string(nil), x.Env...)
	sort.Strings(env)
	rows := make([][]string, 0, len(env))
	for _, e := range env {
		k, v, _ := strings.Cut(e, "=")
		rows = append(rows, []string{k, v})
	}
	return table(d.env, []string{"Variable", "Value"}, []float32{1, 2}, rows, "The image and the command set no environment.")
}

func mountsTable(x dock.Details) fyne.CanvasObject {
	var rows [][]string
	for _, m := range x.Mounts {
		from, mode := m.Source, "read and write"
		if m.Type == "volume" {
			from = m.Name
		}
		if m.ReadOnly {
			mode = "read only"
		}
		rows = append(rows, []string{m.Destination, m.Type, from, mode})
	}
	return table(Env{}, []string{"In the container", "Kind", "From", "Access"}, []float32{2, 0.7, 2, 1}, rows, "Nothing is mounted. What the container writes goes when it is removed.")
}

func (d *detail) processes() fyne.CanvasObject {
	box := container.NewStack(kit.Hint("Reading…"))
	var titles []string
	var rows [][]string
	d.closers = append(d.closers, d.env.Go(func(ctx context.Context) (err error) {
		titles, rows, err = d.page.inside.Processes(ctx, d.ct.ID)
		return err
	}, func(err error) {
		if err != nil {
			box.Objects = []fyne.CanvasObject{kit.NewEmpty("cpu", "No processes", "The container does not run.", "", nil).Box}
		} else {
			shares := make([]float32, len(titles))
			for i := range shares {
				shares[i] = 1
				if i == len(shares)-1 {
					shares[i] = 4
				}
			}
			box.Objects = []fyne.CanvasObject{table(d.env, titles, shares, rows, "")}
		}
		box.Refresh()
	}))
	return box
}
