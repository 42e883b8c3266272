package pages

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"github.com/wherry-app/wherry/app"
	"github.com/wherry-app/wherry/ui/kit"
	"github.com/wherry-app/wherry/ui/look"
	"github.com/wherry-app/wherry/ui/model"
)

// A ContainerKeeper acts on containers.
type ContainerKeeper interface {
	Start(ctx context.Context, id string) error
	Stop(ctx context.Context, id string) error
	Restart(ctx context.Context, id string) error
	Pause(ctx context.Context, id string) error
	Unpause(ctx context.Context, id string) error
	Kill(ctx context.Context, id string) error
	Remove(ctx context.Context, id string, volumes bool) error
	Rename(ctx context.Context, id, name string) error
}

// Containers lists containers and shows one of them in detail.
type Containers struct {
	env    Env
	keeper ContainerKeeper
	inside Inside
	tracer app.PortTracer
	run    func(image string)

	content *fyne.Container
	list    *widget.List
	main    *fyne.Container
	search  *kit.Entry
	filter  *widget.Select
	sort    *widget.Select
	count   *kit.Text
	fresh   *widget.Button
	bulk    *bulkBar
	notice  *kit.Notice
	empty   *kit.Empty
	body    *fyne.Container
	detail  *detail

	state  model.State
	engine model.Engine
	query  model.Query
	rows   []model.Row
	// busy are the IDs of containers that something is being done to.
	busy map[string]string
}

// rowHeight is fixed, so that what is visible can be computed.
const rowHeight = 56

var sortNames = []struct {
	label string
	by    model.SortBy
}{{"Sort by name", model.ByName}, {"Sort by state", model.ByState}, {"Sort by CPU", model.ByCPU}, {"Sort by memory", model.ByMemory}, {"Newest first", model.ByCreated}}

// NewContainers makes the page. run opens the run dialog.
func NewContainers(env Env, keeper ContainerKeeper, inside Inside, tracer app.PortTracer, run func(image string)) *Containers {
	c := &Containers{
		env: env, keeper: keeper, inside: inside, tracer: tracer, run: run, busy: map[string]string{},
		query: model.Query{Filter: model.FilterAll, Sort: model.ByName, Collapsed: map[string]bool{}, Selected: map[string]bool{}},
	}
	c.search = searchEntry("Search by name, image, port or state", func(s string) { c.query.Text = s; c.refresh() })
	c.filter = widget.NewSelect([]string{string(model.FilterAll), string(model.FilterRunning), string(model.FilterStopped)}, func(s string) {
		c.query.Filter = model.Filter(s)
		c.refresh()
	})
	var names []string
	for _, n := range sortNames {
		names = append(names, n.label)
	}
	c.sort = widget.NewSelect(names, func(string) {
		c.query.Sort = sortNames[c.sort.SelectedIndex()].by
		c.refresh()
	})
	c.count = kit.Hint("")
	c.notice = kit.NewNotice(env.Copy)
	c.bulk = newBulkBar(c)
	c.list = widget.NewList(func() int { return len(c.rows) }, func() fyne.CanvasObject { return newContainerRow(c) }, func(i widget.ListItemID, o fyne.CanvasObject) {
		if i < len(c.rows) {
			o.(*containerRow).set(c.rows[i], c.busy[c.rows[i].ID])
		}
	})
	c.list.OnSelected = func(i widget.ListItemID) {
		c.list.UnselectAll()
		c.tapped(i)
	}
	c.empty = kit.NewEmpty("containers", "", "", "", nil)
	c.body = container.NewStack(kit.Panel(c.list), c.empty.Box)
	c.fresh = kit.Primary("Run…", "", func() { run("") })
	bar := container.NewBorder(nil, nil, nil, kit.HBox(1, kit.MinWidth(110, kit.Outline(c.filter)), kit.MinWidth(160, kit.Outline(c.sort)), c.fresh), kit.MaxWidth(460, c.search))
	head := kit.VBox(1.5, bar, c.notice.Box, c.bulk.box)
	c.main = kit.Pad(3, container.NewBorder(head, kit.PadXY(0, 1, c.count), nil, nil, kit.PadXY(0, 1.5, c.body)))
	c.content = container.NewStack(c.main)
	c.filter.SetSelectedIndex(0)
	c.sort.SetSelectedIndex(0)
	return c
}

// Content is the page.
func (c *Containers) Content() fyne.CanvasObject { return c.content }

// Show takes a state in.
func (c *Containers) Show(s model.State) {
	c.state, c.engine = s, model.EngineOf(s)
	if c.detail != nil {
		c.detail.show(s)
		return
	}
	c.refresh()
}

