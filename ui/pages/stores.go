package pages

import (
	"context"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/widget"

	"github.com/wherry-app/wherry/ui/kit"
	"github.com/wherry-app/wherry/ui/look"
	"github.com/wherry-app/wherry/ui/model"
)

// A VolumeKeeper acts on volumes.
type VolumeKeeper interface {
	CreateVolume(ctx context.Context, name string) error
	RemoveVolume(ctx context.Context, name string) error
	PruneVolumes(ctx context.Context) (int64, error)
	MeasureVolumes(ctx context.Context) error
	InspectVolume(ctx context.Context, name string) (string, error)
}

// A NetworkKeeper acts on networks.
type NetworkKeeper interface {
	CreateNetwork(ctx context.Context, name, subnet string, internal bool) error
	RemoveNetwork(ctx context.Context, id string) error
	InspectNetwork(ctx context.Context, id string) (string, error)
}

// Volumes lists volumes.
type Volumes struct {
	env     Env
	keeper  VolumeKeeper
	copier  VolumeCopier
	content *fyne.Container
	search  *kit.Entry
	list    *objectList[model.VolumeRow]
	notice  *kit.Notice
	create  *widget.Button
	state   model.State
	counted int // volumes at the last measuring
}

// NewVolumes makes the page.
func NewVolumes(env Env, keeper VolumeKeeper, copier VolumeCopier) *Volumes {
	p := &Volumes{env: env, keeper: keeper, copier: copier, notice: kit.NewNotice(env.Copy), counted: -1}
	p.search = searchEntry("Search volumes", func(string) { p.refresh() })
	p.create = kit.Primary("Create…", "plus", p.ask)
	prune := kit.Button("Prune…", "trash", p.prune)
	p.list = newObjectList(env, "volumes", func() objectRow[model.VolumeRow] { return newVolumeRow(p) }, func(r model.VolumeRow) { p.inspect(r) })
	p.content = kit.Pad(3, container.NewBorder(kit.VBox(1.5, toolbar(p.search, p.create, prune), p.notice.Box), nil, nil, nil, kit.PadXY(0, 1.5, p.list.body)))
	return p
}

// Content is the page.
func (p *Volumes) Content() fyne.CanvasObject { return p.content }

// Open searches for a volume.
func (p *Volumes) Open(key string) { p.search.SetText(key) }

// Show takes a state in. Volumes are measured when there are others than before.
func (p *Volumes) Show(s model.State) {
	p.state = s
	p.refresh()
	if n := len(s.Docker.Volumes); s.Docker.Ready && n != p.counted && n > 0 {
		p.counted = n
		p.env.Go(p.keeper.MeasureVolumes, func(error) {}) // sizes stay unknown then, which the list shows
	}
}

func (p *Volumes) refresh() {
	if p.list == nil {
		return
	}
	e := model.EngineOf(p.state)
	p.list.show(model.VolumeRows(p.state.Docker, p.search.Text, p.state.Now), e, p.state.Docker,
		emptyWords{"No volumes yet", "Volumes keep data when containers are removed. Containers make them by name, or create one here.", len(p.state.Docker.Volumes) == 0})
	kit.Able(p.create, e.Running)
}

func (p *Volumes) ask() {
	var taken []string
	for _, v := range p.state.Docker.Volumes {
		taken = append(taken, v.Name)
	}
	p.env.prompt("Create a volume", "Name", "data", "Create", "", func(s string) string { return model.CheckVolumeName(s, taken) }, func(name string) {
		p.env.Go(func(ctx context.Context) error { return p.keeper.CreateVolume(ctx, name) }, func(err error) { report(p.notice, err) })
	})
}

func (p *Volumes) prune() {
	n := 0
	for _, r := range model.VolumeRows(p.state.Docker, "", p.state.Now) {
		if len(r.UsedBy) == 0 {
			n++
		}
	}
	p.env.ask("Prune volumes?", "Removes "+model.Plural(n, "volume")+" that no container uses, with all data in them. This cannot be undone.", "Prune", func() {
		var freed int64
		p.env.Go(func(ctx context.Context) (err error) {
			freed, err = p.keeper.PruneVolumes(ctx)
			return err
		}, func(err error) {
			if err != nil {
				report(p.notice, err)
				return
			}
			p.notice.Tell(model.Good, model.Size(freed)+" became free.", "")
		})
	})
}

