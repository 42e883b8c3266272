package pages

import (
	"context"
	"io"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/widget"

	"github.com/wherry-app/wherry/ui/dock"
	"github.com/wherry-app/wherry/ui/kit"
	"github.com/wherry-app/wherry/ui/look"
	"github.com/wherry-app/wherry/ui/model"
)

// An ImageKeeper acts on images.
type ImageKeeper interface {
	Pull(ctx context.Context, ref string, report func(model.Progress)) error
	Push(ctx context.Context, ref string, report func(model.Progress)) error
	Load(ctx context.Context, tar io.Reader, report func(model.Progress)) error
	Save(ctx context.Context, refs []string, tar io.Writer) error
	Tag(ctx context.Context, ref, name string) error
	RemoveImage(ctx context.Context, ref string, force bool) error
	PruneImages(ctx context.Context, all bool) (int64, error)
	History(ctx context.Context, ref string) ([]dock.HistoryItem, error)
	InspectImage(ctx context.Context, ref string) (string, error)
}

// Images lists images.
type Images struct {
	env     Env
	keeper  ImageKeeper
	run     func(image string)
	content *fyne.Container

	search, pullRef *kit.Entry
	pull            *widget.Button
	list            *objectList[model.ImageRow]
	notice          *kit.Notice
	note            *kit.Text
	moves           *fyne.Container
	state           model.State
	prune           *widget.Button
}

// NewImages makes the page. run opens the run dialog with an image.
func NewImages(env Env, keeper ImageKeeper, run func(image string)) *Images {
	p := &Images{env: env, keeper: keeper, run: run, notice: kit.NewNotice(env.Copy), note: kit.Hint(""), moves: kit.VBox(1)}
	p.search = searchEntry("Search images", func(string) { p.refresh() })
	p.pullRef = searchEntry("Image to pull, for example nginx:alpine", nil)
	p.pullRef.OnSubmitted = func(string) { p.startPull() }
	p.pull = kit.Primary("Pull", "download", p.startPull)
	load := kit.Button("Load…", "upload", p.load)
	p.prune = kit.Button("Prune…", "trash", p.askPrune)
	p.list = newObjectList(env, "images", func() objectRow[model.ImageRow] { return newImageRow(p) }, func(r model.ImageRow) { p.history(r) })
	left := kit.MaxWidth(300, p.search)
	right := container.NewBorder(nil, nil, nil, kit.HBox(1, p.pull, load, p.prune), p.pullRef)
	bar := container.New(kit.Columns{Cols: []kit.Column{{Share: 1}, {Share: 2.2}}, Gap: 16}, left, right)
	head := kit.VBox(1.5, bar, p.notice.Box, p.moves)
	p.content = kit.Pad(3, container.NewBorder(head, kit.PadXY(0, 1, p.note), nil, nil, kit.PadXY(0, 1.5, p.list.body)))
	return p
}

// Content is the page.
func (p *Images) Content() fyne.CanvasObject { return p.content }

// Open with "pull" puts the keyboard into the pull field; with a tag searches for it.
func (p *Images) Open(key string) {
	switch key {
	case "":
	case "pull":
		p.env.Window.Canvas().Focus(p.pullRef)
	default:
		p.search.SetText(key)
	}
}

// Show takes a state in.
func (p *Images) Show(s model.State) {
	p.state = s
	p.refresh()
}

func (p *Images) refresh() {
	if p.list == nil {
		return
	}
	e := model.EngineOf(p.state)
	rows := model.ImageRows(p.state.Docker, p.search.Text, p.state.Now)
	p.list.show(rows, e, p.state.Docker, emptyWords{"No images yet", "Pull one by its name above, or load a file that “docker save” wrote.", len(p.state.Docker.Images) == 0})
	total := int64(0)
	for _, im := range p.state.Docker.Images {
		total += im.Size
	}
	p.note.SetText("")
	if n := len(p.state.Docker.Images); n > 0 {
		p.note.SetText(model.Plural(n, "image") + ", " + model.Size(total) + " in all (shared layers counted each time)")
	}
	kit.Able(p.pull, e.Running)
	kit.Able(p.prune, e.Running)
}