// Open shows the container with that ID; with "" the list.
func (c *Containers) Open(key string) {
	if key == "" {
		c.closeDetail()
		return
	}
	for _, ct := range c.state.Docker.Containers {
		if ct.ID == key {
			c.openDetail(ct)
		}
	}
}

// Focus puts the keyboard into the search field.
func (c *Containers) Focus() { c.env.Window.Canvas().Focus(c.search) }

func (c *Containers) refresh() {
	if c.list == nil || c.detail != nil {
		return
	}
	known := map[string]bool{}
	for _, ct := range c.state.Docker.Containers {
		known[ct.ID] = true
	}
	maps.DeleteFunc(c.query.Selected, func(id string, _ bool) bool { return !known[id] })
	rows := model.Rows(c.state.Docker, c.query, c.state.Now)
	changed := !slices.EqualFunc(rows, c.rows, sameRow)
	c.rows = rows
	if changed {
		c.list.Refresh()
	}
	c.bulk.show()
	c.showEmpty()
	kit.Able(c.fresh, c.engine.Running)
	c.count.SetText(c.summary())
}

func sameRow(a, b model.Row) bool {
	ports := slices.Equal(a.Ports, b.Ports)
	a.Ports, b.Ports = nil, nil
	type flat struct {
		head, collapsed, selected, indented                           bool
		project, summary, id, name, image, state, uptime, cpu, memory string
		tone                                                          model.Tone
		can                                                           model.Actions
	}
	f := func(r model.Row) flat {
		return flat{r.Head, r.Collapsed, r.Selected, r.Indented, r.Project, r.Summary, r.ID, r.Name, r.Image, r.State, r.Uptime, r.CPU, r.Memory, r.Tone, r.Can}
	}
	return ports && f(a) == f(b)
}

func (c *Containers) summary() string {
	running := 0
	for _, ct := range c.state.Docker.Containers {
		if ct.State == "running" {
			running++
		}
	}
	n := len(c.state.Docker.Containers)
	if n == 0 {
		return ""
	}
	return model.Plural(n, "container") + ", " + strconv.Itoa(running) + " running"
}

func (c *Containers) showEmpty() {
	kit.Visible(c.empty.Box, len(c.rows) == 0)
	kit.Visible(c.body.Objects[0], len(c.rows) > 0)
	switch {
	case len(c.rows) > 0:
	case c.engine.Busy && !c.engine.Running:
		c.empty.Set("The engine is "+lower(c.engine.Label), "Containers appear here as soon as docker answers.", "", nil)
	case !c.engine.Running:
		c.empty.Set("The engine is not running", "Start it to see and run containers.", "Start the engine", func() { c.env.Engine(model.ActStart) })
	case !c.state.Docker.Ready:
		c.empty.Set("Reading containers…", "", "", nil)
		if e := c.state.Docker.Err; e != nil {
			c.empty.Set("Docker does not answer", e.Message+"\n"+e.Hint, "", nil)
		}
	case len(c.state.Docker.Containers) == 0:
		c.empty.Set("No containers yet", "Run one from an image, or use the docker command in a terminal.", "Run a container", func() { c.run("") })
	default:
		c.empty.Set("Nothing matches", "No container fits the search and the filter.", "Show all", func() {
			c.search.SetText("")
			c.filter.SetSelectedIndex(0)
		})
	}
}

func (c *Containers) tapped(i int) {
	if i >= len(c.rows) {
		return
	}
	r := c.rows[i]
	if r.Head {
		c.query.Collapsed[r.Project] = !c.query.Collapsed[r.Project]
		c.refresh()
		return
	}
	c.Open(r.ID)
}

func (c *Containers) openDetail(ct model.Container) {
	c.closeDetail()
	c.detail = newDetail(c, ct)
	c.detail.show(c.state)
	c.content.Objects = []fyne.CanvasObject{c.detail.content}
	c.content.Refresh()
}

func (c *Containers) closeDetail() {
	if c.detail == nil {
		return
	}
	c.detail.close()
	c.detail = nil
	c.content.Objects = []fyne.CanvasObject{c.main}
	c.refresh()
	c.content.Refresh()
}

// of picks a project's containers, or the selected ones.
func (c *Containers) of(project string) []model.Container {
	var out []model.Container
	for _, ct := range c.state.Docker.Containers {
		if project != "" && ct.Project == project || project == "" && c.query.Selected[ct.ID] {
			out = append(out, ct)
		}
	}
	return out
}