func (p *Volumes) inspect(r model.VolumeRow) {
	var text string
	p.env.Go(func(ctx context.Context) (err error) {
		text, err = p.keeper.InspectVolume(ctx, r.Name)
		return err
	}, func(err error) {
		if err != nil {
			report(p.notice, err)
			return
		}
		p.env.big(r.Name, jsonView(p.env, text))
	})
}

func (p *Volumes) remove(r model.VolumeRow) {
	p.env.ask("Remove “"+model.Shorten(r.Name, 48)+"”?", "All data in it ("+r.Size+") is lost. This cannot be undone.", "Remove", func() {
		p.env.Go(func(ctx context.Context) error { return p.keeper.RemoveVolume(ctx, r.Name) }, func(err error) {
			p.notice.Box.Hide()
			report(p.notice, err)
		})
	})
}

type volumeRow struct {
	box                         fyne.CanvasObject
	row                         model.VolumeRow
	name, used, age, size, kind *kit.Text
	more                        *widget.Button
}

func newVolumeRow(p *Volumes) *volumeRow {
	r := &volumeRow{name: kit.NewText("", kit.Style{Bold: true, Middle: true}), used: kit.Hint(""), age: kit.Hint(""), kind: kit.Hint("")}
	r.size = kit.NewText("", kit.Style{Align: fyne.TextAlignTrailing, Size: look.TextSmall})
	r.more = kit.Quiet("", "more", func() { p.menu(r.more, r.row) })
	r.box = container.New(kit.Columns{Cols: []kit.Column{{Share: 3}, {Share: 2}, {Width: 110, Hide: 640}, {Width: 84}, {Width: 36}}, Gap: 12}, kit.VBox(0.25, r.name, r.kind), r.used, r.age, r.size, r.more)
	return r
}

func (r *volumeRow) object() fyne.CanvasObject { return r.box }

func (r *volumeRow) set(row model.VolumeRow) {
	r.row = row
	r.name.SetText(row.Name)
	r.kind.SetText(row.Driver)
	r.age.SetText(row.Age)
	r.size.SetText(row.Size)
	r.used.SetText("not in use")
	if len(row.UsedBy) > 0 {
		r.used.SetText("used by " + strings.Join(row.UsedBy, ", "))
	}
}

// Networks lists networks.
type Networks struct {
	env     Env
	keeper  NetworkKeeper
	content *fyne.Container
	search  *kit.Entry
	list    *objectList[model.NetworkRow]
	notice  *kit.Notice
	create  *widget.Button
	state   model.State
}

// NewNetworks makes the page.
func NewNetworks(env Env, keeper NetworkKeeper) *Networks {
	p := &Networks{env: env, keeper: keeper, notice: kit.NewNotice(env.Copy)}
	p.search = searchEntry("Search networks", func(string) { p.refresh() })
	p.create = kit.Primary("Create…", "plus", p.ask)
	p.list = newObjectList(env, "networks", func() objectRow[model.NetworkRow] { return newNetworkRow(p) }, func(r model.NetworkRow) { p.inspect(r) })
	p.content = kit.Pad(3, container.NewBorder(kit.VBox(1.5, toolbar(p.search, p.create), p.notice.Box), nil, nil, nil, kit.PadXY(0, 1.5, p.list.body)))
	return p
}

// Content is the page.
func (p *Networks) Content() fyne.CanvasObject { return p.content }

// Open searches for a network.
func (p *Networks) Open(key string) { p.search.SetText(key) }

// Show takes a state in.
func (p *Networks) Show(s model.State) {
	p.state = s
	p.refresh()
}