func (p *Images) startPull() {
	ref := strings.TrimSpace(p.pullRef.Text)
	if msg := model.CheckRef(ref); msg != "" {
		p.notice.Tell(model.Warn, msg, "")
		return
	}
	p.notice.Box.Hide()
	p.pullRef.SetText("")
	p.transfer("Pulling "+ref, func(ctx context.Context, rep func(model.Progress)) error { return p.keeper.Pull(ctx, ref, rep) }, nil)
}

// transfer runs something that reports per layer and shows it until it ends.
func (p *Images) transfer(title string, work func(context.Context, func(model.Progress)) error, then func()) {
	var t *transferView
	t = newTransferView(p.env, title, work, func(err error) {
		p.moves.Remove(t.card)
		p.content.Refresh()
		if err != nil {
			report(p.notice, err)
			return
		}
		p.env.Notify(title, "Done.")
		if then != nil {
			then()
		}
	})
	p.moves.Add(t.card)
	p.content.Refresh()
}

func (p *Images) load() {
	d := dialog.NewFileOpen(func(r fyne.URIReadCloser, err error) {
		if err != nil || r == nil {
			report(p.notice, err)
			return
		}
		p.transfer("Loading "+r.URI().Name(), func(ctx context.Context, rep func(model.Progress)) error {
			defer r.Close()
			return p.keeper.Load(ctx, r, rep)
		}, nil)
	}, p.env.Window)
	d.SetFilter(storage.NewExtensionFileFilter([]string{".tar", ".tgz", ".gz", ".zst"}))
	d.Show()
}

func (p *Images) save(r model.ImageRow) {
	d := dialog.NewFileSave(func(w fyne.URIWriteCloser, err error) {
		if err != nil || w == nil {
			report(p.notice, err)
			return
		}
		p.transfer("Saving "+r.Name+":"+r.Tag, func(ctx context.Context, rep func(model.Progress)) error {
			rep(model.Progress{Status: "Writing " + w.URI().Name()})
			if err := p.keeper.Save(ctx, []string{r.Ref}, w); err != nil {
				w.Close()
				return err
			}
			return w.Close()
		}, nil)
	}, p.env.Window)
	d.SetFileName(strings.NewReplacer("/", "_", ":", "_").Replace(r.Name+"_"+r.Tag) + ".tar")
	d.Show()
}

func (p *Images) askPrune() {
	n, bytes := model.Unused(p.state.Docker, false)
	m, more := model.Unused(p.state.Docker, true)
	all := widget.NewCheck("Also those with a name that no container uses ("+model.Plural(m, "image")+", up to "+model.Size(more)+")", nil)
	text := kit.NewPara("Removes " + model.Plural(n, "image") + " without a name or container and frees up to " + model.Size(bytes) + ".")
	d := dialog.NewCustomConfirm("Prune images?", "Prune", "Cancel", kit.MinWidth(460, kit.VBox(1, text, all)), func(ok bool) {
		if !ok {
			return
		}
		var freed int64
		everything := all.Checked
		p.env.Go(func(ctx context.Context) (err error) {
			freed, err = p.keeper.PruneImages(ctx, everything)
			return err
		}, func(err error) {
			if err != nil {
				report(p.notice, err)
				return
			}
			p.notice.Tell(model.Good, model.Size(freed)+" became free.", "")
		})
	}, p.env.Window)
	d.SetConfirmImportance(widget.DangerImportance)
	d.Show()
}

func (p *Images) remove(r model.ImageRow) {
	text := "It can be pulled again while its registry has it."
	if len(r.UsedBy) > 0 {
		text = "Used by " + strings.Join(r.UsedBy, ", ") + ". Docker refuses while a container needs it."
	}
	p.env.ask("Remove “"+model.Shorten(r.Name+":"+r.Tag, 48)+"”?", text, "Remove", func() {
		p.env.Go(func(ctx context.Context) error { return p.keeper.RemoveImage(ctx, r.Ref, false) }, func(err error) {
			p.notice.Box.Hide()
			report(p.notice, err)
		})
	})
}

