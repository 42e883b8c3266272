package pages

import (
	"context"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/ui/kit"
	"github.com/wherry-app/wherry/ui/look"
	"github.com/wherry-app/wherry/ui/model"
)

// portsView shows how a container's ports answer on this computer, the names that lead to it, and why a port does not.
type portsView struct {
	env    Env
	tracer app.PortTracer
	box    *fyne.Container
	list   *fyne.Container
	names  *fyne.Container
	links  *fyne.Container
	none   *kit.Empty
	ct     model.Container
	rows   []*portRow
	hosts  []app.HostName
}

func newPortsView(env Env, tracer app.PortTracer) *portsView {
	v := &portsView{env: env, tracer: tracer, list: kit.VBox(1.5), links: kit.VBox(0.5)}
	v.names = kit.Card(kit.VBox(1, kit.Title("Names"), kit.HintPara("On this computer these lead to the container, whatever its ports are."), v.links))
	v.none = kit.NewEmpty("networks", "No ports", "Publish some when the container is made: docker run -p 8080:80", "", nil)
	v.box = container.NewStack(v.none.Box, container.NewVScroll(kit.Pad(0.25, kit.VBox(1.5, v.names, v.list))))
	return v
}

// show takes in how the ports are.
func (v *portsView) show(s model.State, ct model.Container) {
	v.ct = ct
	rows := model.PortRows(s, ct)
	if !slices.EqualFunc(v.rows, rows, func(a *portRow, b model.PortRow) bool {
		return a.row.Port == b.Port && a.row.Proto == b.Proto && a.row.Where == b.Where
	}) {
		v.rows, v.list.Objects = nil, nil
		for _, r := range rows {
			row := newPortRow(v, r)
			v.rows = append(v.rows, row)
			v.list.Objects = append(v.list.Objects, row.box)
		}
		v.list.Refresh()
	}
	for i, r := range rows {
		v.rows[i].set(r)
	}
	hosts := model.NamesOf(s, ct)
	if !slices.Equal(hosts, v.hosts) {
		v.hosts, v.links.Objects = hosts, nil
		for _, h := range hosts {
			v.links.Objects = append(v.links.Objects, kit.HBox(0, kit.NewLink(h.URL, func() { v.env.OpenURL(h.URL) })))
		}
		v.links.Refresh()
	}
	kit.Visible(v.names, len(hosts) > 0)
	kit.Visible(v.none.Box, len(rows)+len(hosts) == 0)
	kit.Relayout(v.box)
}

// portRow is one port.
type portRow struct {
	view    *portsView
	box     *fyne.Container
	row     model.PortRow
	where   *kit.Link
	badge   *kit.Badge
	traffic *kit.Text
	note    *widget.Label
	noteBox *fyne.Container
	why     *widget.Button
	hops    *fyne.Container
}

func newPortRow(v *portsView, r model.PortRow) *portRow {
	p := &portRow{view: v, where: kit.NewLink("", nil), badge: kit.NewBadge(), traffic: kit.Hint(""), note: kit.NewPara(""), hops: kit.VBox(0.75), row: model.PortRow{Port: r.Port, Proto: r.Proto}}
	p.noteBox = kit.Flush(p.note)
	p.why = kit.Button("Does it answer?", "help", p.trace)
	p.hops.Hide()
	head := container.New(kit.Columns{Cols: []kit.Column{{Width: 84}, {Share: 2}, {Width: 84}, {Share: 2, Hide: 640}, {Width: 156}}, Gap: 12},
		kit.NewText(r.Label(), kit.Style{Bold: true, Mono: true}), p.where, kit.HBox(0, p.badge.Box), p.traffic, p.why)
	p.box = kit.Card(kit.VBox(1, head, p.noteBox, p.hops))
	return p
}

func (p *portRow) set(r model.PortRow) {
	p.row = r
	open := func() { p.view.env.OpenURL(r.URL) }
	if r.URL == "" {
		open = func() {
			if r.Copy != "" {
				p.view.env.Copy(r.Copy)
				p.view.env.Notify("Copied", r.Copy)
			}
		}
	}
	p.where.Set(r.Where, open)
	p.badge.Set(r.State, r.Tone)
	p.traffic.SetText(r.Traffic)
	if p.note.Text != r.Note {
		p.note.SetText(r.Note)
	}
	kit.Visible(p.noteBox, r.Note != "")
}

// trace follows the way to the port and shows where it ends.
func (p *portRow) trace() {
	p.why.Disable()
	var t app.Trace
	p.view.env.Go(func(ctx context.Context) (err error) {
		t, err = p.view.tracer.TracePort(ctx, p.view.ct.Name, p.row.Port, p.row.Proto)
		return err
	}, func(err error) {
		p.why.Enable()
		p.hops.Objects = nil
		if err != nil {
			n := kit.NewNotice(p.view.env.Copy)
			report(n, err)
			p.hops.Objects = append(p.hops.Objects, n.Box)
		}
		for _, h := range t.Hops {
			p.hops.Objects = append(p.hops.Objects, hopRow(h))
		}
		p.hops.Show()
		p.hops.Refresh()
		kit.Relayout(p.view.box)
	})
}

func hopRow(h app.Hop) fyne.CanvasObject {
	icon, tone := "help", model.Neutral
	switch h.State {
	case app.HopOK:
		icon, tone = "check", model.Good
	case app.HopProblem:
		icon, tone = "error", model.Bad
	}
	pic := container.NewGridWrap(fyne.NewSize(18, 18), widget.NewIcon(look.IconIn(icon, look.ToneColor(tone))))
	words := kit.VBox(0.25, kit.Flush(kit.NewPara(kit.Capital(h.Message))))
	if h.Hint != "" {
		words.Add(kit.HintPara(h.Hint))
	}
	return container.NewBorder(nil, nil, kit.HBox(0, kit.VBox(0, pic), kit.Gap(10)), nil, words)
}