func (p *Networks) refresh() {
	if p.list == nil {
		return
	}
	e := model.EngineOf(p.state)
	p.list.show(model.NetworkRows(p.state.Docker, p.search.Text), e, p.state.Docker, emptyWords{"No networks", "Docker makes three of its own when it starts.", len(p.state.Docker.Networks) == 0})
	kit.Able(p.create, e.Running)
}

func (p *Networks) ask() {
	var taken []string
	for _, n := range p.state.Docker.Networks {
		taken = append(taken, n.Name)
	}
	name, subnet := widget.NewEntry(), widget.NewEntry()
	name.SetPlaceHolder("backend")
	subnet.SetPlaceHolder("chosen by docker")
	internal := widget.NewCheck("Internal: containers on it cannot reach the outside", nil)
	nameField, subnetField := kit.NewField("Name", " ", name), kit.NewField("Subnet", "for example 172.30.0.0/16", subnet)
	ok := kit.Primary("Create", "", nil)
	check := func(string) {
		a, b := model.CheckVolumeName(name.Text, taken), model.CheckSubnet(subnet.Text)
		if name.Text != "" {
			nameField.SetError(a)
		}
		subnetField.SetError(b)
		kit.Able(ok, a == "" && b == "")
	}
	name.OnChanged, subnet.OnChanged = check, check
	check("")
	d := dialog.NewCustomWithoutButtons("Create a network", kit.MinWidth(420, kit.VBox(1, nameField.Box, subnetField.Box, internal)), p.env.Window)
	ok.OnTapped = func() {
		d.Hide()
		n, s, in := name.Text, subnet.Text, internal.Checked
		p.env.Go(func(ctx context.Context) error { return p.keeper.CreateNetwork(ctx, n, s, in) }, func(err error) { report(p.notice, err) })
	}
	d.SetButtons([]fyne.CanvasObject{widget.NewButton("Cancel", func() { d.Hide() }), ok})
	d.Show()
	p.env.Window.Canvas().Focus(name)
}

func (p *Networks) inspect(r model.NetworkRow) {
	var text string
	p.env.Go(func(ctx context.Context) (err error) {
		text, err = p.keeper.InspectNetwork(ctx, r.ID)
		return err
	}, func(err error) {
		if err != nil {
			report(p.notice, err)
			return
		}
		p.env.big(r.Name, jsonView(p.env, text))
	})
}

func (p *Networks) remove(r model.NetworkRow) {
	p.env.ask("Remove “"+model.Shorten(r.Name, 48)+"”?", "No container is connected to it.", "Remove", func() {
		p.env.Go(func(ctx context.Context) error { return p.keeper.RemoveNetwork(ctx, r.ID) }, func(err error) {
			p.notice.Box.Hide()
			report(p.notice, err)
		})
	})
}

type networkRow struct {
	box                       fyne.CanvasObject
	row                       model.NetworkRow
	name, used, subnet, kinds *kit.Text
	rm                        *widget.Button
}

func newNetworkRow(p *Networks) *networkRow {
	r := &networkRow{name: kit.NewText("", kit.Style{Bold: true, Middle: true}), used: kit.Hint(""), subnet: kit.NewText("", kit.Style{Mono: true, Size: look.TextSmall}), kinds: kit.Hint("")}
	r.rm = kit.Quiet("", "trash", func() { p.remove(r.row) })
	r.box = container.New(kit.Columns{Cols: []kit.Column{{Share: 3}, {Width: 150}, {Share: 3}, {Width: 36}}, Gap: 12}, kit.VBox(0.25, r.name, r.kinds), r.subnet, r.used, r.rm)
	return r
}

func (r *networkRow) object() fyne.CanvasObject { return r.box }

func (r *networkRow) set(row model.NetworkRow) {
	r.row = row
	r.name.SetText(row.Name)
	kind := row.Driver
	if row.Note != "" {
		kind += ", " + row.Note
	}
	r.kinds.SetText(kind)
	r.subnet.SetText(row.Subnet)
	r.used.SetText("no containers")
	if len(row.Containers) > 0 {
		r.used.SetText(strings.Join(row.Containers, ", "))
	}
	kit.Able(r.rm, row.Removable)
}
