package pages

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"github.com/wherry-app/wherry/ui/kit"
	"github.com/wherry-app/wherry/ui/look"
	"github.com/wherry-app/wherry/ui/model"
)

// containerRow is one line of the list; the list gives it another container as it scrolls.
type containerRow struct {
	widget.BaseWidget
	page *Containers
	row  model.Row
	busy string

	all         *fyne.Container
	tick        *widget.Check
	fold        *widget.Icon
	dot         *kit.Box
	name, image *kit.Text
	ports       *portLinks
	cpu, memory *kit.Text
	uptime      *kit.Text
	main, more  *widget.Button
	setting     bool
}

func newContainerRow(c *Containers) *containerRow {
	r := &containerRow{page: c, dot: kit.Dot(), fold: widget.NewIcon(look.IconIn("down", look.Muted))}
	r.tick = widget.NewCheck("", func(on bool) { r.ticked(on) })
	r.name = kit.NewText("", kit.Style{Bold: true, Middle: true})
	r.image = kit.Hint("")
	r.ports = newPortLinks(c.env, 2)
	figure := func() *kit.Text {
		return kit.NewText("", kit.Style{Align: fyne.TextAlignTrailing, Size: look.TextSmall})
	}
	r.cpu, r.memory, r.uptime = figure(), figure(), kit.Hint("")
	r.main = kit.Quiet("", "play", func() { r.act() })
	r.more = kit.Quiet("", "more", func() { r.menu() })
	names := kit.VBox(0.25, r.name, r.image)
	r.all = container.New(kit.Columns{Cols: []kit.Column{{Width: 34}, {Width: 18}, {Share: 3}, {Share: 1.6}, {Width: 130, Hide: 820}, {Width: 56, Hide: 560}, {Width: 76, Hide: 620}, {Width: 36}, {Width: 36}}, Gap: 10},
		r.tick, container.NewStack(container.NewCenter(r.dot), r.fold), names, r.ports.box, r.uptime, r.cpu, r.memory, r.main, r.more)
	r.ExtendBaseWidget(r)
	return r
}

// CreateRenderer is for the toolkit.
func (r *containerRow) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(kit.PadXY(1, 0, r.all))
}

// MinSize has the list's fixed height.
func (r *containerRow) MinSize() fyne.Size { return fyne.NewSize(300, rowHeight) }

func (r *containerRow) set(row model.Row, busy string) {
	if sameRow(row, r.row) && busy == r.busy && r.row.Name+r.row.Project != "" {
		return
	}
	r.row, r.busy = row, busy
	r.setting = true
	r.tick.SetChecked(row.Selected)
	r.setting = false
	kit.Visible(r.dot, !row.Head)
	kit.Visible(r.fold, row.Head)
	if row.Head {
		icon := "down"
		if row.Collapsed {
			icon = "right"
		}
		r.fold.SetResource(look.IconIn(icon, look.Muted))
		r.name.SetText(row.Project)
		r.image.SetText(row.Summary)
		r.uptime.SetText("")
		r.cpu.SetText("")
		r.memory.SetText("")
		r.ports.set(nil)
	} else {
		r.dot.SetFill(look.ToneColor(row.Tone))
		r.name.SetText(row.Name)
		r.image.SetText(row.Image)
		status := row.Uptime
		if busy != "" {
			status = busy + "…"
		}
		r.uptime.SetText(status)
		r.cpu.SetText(row.CPU)
		r.memory.SetText(row.Memory)
		r.ports.set(row.Ports)
	}
	name := "play"
	if row.Can.Stop && (!row.Head || !row.Can.Start) {
		name = "stop"
	}
	able := busy == "" && (row.Can.Start || row.Can.Stop)
	col := fyne.ThemeColorName("foreground")
	if !able {
		col = "disabled"
	}
	if icon := look.IconIn(name, col); r.main.Icon.Name() != icon.Name() {
		r.main.SetIcon(icon)
	}
	kit.Able(r.main, able)
}

func (r *containerRow) targets() []model.Container {
	if r.row.Head {
		return r.page.of(r.row.Project)
	}
	return r.page.find(r.row.ID)
}

func (r *containerRow) ticked(on bool) {
	if r.setting {
		return
	}
	for _, ct := range r.targets() {
		if on {
			r.page.query.Selected[ct.ID] = true
		} else {
			delete(r.page.query.Selected, ct.ID)
		}
	}
	r.page.refresh()
}

func (r *containerRow) act() {
	name := "start"
	if r.row.Can.Stop && (!r.row.Head || !r.row.Can.Start) {
		name = "stop"
	}
	r.page.act(name, r.targets())
}

func (r *containerRow) menu() {
	cs, can := r.targets(), r.row.Can
	if len(cs) == 0 {
		return // gone meanwhile
	}
	do := func(name string) func() { return func() { r.page.act(name, cs) } }
	items := []*fyne.MenuItem{
		item("Start", can.Start, do("start")), item("Stop", can.Stop, do("stop")), item("Restart", can.Restart, do("restart")),
	}
	if !r.row.Head {
		id := r.row.ID
		open := func(tab string) func() {
			return func() {
				r.page.Open(id)
				if r.page.detail != nil {
					r.page.detail.openTab(tab)
				}
			}
		}
		items = append(items, item("Pause", can.Pause, do("pause")), item("Resume", can.Unpause, do("unpause")), item("Kill", can.Kill, do("kill")),
			fyne.NewMenuItemSeparator(), item("Logs", true, open(tabLogs)), item("Terminal", can.Exec, open(tabTerminal)), item("Inspect", true, open(tabInspect)),
			item("Rename…", true, func() { r.page.rename(cs[0]) }), item("Copy ID", true, func() { r.page.env.Copy(id) }))
	}
	items = append(items, fyne.NewMenuItemSeparator(), item("Remove…", can.Remove, do("remove")))
	r.page.env.menu(r.more, items...)
}