func (p *Images) tag(r model.ImageRow) {
	p.env.prompt("Tag “"+model.Shorten(r.Name+":"+r.Tag, 48)+"”", "New name", "registry/name:tag", "Tag", "", model.CheckRef, func(name string) {
		p.env.Go(func(ctx context.Context) error { return p.keeper.Tag(ctx, r.Ref, name) }, func(err error) { report(p.notice, err) })
	})
}

func (p *Images) history(r model.ImageRow) {
	var items []dock.HistoryItem
	p.env.Go(func(ctx context.Context) (err error) {
		items, err = p.keeper.History(ctx, r.Ref)
		return err
	}, func(err error) {
		if err != nil {
			report(p.notice, err)
			return
		}
		var rows [][]string
		for _, h := range items {
			by := strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(h.By, "/bin/sh -c"), " #(nop)"))
			rows = append(rows, []string{model.Size(h.Size), model.Age(h.Created, p.state.Now), by})
		}
		p.env.big(r.Name+":"+r.Tag+"  ·  "+r.Size, table(p.env, []string{"Size", "Made", "By"}, []float32{1, 1.3, 6}, rows, "The image tells nothing about its layers."))
	})
}

func (p *Images) inspect(r model.ImageRow) {
	var text string
	p.env.Go(func(ctx context.Context) (err error) {
		text, err = p.keeper.InspectImage(ctx, r.Ref)
		return err
	}, func(err error) {
		if err != nil {
			report(p.notice, err)
			return
		}
		p.env.big(r.Name+":"+r.Tag, jsonView(p.env, text))
	})
}

// imageRow is one line of the list.
type imageRow struct {
	page                 *Images
	row                  model.ImageRow
	box                  fyne.CanvasObject
	name, tag, age, size *kit.Text
	used                 *kit.Text
	run, more            *widget.Button
}

func newImageRow(p *Images) *imageRow {
	r := &imageRow{page: p, name: kit.NewText("", kit.Style{Bold: true, Middle: true}), tag: kit.Hint(""), age: kit.Hint(""), used: kit.Hint("")}
	r.size = kit.NewText("", kit.Style{Align: fyne.TextAlignTrailing, Size: look.TextSmall})
	r.run = kit.Quiet("Run…", "play", func() { p.run(r.row.Ref) })
	r.more = kit.Quiet("", "more", r.menu)
	r.box = container.New(kit.Columns{Cols: []kit.Column{{Share: 3}, {Share: 2, Hide: 640}, {Width: 110, Hide: 760}, {Width: 84}, {Width: 84}, {Width: 36}}, Gap: 12},
		kit.VBox(0.25, r.name, r.tag), r.used, r.age, r.size, r.run, r.more)
	return r
}

func (r *imageRow) object() fyne.CanvasObject { return r.box }

func (r *imageRow) set(row model.ImageRow) {
	r.row = row
	r.name.SetText(row.Name)
	r.tag.SetText(row.Tag)
	r.age.SetText(row.Age)
	r.size.SetText(row.Size)
	r.used.SetText("not in use")
	if len(row.UsedBy) > 0 {
		r.used.SetText("used by " + strings.Join(row.UsedBy, ", "))
	}
}

func (r *imageRow) menu() {
	p, row := r.page, r.row
	p.env.menu(r.more,
		item("Run…", true, func() { p.run(row.Ref) }), item("Layers", true, func() { p.history(row) }), item("Inspect", true, func() { p.inspect(row) }),
		item("Tag…", true, func() { p.tag(row) }), item("Push", !row.Dangling, func() {
			p.transfer("Pushing "+row.Ref, func(ctx context.Context, rep func(model.Progress)) error { return p.keeper.Push(ctx, row.Ref, rep) }, nil)
		}),
		item("Save…", true, func() { p.save(row) }), item("Copy name", true, func() { p.env.Copy(row.Ref) }),
		fyne.NewMenuItemSeparator(), item("Remove…", true, func() { p.remove(row) }))
}