// each does something to containers one after another and shows what failed. word says what is going on meanwhile.
func (c *Containers) each(cs []model.Container, word string, can func(model.Actions) bool, f func(context.Context, string) error) {
	var ids []string
	for _, ct := range cs {
		if can(model.ActionsOf(ct)) && c.busy[ct.ID] == "" {
			ids = append(ids, ct.ID)
			c.busy[ct.ID] = word
		}
	}
	if len(ids) == 0 {
		return
	}
	c.list.Refresh()
	c.showDetail()
	c.env.Go(func(ctx context.Context) error {
		var errs []error
		for _, id := range ids {
			if err := f(ctx, id); err != nil {
				errs = append(errs, err)
			}
		}
		return errors.Join(errs...)
	}, func(err error) {
		for _, id := range ids {
			delete(c.busy, id)
		}
		n := c.notice
		if c.detail != nil {
			n = c.detail.notice
		}
		n.Box.Hide()
		report(n, err)
		c.list.Refresh()
		c.showDetail()
	})
}

func (c *Containers) showDetail() {
	if c.detail != nil {
		c.detail.show(c.state)
	}
}

// act carries out an action by its name.
func (c *Containers) act(name string, cs []model.Container) {
	k := c.keeper
	switch name {
	case "start":
		c.each(cs, "starting", func(a model.Actions) bool { return a.Start }, k.Start)
	case "stop":
		c.each(cs, "stopping", func(a model.Actions) bool { return a.Stop }, k.Stop)
	case "restart":
		c.each(cs, "restarting", func(a model.Actions) bool { return a.Restart }, k.Restart)
	case "pause":
		c.each(cs, "pausing", func(a model.Actions) bool { return a.Pause }, k.Pause)
	case "unpause":
		c.each(cs, "resuming", func(a model.Actions) bool { return a.Unpause }, k.Unpause)
	case "kill":
		c.each(cs, "killing", func(a model.Actions) bool { return a.Kill }, k.Kill)
	case "remove":
		title := "Remove " + model.Plural(len(cs), "container") + "?"
		if len(cs) == 1 {
			title = "Remove “" + model.Shorten(cs[0].Name, 40) + "”?"
		}
		c.env.ask(title, model.Loss(cs), "Remove", func() {
			c.each(cs, "removing", func(a model.Actions) bool { return a.Remove }, func(ctx context.Context, id string) error { return k.Remove(ctx, id, true) })
		})
	}
}

// rename asks for another name.
func (c *Containers) rename(ct model.Container) {
	check := func(s string) string {
		if s == ct.Name {
			return "that is its name already"
		}
		return model.CheckName(s, c.state.Docker.Containers)
	}
	c.env.prompt("Rename “"+model.Shorten(ct.Name, 40)+"”", "Name", "", "Rename", ct.Name, check, func(name string) {
		c.env.Go(func(ctx context.Context) error { return c.keeper.Rename(ctx, ct.ID, name) }, func(err error) {
			c.notice.Box.Hide()
			report(c.notice, err)
		})
	})
}

func (c *Containers) find(id string) []model.Container {
	for _, ct := range c.state.Docker.Containers {
		if ct.ID == id {
			return []model.Container{ct}
		}
	}
	return nil
}

func lower(s string) string {
	r := []rune(s)
	if len(r) > 0 && r[0] >= 'A' && r[0] <= 'Z' {
		r[0] += 'a' - 'A'
	}
	return string(r)
}

// bulkBar acts on the ticked containers.
type bulkBar struct {
	c     *Containers
	box   *fyne.Container
	count *kit.Text
}

func newBulkBar(c *Containers) *bulkBar {
	b := &bulkBar{c: c, count: kit.NewText("", kit.Style{Bold: true, Whole: true})}
	button := func(label, icon, act string) *widget.Button {
		return kit.Quiet(label, icon, func() { c.act(act, c.of("")) })
	}
	row := kit.HBox(0.5, b.count, kit.Spring(), button("Start", "play", "start"), button("Stop", "stop", "stop"), button("Restart", "restart", "restart"), button("Remove", "trash", "remove"),
		kit.Quiet("Clear", "close", func() { clear(c.query.Selected); c.refresh() }))
	b.box = container.NewStack(kit.NewBox(look.Tint, "", 8), kit.PadXY(1.5, 0.25, row))
	b.box.Hide()
	return b
}

func (b *bulkBar) show() {
	n := len(b.c.query.Selected)
	kit.Visible(b.box, n > 0)
	b.count.SetText(model.Plural(n, "container") + " selected")
}
